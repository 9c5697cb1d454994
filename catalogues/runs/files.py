"""Write the files of a catalogue. Their names depend on their rows; a file is whole or absent."""

from __future__ import annotations

import hashlib
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from catalogues import storage
from catalogues.storage import FileSystem

CATALOGUE, PICTURES = "catalogue", "pictures"
"""Folders of a run's output."""

KEY = [("shard", "ascending"), ("shard_row", "ascending")]
"""The order of rows in a file."""


def file_name(table: pa.Table) -> str:
    """Return the name of a file with these rows: a digest of their (shard, shard_row) in order."""
    digest = hashlib.blake2b(digest_size=10)
    for shard, row in zip(*(table.column(n).to_pylist() for n, _ in KEY), strict=True):
        digest.update(f"{shard}\0{row}\n".encode())
    return f"{digest.hexdigest()}.parquet"


def write_rows(fs: FileSystem, folder: str, table: pa.Table, name: str | None = None) -> str:
    """Write a table with the columns shard and shard_row as one file of `folder`, sorted by them.

    The same rows give the same name (unless `name` is given), and the same values give the same
    bytes. Returns the name. Raises StorageError.
    """
    table = table.sort_by(KEY)
    name = name or file_name(table)

    def write(file: BinaryIO) -> None:
        pq.write_table(table, file, compression="zstd")

    storage.write_whole(fs, storage.join(folder, name), write)
    return name
