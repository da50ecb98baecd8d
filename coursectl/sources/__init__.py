"""Where rosters come from: exports, and the API of a community."""
