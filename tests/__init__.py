"""Tests, a mirror of the rooms; `reference` holds published algorithms written out literally."""
