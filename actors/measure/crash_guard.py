"""Crash guard: finds the rows that kill their process and gives them up; computes all others.

A stage catches exceptions itself. It cannot catch a segmentation fault or an out-of-memory kill:
Ray would restart the process and give it the same batch again, without end. Therefore every stage
reports the rows that it begins and the rows that it has finished. Rows that were begun earlier and
never finished have killed a process. Such a batch is computed row by row, and a row that kills its
process twice when it is alone gets the status `failed`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from catalogues.statuses import Status

DEATHS_MAX = 2
"""A row that has killed its process this often while it was alone is not tried again."""

Key = tuple[str, int]


class CrashGuard:
    """Count, for each stage, the rows that were begun and not finished.

    The driver holds one actor of this class for the whole session.
    """

    def __init__(self) -> None:
        self._begun: Counter[tuple[str, Key]] = Counter()

    def begin(self, stage: str, keys: Sequence[Key]) -> list[int]:
        """Note that rows begin. Returns how often each was begun before and not finished."""
        before = [self._begun[stage, key] for key in keys]
        self._begun.update((stage, key) for key in keys)
        return before

    def end(self, stage: str, keys: Sequence[Key]) -> None:
        """Note that rows are finished, and forget how often they were begun."""
        for key in keys:
            self._begun.pop((stage, key), None)


def begin(crash_guard: Any, stage: str, keys: Sequence[Key]) -> list[int]:
    """Call `CrashGuard.begin` of the actor `crash_guard`."""
    import ray

    before: list[int] = ray.get(crash_guard.begin.remote(stage, keys))
    return before


class Guarded:
    """Callable that wraps a stage; its tables have the columns shard and shard_row.

    `stage` computes, and passes on rows that have a status. `crash_guard` is the actor. `doing`
    says in words what the stage does, for the rows' messages.
    """

    def __init__(self, stage: Any, crash_guard: Any, doing: str) -> None:
        self.stage = stage
        self.crash_guard = crash_guard
        self.doing = doing

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Return the stage's result; rows that kill its process get the status `failed`."""
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
            return self.stage(given_up(row, f"{self.doing} killed its process {deaths + 1} times"))
        try:
            return self.stage(row)
        finally:
            self.crash_guard.end.remote(stage, key)


def given_up(rows: pa.Table, message: str) -> pa.Table:
    """Return the rows with the status `failed`, which every stage passes on."""
    for name, value in (("status", Status.FAILED.value), ("status_message", message)):
        column = pa.array([value] * len(rows), pa.string())
        if name in rows.column_names:
            rows = rows.set_column(rows.column_names.index(name), name, column)
        else:
            rows = rows.append_column(name, column)
    return rows


def guarded(kind: type, doing: str) -> type:
    """Return a class for Ray that wraps the stage `kind` and has its name.

    Its first argument is the crash guard's actor; the others are the arguments of `kind`.
    """

    class Stage(Guarded):
        def __init__(self, crash_guard: Any, **arguments: Any) -> None:
            super().__init__(kind(**arguments), crash_guard, doing)

    Stage.__name__ = Stage.__qualname__ = kind.__name__
    return Stage
