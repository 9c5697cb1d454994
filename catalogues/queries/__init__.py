"""Query a finished catalogue with DuckDB: summaries and galleries."""
