"""The checkpoint of a run: the rows that are done. It is read from the catalogue's own files."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from catalogues import storage
from catalogues.shards.reading import Shard
from catalogues.storage import FileSystem, StorageError

_COLUMNS = ["shard", "shard_row", "status", "run_id"]
_THREADS = 16

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The input rows that have their output row.

    Attributes
    ----------
    done : one flag per row, for each shard with at least one row done.
    statuses : number of rows per status.
    paths : files of the catalogue.
    strays : further files, which hold rows a second time; ignore and remove them.
    """

    done: Mapping[str, Mask] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)
    paths: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()

    @property
    def files(self) -> int:
        """Number of catalogue files."""
        return len(self.paths)

    @property
    def rows(self) -> int:
        """Number of rows done."""
        return self.statuses.total()

    def unfinished(self, shards: Iterable[Shard]) -> tuple[tuple[Shard, Mask | None], ...]:
        """Return the shards with rows left to do and their flags (None: no row is done)."""
        pairs = ((shard, self.done.get(shard.name)) for shard in shards if shard.rows)
        return tuple((s, mask) for s, mask in pairs if mask is None or not mask.all())


def read_checkpoint(
    fs: FileSystem,
    folder: str,
    shards: Sequence[Shard],
    run_id: str,
    before: Checkpoint | None = None,
) -> Checkpoint:
    """Read which rows of `shards` the catalogue files in `folder` hold; empty without a folder.

    `before`: an earlier checkpoint, which is returned if the folder still holds the same files. If
    two files hold the same row, the later one by name is a stray: a process of a killed session can
    live long enough to write one more file, and the numbers in both files are the same. Raises
    StorageError if a file cannot be read, and ValueError if it holds rows of another run, rows of a
    shard that is not in the input, or one row twice.
    """
    paths = _files(fs, folder)
    if before is not None and sorted(paths) == sorted((*before.paths, *before.strays)):
        return before
    rows = {shard.name: shard.rows for shard in shards}
    done: dict[str, Mask] = {}
    statuses: Counter[str] = Counter()
    strays: list[str] = []
    with ThreadPoolExecutor(_THREADS) as pool:
        for path, table in zip(paths, pool.map(lambda p: _read(fs, p), paths), strict=True):
            _check_run(table, run_id, path)
            if _enter(table, rows, done, path):
                statuses.update(table.column("status").to_pylist())
            else:
                strays.append(path)
    kept = tuple(path for path in paths if path not in set(strays))
    return Checkpoint(done=done, statuses=statuses, paths=kept, strays=tuple(strays))


def remove_strays(
    fs: FileSystem, folder: str, beside: str, known: Collection[str]
) -> tuple[str, ...]:
    """Remove files in `folder` and `beside` whose names are not in `known`. Returns their paths.

    `folder` holds a finished catalogue, `beside` files that belong to its files. A process of a
    killed session can write such files too late to be counted. Raises StorageError.
    """
    removed = [path for path in _files(fs, folder) if os.path.basename(path) not in known]
    removed += [path for path in _files(fs, beside) if os.path.basename(path) not in known]
    for path in removed:
        remove(fs, path)
    return tuple(removed)


def remove(fs: FileSystem, path: str) -> None:
    """Remove one file if it exists. Raises StorageError."""
    with storage.explained("remove", path), contextlib.suppress(FileNotFoundError):
        fs.rm_file(path)


def _files(fs: FileSystem, folder: str) -> list[str]:
    if not storage.exists(fs, folder):
        return []
    return [path for path, _ in storage.list_files(fs, folder, (".parquet",))]


def _read(fs: FileSystem, path: str) -> pa.Table:
    with storage.open_random(fs, path) as file, storage.explained("read", path):
        try:
            return pq.ParquetFile(file).read(columns=_COLUMNS)
        except (pa.ArrowInvalid, KeyError) as error:
            raise StorageError(
                f"{storage.redact(path)!r} is not a file of a bar catalogue ({error}): remove it "
                "and run again; its galaxies will be measured again"
            ) from error


def _check_run(table: pa.Table, run_id: str, path: str) -> None:
    others = set(table.column("run_id").unique().to_pylist()) - {run_id}
    if others:
        raise ValueError(
            f"{storage.redact(path)!r} holds rows of run {sorted(map(str, others))[0]!r}, but this "
            f"is run {run_id!r}: choose another output, or remove that file"
        )


def _enter(table: pa.Table, rows: Mapping[str, int], done: dict[str, Mask], path: str) -> bool:
    """Set the flags of one file's rows. Returns False, without changes, if one was set before."""
    shards = table.column("shard").combine_chunks().dictionary_encode()
    numbers = table.column("shard_row").to_numpy()
    codes = shards.indices.to_numpy(zero_copy_only=False)
    mine = {name: numbers[codes == code] for code, name in enumerate(shards.dictionary.to_pylist())}
    for name, held in mine.items():
        if name not in rows or held.min() < 0 or held.max() >= rows[name]:
            raise ValueError(
                f"{storage.redact(path)!r} holds row {held.max()} of shard {name!r}, which is not "
                "in the input: the input has changed; give the input that the run began with, or "
                "choose another output"
            )
        if len(np.unique(held)) < len(held):
            raise ValueError(
                f"{storage.redact(path)!r} holds a row of shard {name!r} twice: remove that file "
                "and run again; its galaxies will be measured again"
            )
    if any(name in done and done[name][held].any() for name, held in mine.items()):
        return False
    for name, held in mine.items():
        done.setdefault(name, np.zeros(rows[name], dtype=bool))[held] = True
    return True
