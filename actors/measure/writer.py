"""Rows to files. What comes back is a receipt: the driver counts rows that are safely there."""

from __future__ import annotations

import json
from collections import Counter

import pyarrow as pa

from actors.measure.columns import PICTURE
from catalogues import storage
from catalogues.runs.files import CATALOGUE, KEY, PICTURES, file_name, write_rows
from catalogues.runs.lease import FILE as LEASE
from catalogues.runs.lease import check_holder
from catalogues.runs.pictures import SCHEMA
from catalogues.storage import StorageOptions

RECEIPT = pa.schema(
    [pa.field("file", pa.string()), pa.field("rows", pa.int64()), pa.field("statuses", pa.string())]
)
"""One row per file: its name, its rows, and as JSON how many of each status."""


def write_batch(
    batch: pa.Table,
    *,
    output: str,
    options: StorageOptions,
    schema: pa.Schema,
    holder: str | None = None,
) -> pa.Table:
    """Write one of the Measurer's tables below `output`, pictures first: the catalogue file says
    that its rows are done. `schema`: of the catalogue. `holder`: the lease under which to write, so
    that what outlives its session writes no more; None: without. Returns a receipt.

    Raises StorageError, LeaseError if the lease is another's.
    """
    fs, root = storage.filesystem(output, options)
    kept = [picture for picture in batch.column(PICTURE).to_pylist() if picture is not None]
    rows = batch.select(schema.names).cast(schema).sort_by(KEY)
    name = file_name(rows)
    if kept:
        pictures = pa.Table.from_pylist(kept, schema=SCHEMA)
        write_rows(fs, storage.join(root, PICTURES), pictures, name)
    if holder is not None:
        check_holder(fs, storage.join(root, LEASE), holder)
    write_rows(fs, storage.join(root, CATALOGUE), rows, name)
    statuses = json.dumps(Counter(rows.column("status").to_pylist()))
    receipt = {"file": name, "rows": len(rows), "statuses": statuses}
    return pa.Table.from_pylist([receipt], schema=RECEIPT)
