"""List and read image shards: Parquet files of about a thousand galaxies, readable in parts.

Further columns of an input can pass through into its catalogue.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from catalogues import storage
from catalogues.columns import one_array, replaced
from catalogues.manifest import ID_PARTS, IMAGE_TYPE, REQUIRED, require, resolve
from catalogues.shards.rows import manifest_rows
from catalogues.storage import FileSystem, StorageError, StorageOptions

ROW = "shard_row"
"""Column of `read_shard`: the row's number in the shard, counted from 0."""

_FOOTER_THREADS = 16


@dataclass(frozen=True, kw_only=True)
class Shard:
    """An existing shard.

    Attributes
    ----------
    name : path relative to the input's root.
    path : path on its filesystem.
    rows : number of rows.
    size_bytes : size of the file.
    version : from catalogues.storage.files.list_versions, empty if it does not matter.
    """

    name: str
    path: str
    rows: int
    size_bytes: int
    version: str = ""


def list_shards(
    url: str, options: StorageOptions | None = None, chosen: Mapping[str, str] | None = None
) -> tuple[Shard, ...]:
    """List every Parquet file below `url` (or the file `url`) with its row count, sorted by name.

    Only footers are read, several at once. `chosen`: {manifest column: table column}, as in
    catalogues.manifest.resolve. Raises StorageError if there are no shards or one cannot be read,
    and ValueError if a shard has no object_id or no image.
    """
    fs, _ = storage.filesystem(url, options)

    def look(item: tuple[str, str, int, str]) -> Shard:
        name, path, size, version = item
        with _opened(fs, path) as parquet:
            names = parquet.schema_arrow.names
            rows = parquet.metadata.num_rows
        try:
            require(resolve(names, chosen), names, REQUIRED)
        except ValueError as error:
            raise ValueError(f"shard {path!r}: {error}") from error
        return Shard(name=name, path=path, rows=rows, size_bytes=size, version=version)

    files = shard_files(url, options)
    with ThreadPoolExecutor(_FOOTER_THREADS) as pool:
        return tuple(pool.map(look, files))


def shard_files(url: str, options: StorageOptions | None = None) -> list[tuple[str, str, int, str]]:
    """List (name, path, bytes, version) of every shard, sorted, without opening any file.

    Raises StorageError.
    """
    fs, root = storage.filesystem(url, options)
    files = storage.list_versions(fs, root, (".parquet",))
    if not files:
        raise StorageError(
            f"{storage.redact(url)!r} holds no .parquet files: give a folder of image shards, as "
            "`ansae ingest` writes them"
        )
    base = os.path.dirname(root) if files == [(root, *files[0][1:])] else root
    first = len(base.rstrip("/")) + 1
    return [(path[first:], path, size, version) for path, size, version in files]


def shard_columns(url: str, options: StorageOptions | None = None) -> list[str]:
    """Return the column names of the first shard. Raises StorageError."""
    fs, _ = storage.filesystem(url, options)
    return list(shard_fields(fs, shard_files(url, options)[0][1]).names)


def shard_fields(fs: FileSystem, path: str) -> pa.Schema:
    """Return the columns of a shard as they are stored. Raises StorageError."""
    with _opened(fs, path) as parquet:
        return parquet.schema_arrow


@contextmanager
def _opened(fs: FileSystem, path: str) -> Iterator[pq.ParquetFile]:
    with storage.open_random(fs, path) as file, storage.explained("read", path):
        try:
            yield pq.ParquetFile(file)
        except pa.ArrowException as error:
            raise StorageError(
                f"{storage.redact(path)!r} is not a readable Parquet file: {error}; write it again"
            ) from error


def read_shard(
    fs: FileSystem,
    path: str,
    *,
    skip_rows: Collection[int] | NDArray[np.bool_] | None = None,
    columns: Collection[str] | None = None,
    extra: Collection[str] = (),
    chosen: Mapping[str, str] | None = None,
    batch_rows: int = 64,
    hash_ids: bool = False,
) -> Iterator[pa.Table]:
    """Read the rows of a shard in order, in tables as `rows.manifest_rows` makes them, plus ROW.

    An image without bytes is read from its path, which is relative to the shard's folder and never
    outside of it. Raises StorageError and ValueError.

    Parameters
    ----------
    fs, path : file system and path of the shard.
    skip_rows : unwanted rows, as their numbers or as a mask of the shard's length. A row group
        without wanted rows is not read.
    columns : manifest columns to read (other columns are null; object_id is always read), None for
        all.
    extra : further columns, which must exist.
    chosen : as in `list_shards`.
    batch_rows : largest number of rows per table.
    hash_ids : as in `rows.manifest_rows`.
    """
    with _opened(fs, path) as parquet:
        names = parquet.schema_arrow.names
        mapping = resolve(names, chosen)
        require(mapping, names, ("object_id",))
        if columns is not None:
            wanted_names = {*columns, "object_id", *ID_PARTS}
            mapping = {k: v for k, v in mapping.items() if k in wanted_names}
        if absent := [name for name in extra if name not in names]:
            raise ValueError(f"{path!r} has no columns {absent}: it has {', '.join(names)}")
        wanted = _wanted(skip_rows, parquet.metadata.num_rows)
        read = list(dict.fromkeys([*mapping.values(), *extra]))
        for rows, batch in _batches(parquet, wanted, read, batch_rows):
            table = manifest_rows(pa.Table.from_batches([batch]), mapping, extra, hash_ids)
            table = table.append_column(ROW, pa.array(rows, pa.int64()))
            yield _with_files(table, fs, os.path.dirname(path)) if "image" in mapping else table


def _wanted(skip: Collection[int] | NDArray[np.bool_] | None, rows: int) -> NDArray[np.bool_]:
    wanted = np.ones(rows, dtype=bool)
    if skip is None:
        return wanted
    if isinstance(skip, np.ndarray) and skip.dtype == bool:
        if skip.shape != (rows,):
            raise ValueError(
                f"skip_rows has shape {skip.shape}: give one flag for each row, {rows}"
            )
        return ~skip
    numbers = np.fromiter((int(n) for n in skip), dtype=np.int64, count=len(skip))
    if numbers.size and (numbers.min() < 0 or numbers.max() >= rows):
        raise ValueError(
            f"skip_rows goes from {numbers.min()} to {numbers.max()}: the shard's rows are 0 to "
            f"{rows - 1}"
        )
    wanted[numbers] = False
    return wanted


def _batches(
    parquet: pq.ParquetFile, wanted: NDArray[np.bool_], columns: list[str], batch_rows: int
) -> Iterator[tuple[NDArray[np.int64], pa.RecordBatch]]:
    """Iterate over row numbers and rows of the wanted rows; skip row groups without any."""
    counts = [parquet.metadata.row_group(g).num_rows for g in range(parquet.num_row_groups)]
    if min(counts, default=0) < 0 or sum(counts) != len(wanted):
        raise pa.ArrowInvalid(
            f"its footer counts {len(wanted)} rows, its row groups hold {sum(counts)}"
        )
    first = 0
    for group, count in enumerate(counts):
        start, first = first, first + count
        if not wanted[start:first].any():
            continue
        for batch in _counted(parquet, group, count, columns, batch_rows):
            rows = np.arange(start, start + len(batch))
            start += len(batch)
            keep = wanted[rows]
            if keep.all():
                yield rows, batch
            elif keep.any():
                yield rows[keep], batch.filter(pa.array(keep))


def _counted(
    parquet: pq.ParquetFile, group: int, count: int, columns: list[str], batch_rows: int
) -> Iterator[pa.RecordBatch]:
    """Read a row group. Raises ArrowInvalid if it has not as many rows as the footer says."""
    left = count
    for batch in parquet.iter_batches(batch_rows, row_groups=[group], columns=columns):
        left -= len(batch)
        if left < 0:
            break
        yield batch
    if left:
        raise pa.ArrowInvalid(f"row group {group} does not hold the {count} rows it counts")


def _with_files(table: pa.Table, fs: FileSystem, folder: str) -> pa.Table:
    """Read the bytes of images that are only a path, if the path lies within `folder`."""
    image = one_array(table.column("image"))
    data, paths = pc.struct_field(image, "bytes"), pc.struct_field(image, "path")
    if data.null_count == 0 or paths.null_count == len(paths):
        return table
    pairs = list(zip(data.to_pylist(), paths.to_pylist(), strict=True))
    inside = [storage.within(folder, p) if d is None and p else None for d, p in pairs]
    found = iter(storage.read_many(fs, [p for p in inside if p is not None]))
    read = [next(found) if p is not None else d for p, (d, _) in zip(inside, pairs, strict=True)]
    image = pa.StructArray.from_arrays(
        [pa.array(read, pa.binary()), paths], fields=list(IMAGE_TYPE)
    )
    return replaced(table, "image", image)


_THREADS = 16


def extra_fields(
    url: str, shards: Sequence[Shard], names: Sequence[str], options: StorageOptions | None = None
) -> tuple[pa.Field, ...]:
    """Return the fields of the columns `names`, nullable, in order. Only footers are read.

    Raises StorageError, and ValueError if a shard lacks a column or has it with another type.
    """
    if not names:
        return ()
    fs, _ = storage.filesystem(url, options)

    def fields(shard: Shard) -> tuple[pa.Field, ...]:
        with storage.open_random(fs, shard.path) as file:
            schema = pq.ParquetFile(file).schema_arrow
        if absent := [name for name in names if name not in schema.names]:
            raise ValueError(
                f"shard {shard.name!r} has no column {absent[0]!r} to keep: it has "
                f"{', '.join(schema.names)}"
            )
        return tuple(schema.field(name).with_nullable(True) for name in names)

    with ThreadPoolExecutor(_THREADS) as pool:
        found = list(pool.map(fields, shards))
    for shard, mine in zip(shards, found, strict=True):
        for a, b in zip(found[0], mine, strict=True):
            if a.type != b.type:
                raise ValueError(
                    f"column {a.name!r} is {b.type} in shard {shard.name!r} and {a.type} in "
                    f"{shards[0].name!r}: give it one type, or do not keep it"
                )
    return found[0]
