"""Ray Data source that reads image shards: one task per unfinished shard, no row read twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from ray.data import Datasource, ReadTask
from ray.data.block import BlockMetadata

from actors.measure.columns import DUPLICATE, SHARD
from actors.measure.crash_guard import begin
from catalogues import storage
from catalogues.shards.ids import later_occurrences
from catalogues.shards.reading import Shard, read_shard
from catalogues.storage import FileSystem, StorageError, StorageOptions

_READING = "reading the shard"

_DEATHS_MAX = 4
"""A shard that has killed its reader this often is not opened again.

The limit is higher than for rows (crash_guard.DEATHS_MAX): a reader waits for the stages after it,
lives longer, and so dies more often together with its machine.
"""

_BATCH_ROWS = 64
_ID_ROWS = 65_536

Mask = NDArray[np.bool_]


def read_rows(
    shard: Shard,
    done: Mask | None,
    url: str,
    options: StorageOptions,
    extra: Sequence[str] = (),
) -> Iterator[pa.Table]:
    """Read the shard's rows that are not `done`, and add the columns SHARD and DUPLICATE.

    Raises StorageError, also if the shard has been replaced since it was listed.
    """
    fs, _ = storage.filesystem(url, options)
    _check_version(fs, shard)
    ids = [
        table.column("object_id").combine_chunks()
        for table in read_shard(fs, shard.path, columns=("object_id",), batch_rows=_ID_ROWS)
    ]
    repeated = later_occurrences(pa.concat_arrays(ids)) if ids else np.zeros(0, dtype=bool)
    for table in read_shard(fs, shard.path, skip_rows=done, extra=extra, batch_rows=_BATCH_ROWS):
        rows = table.column("shard_row").to_numpy()
        table = table.append_column(SHARD, pa.array([shard.name] * len(table), pa.string()))
        yield table.append_column(DUPLICATE, pa.array(repeated[rows]))
    _check_version(fs, shard)


def _check_version(fs: FileSystem, shard: Shard) -> None:
    if shard.version and storage.version(fs, shard.path) != shard.version:
        raise StorageError(
            f"shard {shard.path!r} was replaced during the run: restore the old file and run the "
            "same command again, or choose another output"
        )


class ShardSource(Datasource):  # type: ignore[misc]  # Ray is not typed
    """Ray Data source of the unfinished rows of an input.

    Parameters
    ----------
    work
        Shards, each with the flags of its finished rows (None: no row is finished), from
        catalogues.runs.checkpoint.Checkpoint.unfinished.
    url, options
        Address of the input, and how to reach it.
    extra
        Columns of the input to pass through.
    crash_guard
        Actor of actors.measure.crash_guard.CrashGuard; None to work without one.
    """

    def __init__(
        self,
        work: Sequence[tuple[Shard, Mask | None]],
        url: str,
        options: StorageOptions,
        extra: Sequence[str] = (),
        crash_guard: Any = None,
    ) -> None:
        super().__init__()
        self._crash_guard = crash_guard
        self._work = tuple(work)
        self._url = url
        self._options = options
        self._extra = tuple(extra)

    def get_name(self) -> str:
        """Return the name of the source in Ray's progress and logs."""
        return "Shards"

    def estimate_inmemory_data_size(self) -> int | None:
        """Return the number of bytes still to be read; images stay encoded."""
        return sum(_bytes(shard, done) for shard, done in self._work)

    def get_read_tasks(
        self,
        parallelism: int,
        per_task_row_limit: int | None = None,
        data_context: Any = None,
    ) -> list[ReadTask]:
        """Return one task per unfinished shard, whatever `parallelism` is."""
        return [self._task(shard, done, per_task_row_limit) for shard, done in self._work]

    def _task(self, shard: Shard, done: Mask | None, limit: int | None) -> ReadTask:
        rows = shard.rows - (0 if done is None else int(done.sum()))
        metadata = BlockMetadata(
            num_rows=rows,
            size_bytes=_bytes(shard, done),
            exec_stats=None,
            input_files=[shard.path],
        )
        url, options, extra, crash_guard = self._url, self._options, self._extra, self._crash_guard

        def read_unfinished() -> Iterator[pa.Table]:
            rows = read_rows(shard, done, url, options, extra)
            return rows if crash_guard is None else _guarded_rows(rows, shard, crash_guard)

        return ReadTask(read_unfinished, metadata, per_task_row_limit=limit)


def _guarded_rows(rows: Iterator[pa.Table], shard: Shard, crash_guard: Any) -> Iterator[pa.Table]:
    """Yield the rows. Raises StorageError if reading the shard has killed its process too often."""
    key = [(shard.name, -1)]
    (deaths,) = begin(crash_guard, _READING, key)
    if deaths >= _DEATHS_MAX:
        raise StorageError(
            f"reading shard {shard.path!r} killed its process {deaths} times: write the shard "
            "again, or remove it from the input"
        )
    try:
        yield from rows
    finally:
        crash_guard.end.remote(_READING, key)


def _bytes(shard: Shard, done: Mask | None) -> int:
    left = 1.0 if done is None else 1.0 - float(done.mean())
    return int(shard.size_bytes * left)
