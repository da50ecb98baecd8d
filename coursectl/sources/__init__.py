"""Where rosters come from: exports, and the API of a community."""

EXPORT_SUFFIXES = (".json", ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz", ".ndjson.gz")
"""How the name of an export ends."""
