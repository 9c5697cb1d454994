"""Measured lengths compared with known ones: numbers, nulls, regression, coverage."""
