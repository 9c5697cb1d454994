"""Rows that kill their process are found and given up, one by one; the others are computed.

An exception is caught by the stage itself. A segmentation fault or an end for want of memory is
not: Ray starts the process anew and hands it the same batch, for ever. So every stage says what it
begins and what it has ended. What was begun before and never ended has killed somebody: such a
batch is taken row by row, and a row that kills its process twice when it is alone gets a status.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from catalogues.statuses import Status

DEATHS_MAX = 2
"""A row that has killed its process so often while it was alone is not tried again."""

Key = tuple[str, int]


class CrashGuard:
    """What was begun and not ended, by stage; one actor of the driver's for a whole session."""

    def __init__(self) -> None:
        self._begun: Counter[tuple[str, Key]] = Counter()

    def begin(self, stage: str, keys: Sequence[Key]) -> list[int]:
        """How often each was begun before and not ended."""
        before = [self._begun[stage, key] for key in keys]
        self._begun.update((stage, key) for key in keys)
        return before

    def end(self, stage: str, keys: Sequence[Key]) -> None:
        """They are done, and so are their deaths."""
        for key in keys:
            self._begun.pop((stage, key), None)


def begin(crash_guard: Any, stage: str, keys: Sequence[Key]) -> list[int]:
    """`CrashGuard.begin` of the actor `crash_guard`."""
    import ray

    before: list[int] = ray.get(crash_guard.begin.remote(stage, keys))
    return before


class Guarded:
    """Callable on tables with the columns shard and shard_row, in place of a stage.

    `stage`: what computes; it passes rows on that have a status. `crash_guard`: the actor. `doing`:
    in words, for the rows' messages.
    """

    def __init__(self, stage: Any, crash_guard: Any, doing: str) -> None:
        self.stage = stage
        self.crash_guard = crash_guard
        self.doing = doing

    def __call__(self, batch: pa.Table) -> pa.Table:
        """What the stage makes of the batch; rows that kill it get the status `failed`."""
        places = (batch.column(name).to_pylist() for name in ("shard", "shard_row"))
        keys = list(zip(*places, strict=True))
        deadly = any(begin(self.crash_guard, self.doing, keys))
        try:
            if not deadly:
                return self.stage(batch)
            rows = [self._alone(batch.slice(i, 1), [key]) for i, key in enumerate(keys)]
            return pa.concat_tables(rows)
        finally:
            self.crash_guard.end.remote(self.doing, keys)

    def _alone(self, row: pa.Table, key: list[Key]) -> pa.Table:
        stage = f"{self.doing}, alone"
        (deaths,) = begin(self.crash_guard, stage, key)
        if deaths >= DEATHS_MAX:
            return self.stage(given_up(row, f"{self.doing} ended its process {deaths + 1} times"))
        try:
            return self.stage(row)
        finally:
            self.crash_guard.end.remote(stage, key)


def given_up(rows: pa.Table, message: str) -> pa.Table:
    """The rows with the status `failed`, which every stage passes on."""
    for name, value in (("status", Status.FAILED.value), ("status_message", message)):
        column = pa.array([value] * len(rows), pa.string())
        if name in rows.column_names:
            rows = rows.set_column(rows.column_names.index(name), name, column)
        else:
            rows = rows.append_column(name, column)
    return rows


def guarded(kind: type, doing: str) -> type:
    """A class for Ray in place of the stage `kind`, under its name: its first argument is the actor
    with the crash_guard, the others are those of `kind`."""

    class Stage(Guarded):
        def __init__(self, crash_guard: Any, **arguments: Any) -> None:
            super().__init__(kind(**arguments), crash_guard, doing)

    Stage.__name__ = Stage.__qualname__ = kind.__name__
    return Stage
