"""Compare measured lengths with known lengths: numbers, nulls, regression, coverage."""
