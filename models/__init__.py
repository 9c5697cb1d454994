"""Computations from pixels to numbers. No paths, no arcseconds, no Parquet, no ray."""
