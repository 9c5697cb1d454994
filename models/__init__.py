"""Verbs: what is computed from pixels. No paths, no arcseconds, no Parquet, no ray."""
