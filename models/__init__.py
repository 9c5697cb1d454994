"""Pure computations from pixels to numbers: no paths, no arcseconds, no Parquet, no ray."""
