"""The 37 vote columns of a training shard, and a check that the votes fit the decision tree."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from catalogues.galaxyzoo import COLUMNS, QUESTIONS
from catalogues.shards.params import TOLERANCE

VOTES: tuple[str, ...] = tuple(f"vote_{name}" for name in COLUMNS)
"""Names of the vote columns of a training shard."""


_SHARE_MAX = 0.5


@dataclass(frozen=True, kw_only=True)
class VoteTally:
    """Numbers of rows with each problem in their votes. A row may count more than once.

    A question that is out of range or inconsistent counts as unknown.

    Attributes
    ----------
    rows : all rows.
    unknown : rows without any known answer, which are useless for training.
    incomplete : rows with some unknown answers.
    out_of_range : rows with a fraction outside [0, 1].
    inconsistent : rows with a question whose answers do not add up.
    """

    rows: int = 0
    unknown: int = 0
    incomplete: int = 0
    out_of_range: int = 0
    inconsistent: int = 0

    def __add__(self, other: VoteTally) -> VoteTally:
        mine, theirs = asdict(self), asdict(other)
        return VoteTally(**{name: mine[name] + theirs[name] for name in mine})

    def check(self) -> None:
        """Raise ValueError if most rows are wrong: the columns then have another meaning."""
        for count, what, remedy in (
            (
                self.inconsistent,
                "do not add up down the tree",
                "store cumulative fractions (conditional fraction x the parent answer's value), as "
                "`ansae ingest --votes` writes them",
            ),
            (self.out_of_range, "lie outside [0, 1]", "store fractions, not per cent or counts"),
            (self.unknown, "are all unknown", "give shards with the volunteers' answers"),
        ):
            if count > _SHARE_MAX * self.rows:
                raise ValueError(
                    f"the votes of {count} of {self.rows} galaxies {what}: at most half of them "
                    f"may; {remedy}"
                )

    def words(self) -> list[str]:
        """Return a sentence for each problem that occurs."""
        told = [
            (self.unknown, "galaxies without any known answer are left out"),
            (self.incomplete, "galaxies have some unknown answers, which are masked in the loss"),
            (self.out_of_range, "galaxies have fractions outside [0, 1]: taken as unknown"),
            (self.inconsistent, "galaxies have answers that do not add up: taken as unknown"),
        ]
        return [f"{count} {words}" for count, words in told if count]


def votes_of(table: pa.Table) -> NDArray[np.float32]:
    """Return the vote columns as (N, 37), NaN where a value is null or not a number."""
    columns = [np.asarray(table[name].to_numpy(), dtype=np.float32) for name in VOTES]
    return np.stack(columns, axis=1) if len(table) else np.zeros((0, len(VOTES)), np.float32)


def checked_votes(
    votes: NDArray[np.float32], tolerance: float = TOLERANCE
) -> tuple[NDArray[np.float32], VoteTally]:
    """Set invalid questions of votes (N, 37) to NaN. Returns the votes and a tally of the rows.

    A question is inconsistent if all its answers are known and their sum differs by more than
    `tolerance` from the sum that the tree demands: one, or the value of the answer that leads to
    the question. If that value is unknown, the sum must lie between 0 and 1.
    """
    raw = np.where(np.isfinite(votes), votes, np.nan).astype(np.float32)
    clean = raw.copy()
    outside, inconsistent = np.zeros(len(raw), bool), np.zeros(len(raw), bool)
    for question in QUESTIONS:
        answers = raw[:, question.columns]
        wild = ((answers < -1e-6) | (answers > 1 + 1e-6)).any(axis=1)
        total = answers.sum(axis=1)
        should = np.ones(len(raw)) if question.parent is None else raw[:, question.parent]
        off = ~wild & (np.abs(total - should) > tolerance)
        off |= ~wild & np.isnan(should) & (total > 1 + tolerance)
        clean[wild | off, question.columns] = np.nan
        outside |= wild
        inconsistent |= off
    known = np.isfinite(clean)
    tally = VoteTally(
        rows=len(raw),
        unknown=int((~known.any(axis=1)).sum()),
        incomplete=int((known.any(axis=1) & ~np.isfinite(raw).all(axis=1)).sum()),
        out_of_range=int(outside.sum()),
        inconsistent=int(inconsistent.sum()),
    )
    return clean, tally
