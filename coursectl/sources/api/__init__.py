"""SelfCommunity's API, version 2, over HTTP. The only room that knows requests."""
