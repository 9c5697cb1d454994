"""What is done: the rows that a catalogue already holds. The catalogue is the checkpoint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from catalogues import storage
from catalogues.shards import Shard
from catalogues.storage import StorageError

_COLUMNS = ["shard", "shard_row", "status", "run_id"]
_THREADS = 16

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Which input rows have their output row.

    `done`: for each shard of which something is done, one flag per row. `statuses`: how many rows
    of each status. `files`: number of catalogue files.
    """

    done: Mapping[str, Mask] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)
    files: int = 0

    @property
    def rows(self) -> int:
        """Number of rows done."""
        return self.statuses.total()

    def unfinished(self, shards: Iterable[Shard]) -> tuple[tuple[Shard, Mask | None], ...]:
        """The shards of which something is left, each with its flags (None: nothing is done)."""
        pairs = ((shard, self.done.get(shard.name)) for shard in shards if shard.rows)
        return tuple((s, mask) for s, mask in pairs if mask is None or not mask.all())


def read_ledger(fs: Any, folder: str, shards: Sequence[Shard], run_id: str) -> Ledger:
    """Read what the catalogue files in `folder` hold of `shards`; empty if there is no folder.

    Raises StorageError where a file cannot be read, ValueError where it holds rows of another run,
    of a shard that is not in the input, or a row that another file holds too.
    """
    if not storage.exists(fs, folder):
        return Ledger()
    paths = [path for path, _ in storage.list_files(fs, folder, (".parquet",))]
    rows = {shard.name: shard.rows for shard in shards}
    done: dict[str, Mask] = {}
    statuses: Counter[str] = Counter()
    with ThreadPoolExecutor(_THREADS) as pool:
        for path, table in zip(paths, pool.map(lambda p: _read(fs, p), paths), strict=True):
            _check_run(table, run_id, path)
            _enter(table, rows, done, path)
            statuses.update(table.column("status").to_pylist())
    return Ledger(done=done, statuses=statuses, files=len(paths))


def _read(fs: Any, path: str) -> pa.Table:
    with storage.open_random(fs, path) as file, storage.explained("read", path):
        try:
            return pq.ParquetFile(file).read(columns=_COLUMNS)
        except (pa.ArrowInvalid, KeyError) as error:
            raise StorageError(
                f"{storage.redact(path)!r} is not a file of a bar catalogue ({error}): remove it "
                "and run again; its galaxies will be measured anew"
            ) from error


def _check_run(table: pa.Table, run_id: str, path: str) -> None:
    others = set(table.column("run_id").unique().to_pylist()) - {run_id}
    if others:
        raise ValueError(
            f"{storage.redact(path)!r} holds rows of run {sorted(map(str, others))[0]!r}, this is "
            f"run {run_id!r}: choose another output, or remove that file"
        )


def _enter(table: pa.Table, rows: Mapping[str, int], done: dict[str, Mask], path: str) -> None:
    """Set the flags of one catalogue file's rows."""
    shards = table.column("shard").combine_chunks().dictionary_encode()
    numbers = table.column("shard_row").to_numpy()
    codes = shards.indices.to_numpy(zero_copy_only=False)
    for code, name in enumerate(shards.dictionary.to_pylist()):
        mine = numbers[codes == code]
        if name not in rows or mine.min() < 0 or mine.max() >= rows[name]:
            raise ValueError(
                f"{storage.redact(path)!r} holds row {mine.max()} of shard {name!r}, which the "
                "input has not: the input has changed; give the one that the run began with, or "
                "choose another output"
            )
        mask = done.setdefault(name, np.zeros(rows[name], dtype=bool))
        if mask[mine].any() or len(np.unique(mine)) < len(mine):
            twice = mine[mask[mine]][:1]
            raise ValueError(
                f"{storage.redact(path)!r} holds row {int(twice[0]) if twice.size else ''} of "
                f"shard {name!r} a second time: were two runs writing to one output? Remove that "
                "file and run again"
            )
        mask[mine] = True
