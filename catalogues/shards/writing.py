"""Write a stream of rows as image shards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalogues import storage
from catalogues.shards.params import ShardParams
from catalogues.shards.reading import Shard
from catalogues.storage import FileSystem


def shard_name(number: int) -> str:
    """Return the file name of shard `number`, counted from 0."""
    return f"shard-{number:05d}.parquet"


def old_shards(fs: FileSystem, root: str) -> list[str]:
    """List paths below `root` with names as `write_shards` gives them; none without a folder.

    Raises StorageError.
    """
    if not storage.exists(fs, root):
        return []
    files = storage.list_files(fs, root, (".parquet",))
    return [path for path, _ in files if re.search(r"/shard-\d{5,}\.parquet$", path)]


def write_shards(
    tables: Iterable[pa.Table], fs: FileSystem, root: str, params: ShardParams | None = None
) -> Iterator[Shard]:
    """Write rows (columns of catalogues.manifest.SCHEMA first) below `root`; yield each shard.

    A shard is yielded when its file is complete. At most one shard is held in memory. The same rows
    give the same files with the same names. Raises StorageError, and whatever the stream raises.
    """
    params = params or ShardParams()
    for number, table in enumerate(_cut(tables, params)):
        path = storage.join(root, shard_name(number))
        storage.write_whole(fs, path, _writer(table, params))
        yield Shard(
            name=shard_name(number),
            path=path,
            rows=len(table),
            size_bytes=int(_image_bytes(table).sum()),
        )


def _cut(tables: Iterable[pa.Table], params: ShardParams) -> Iterator[pa.Table]:
    held: list[pa.Table] = []
    rows, size = 0, 0
    for table in tables:
        while len(table):
            total = size + np.cumsum(_image_bytes(table))
            fit = min(
                params.rows_max - rows, int(np.searchsorted(total, params.bytes_max, "right"))
            )
            fit = max(fit, 0 if held else 1)  # a single row may exceed the limit
            if taken := min(fit, len(table)):
                held.append(table.slice(0, taken))
                rows, size = rows + taken, int(total[taken - 1])
                table = table.slice(taken)
            if len(table) or rows >= params.rows_max or size >= params.bytes_max:
                yield pa.concat_tables(held)
                held, rows, size = [], 0, 0
    if held:
        yield pa.concat_tables(held)


def _image_bytes(table: pa.Table) -> np.ndarray[Any, np.dtype[np.int64]]:
    column = table.column("image")
    lengths = pc.fill_null(pc.binary_length(pc.struct_field(column, "bytes")), 0)
    return np.asarray(lengths.to_numpy(), dtype=np.int64)


def _writer(table: pa.Table, params: ShardParams) -> Any:
    plain = [name for name in table.schema.names if name != "image"]
    # encoded images do not compress, and their statistics would enlarge the footer
    compression = dict.fromkeys(plain, "zstd") | {"image.bytes": "none", "image.path": "zstd"}

    def write(file: BinaryIO) -> None:
        pq.write_table(
            table,
            file,
            row_group_size=params.row_group_rows,
            compression=compression,
            use_dictionary=False,
            write_statistics=plain,
        )

    return write
