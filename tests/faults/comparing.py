"""Catalogues of finished runs, to be compared bit for bit."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catalogues import storage
from catalogues.runs import lease
from catalogues.runs.files import CATALOGUE, KEY, PICTURES


def catalogue(output: str) -> list[str]:
    """The rows in order, as text, since NaN is not equal to itself. Raises AssertionError if
    anything lies beside them that a finished run must not leave."""
    fs, root = storage.filesystem(output)
    paths = [path for path, _ in storage.list_files(fs, storage.join(root, CATALOGUE))]
    table = pa.concat_tables(pq.read_table(path, filesystem=fs) for path in paths).sort_by(KEY)
    folder = storage.join(root, PICTURES)
    pictures = storage.list_files(fs, folder) if storage.exists(fs, folder) else []
    assert {os.path.basename(p) for p, _ in pictures} <= {os.path.basename(p) for p in paths}
    assert not storage.exists(fs, storage.join(root, lease.FILE))
    return [str(row) for row in table.to_pylist()]


def upload(folder: str, url: str) -> None:
    """Copy a folder's files to `url`."""
    fs, root = storage.filesystem(url)
    for path in Path(folder).iterdir():
        storage.write_whole(fs, storage.join(root, path.name), path.read_bytes())
