"""Last stage of `ansae measure`: write catalogue files and return receipts.

The driver counts the rows of the receipts, which are safely stored.
"""

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
"""One row per file: its name, its number of rows, and the number of each status as JSON."""


def write_batch(
    batch: pa.Table,
    *,
    output: str,
    options: StorageOptions,
    schema: pa.Schema,
    holder: str | None = None,
) -> pa.Table:
    """Write one of the Measurer's tables below `output`. Returns a receipt.

    Pictures are written first, because the catalogue file marks its rows as done.

    Parameters
    ----------
    batch
        Table of catalogue rows with the column PICTURE.
    output, options
        Folder of the run, and how to reach it.
    schema
        Schema of the catalogue.
    holder
        Name of the lease's holder. A task that outlives its session has lost the lease and must
        not write. None to write without a lease.

    Raises
    ------
    StorageError
        If the store refuses.
    LeaseError
        If another session holds the lease.
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
