"""How an answer looks. Nothing here filters, counts, fetches or asks what stdout is."""
