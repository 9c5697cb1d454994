"""Queries of a finished catalogue with DuckDB: summaries and galleries."""
