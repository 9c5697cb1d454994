"""Write the numbers of a validation as a Parquet table with one row per number."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from catalogues import storage
from catalogues.columns import column
from catalogues.storage import FileSystem

NUMBERS, PAGE = "validation.parquet", "validation.html"
"""Files of a validation."""

SCHEMA: pa.Schema = pa.schema(
    [
        column("name", pa.string(), "name of the number", null=False),
        column("value", pa.float64(), "its value, null if it is not defined"),
        column("low", pa.float64(), "lower end of its central interval"),
        column("high", pa.float64(), "upper end of its central interval"),
        column("unit", pa.string(), "unit of value, low and high", null=False),
        column("n", pa.int64(), "number of galaxies it is computed from", null=False),
        column("source", pa.string(), "galaxies and lengths it is computed from", null=False),
    ]
)
"""Columns of the table; (name, source) is unique."""


def write_numbers(
    fs: FileSystem, path: str, rows: Iterable[Mapping[str, Any]], facts: Mapping[str, Any]
) -> None:
    """Write rows of SCHEMA (NaN becomes null), with `facts` as JSON in the footer's key `ansae`.

    Raises StorageError.
    """
    clean = [{k: None if v != v else v for k, v in row.items()} for row in rows]
    schema = SCHEMA.with_metadata({"ansae": storage.redact(json.dumps(facts))})
    table = pa.Table.from_pylist(clean, schema=schema)

    def write(file: BinaryIO) -> None:
        pq.write_table(table, file, compression="zstd")

    storage.write_whole(fs, path, write)
