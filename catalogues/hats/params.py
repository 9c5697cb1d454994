"""Formats of a published flat file."""

from __future__ import annotations

from typing import Literal

FlatKind = Literal["parquet", "fits", "csv"]
