"""Choose the rows of the input to compare, and the sources whose maps the report shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actors.compare.explained import Subject, SubjectParams, confident
from catalogues import storage
from catalogues.manifest import SCHEMA
from catalogues.shards.reading import ROW, Shard, read_shard
from catalogues.shards.splits import unit_hash
from pipelines.compare.options import CompareOptions

_BATCH_ROWS = 4096


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The rows of a comparison.

    Attributes
    ----------
    chosen
        By shard name: one flag for each row of the shard.
    shown
        object_ids of the sources in the report's figure.
    """

    chosen: Mapping[str, NDArray[np.bool_]]
    shown: frozenset[int]

    @property
    def rows(self) -> int:
        """Number of chosen rows."""
        return sum(int(flags.sum()) for flags in self.chosen.values())


def choose(
    options: CompareOptions,
    shards: tuple[Shard, ...],
    given: SubjectParams,
    subject: Subject,
    columns: tuple[str, ...],
) -> Choice:
    """Choose the rows that --only and --images ask for. Images are not read.

    Raises ValueError if no row is left, or if --only names a column that the input lacks; and
    StorageError.
    """
    conditions = [_condition(words) for words in options.only]
    wanted = dict.fromkeys([*columns, *(name for name, _ in conditions)])
    ours = [name for name in wanted if name in SCHEMA.names]
    extra = [name for name in wanted if name not in SCHEMA.names]
    fs, _ = storage.filesystem(options.input, options.read_options())
    rows: list[tuple[str, dict[str, Any]]] = []
    for shard in shards:
        for table in read_shard(fs, shard.path, columns=ours, extra=extra, batch_rows=_BATCH_ROWS):
            found = table.select(list({"object_id", ROW, *wanted})).to_pylist()
            rows += [(shard.name, row) for row in found if _holds(row, conditions)]
    if not rows:
        raise ValueError(
            f"no row of {storage.redact(options.input)!r} is left"
            + (f" for --only {' '.join(options.only)}: give other values" if options.only else "")
        )
    rows.sort(key=lambda item: (unit_hash(_identity(item)), item[0], item[1][ROW]))
    rows = rows[: options.images]
    chosen = {shard.name: np.zeros(shard.rows, dtype=bool) for shard in shards}
    for shard_name, row in rows:
        chosen[shard_name][row[ROW]] = True
    return Choice(chosen=chosen, shown=_shown([row for _, row in rows], options, given, subject))


def _condition(words: str) -> tuple[str, str | None]:
    """Return a column and the value that it must have (None: any value but null)."""
    name, sign, value = words.partition("=")
    if not name.strip():
        raise ValueError(f"--only {words!r} names no column: give COLUMN=VALUE or COLUMN")
    return name.strip(), value.strip() if sign else None


def _holds(row: Mapping[str, Any], conditions: list[tuple[str, str | None]]) -> bool:
    for name, wanted in conditions:
        value = row[name]
        if value is None or (wanted is not None and str(value) != wanted):
            return False
    return True


def _identity(item: tuple[str, Mapping[str, Any]]) -> int | str:
    """Return the key that a row is drawn by: its object_id, or else its shard and row number."""
    shard, row = item
    return f"{shard} {row[ROW]}" if row["object_id"] is None else int(row["object_id"])


def _shown(
    rows: list[dict[str, Any]], options: CompareOptions, given: SubjectParams, subject: Subject
) -> frozenset[int]:
    """Return the first `panel` sources of each class; confident labels come first."""
    doubtful = [row for row in rows if confident(row, given.confidence) is False]
    sure = [row for row in rows if confident(row, given.confidence) is not False]
    found: dict[str | None, list[int]] = {}
    for row in [*sure, *doubtful]:
        mine = found.setdefault(subject.label(row), [])
        if row["object_id"] is not None and len(mine) < options.panel:
            mine.append(row["object_id"])
    return frozenset(object_id for some in found.values() for object_id in some)
