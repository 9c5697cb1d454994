"""Convert published votes of Galaxy Zoo campaigns to the 37 vote_<answer> columns.

Kaggle's file is already cumulative (Dieleman et al. 2015). The other tables
(catalogues.layouts.joined.vote_tables) hold conditional fractions or numbers of votes. These are
scaled to add up to one for each question and multiplied down the tree.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from catalogues.columns import one_array
from catalogues.galaxyzoo import QUESTIONS, cumulative
from catalogues.layouts.formats.pieces import Layout, Piece
from catalogues.layouts.joined.vote_tables import Sources, known_tables
from catalogues.layouts.params import VoteTable
from catalogues.manifest import SCHEMA
from catalogues.shards.votes import VOTES


@dataclass(frozen=True, kw_only=True)
class VoteScheme:
    """The vote columns of a table.

    Attributes
    ----------
    name : name of the scheme.
    sources : for each of the 37 answers, the columns that add up to it; none if it was not asked.
    conditional : whether the columns hold shares or numbers of the voters who were asked.
    others : further campaigns in the table, for galaxies without votes in this one.
    """

    name: str
    sources: Sources
    conditional: bool
    others: tuple[VoteScheme, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns of the table that are needed."""
        own = [name for names in self.sources for name in names]
        return tuple(dict.fromkeys([*own, *(n for other in self.others for n in other.columns)]))

    def votes(self, table: pa.Table) -> NDArray[np.float64]:
        """Compute cumulative fractions, (N, 37), NaN where unknown."""
        votes = self._own(table)
        for other in self.others:
            unknown = np.isnan(votes).all(axis=1)
            if unknown.any():
                votes[unknown] = other.votes(table)[unknown]
        return votes

    def _own(self, table: pa.Table) -> NDArray[np.float64]:
        given = np.full((len(table), len(VOTES)), np.nan)
        for column, names in enumerate(self.sources):
            if names:
                parts = [_numbers(table, name) for name in names]
                given[:, column] = np.sum(parts, axis=0)
        return _multiplied(given) if self.conditional else given


def schemes() -> tuple[VoteScheme, ...]:
    """Return the schemes of all known tables, the better fractions first."""
    own = VoteScheme(name="ansae", sources=tuple((v,) for v in VOTES), conditional=False)
    return own, *(
        VoteScheme(name=name, sources=sources, conditional=name != "kaggle")
        for name, sources in known_tables()
    )


def find_scheme(names: Collection[str], wanted: VoteTable) -> VoteScheme | None:
    """Find the scheme of a table with these columns.

    Returns None for "none", and for "auto" if the table has no votes. If a table has several
    campaigns, each galaxy gets the votes of the first campaign that has any. Raises ValueError if
    the table lacks columns of the wanted scheme.
    """
    if wanted == "none":
        return None
    known = [s for s in schemes() if wanted in ("auto", s.name)]
    here = [scheme for scheme in known if set(scheme.columns) <= set(names)]
    if here:
        asked = [here[0]]
        for scheme in here[1:]:
            if all(_campaign(scheme) != _campaign(other) for other in asked):
                asked.append(scheme)
        return replace(here[0], others=tuple(asked[1:])) if here[0].conditional else here[0]
    if wanted == "auto":
        return None
    closest = min(known, key=lambda s: len(set(s.columns) - set(names)))
    absent = [name for name in closest.columns if name not in names]
    raise ValueError(
        f"the table lacks {len(absent)} of the {len(closest.columns)} vote columns of "
        f"{wanted!r} ({', '.join(absent[:3])}{', ...' if absent[3:] else ''}): give the complete "
        "published table, or --votes none"
    )


def _campaign(scheme: VoteScheme) -> str:
    """Return the campaign, which is equal for schemes that differ only in the kind of fraction."""
    return scheme.sources[0][0].split("_")[0] if scheme.conditional else scheme.name


@dataclass(frozen=True, kw_only=True)
class WithVotes:
    """A Layout (catalogues.layouts.formats.pieces) with votes.

    The passed-through vote columns of `scheme` become the 37 vote columns. `keep`: further columns
    that the user wants.
    """

    layout: Layout
    scheme: VoteScheme
    keep: tuple[str, ...]

    @cached_property
    def extra(self) -> pa.Schema:
        """The columns to keep, and the votes."""
        kept = [self.layout.extra.field(name) for name in self.keep]
        return pa.schema([*kept, *(pa.field(name, pa.float32()) for name in VOTES)])

    def keys(self, names: tuple[str, ...]) -> Iterator[pa.Table]:
        """Read the layout's keys."""
        return self.layout.keys(names)

    def pieces(self) -> Iterator[Piece]:
        """Iterate over the layout's pieces, with votes."""
        unwanted = [name for name in self.scheme.columns if name not in self.keep]
        for piece in self.layout.pieces():
            votes = self.scheme.votes(piece.rows).astype(np.float32)
            rows = piece.rows.drop_columns(unwanted).select([*SCHEMA.names, *self.keep])
            for name, column in zip(VOTES, votes.T, strict=True):
                rows = rows.append_column(name, pa.array(column, pa.float32(), from_pandas=True))
            yield Piece(rows=rows, skipped=piece.skipped)


def _numbers(table: pa.Table, name: str) -> NDArray[np.float64]:
    column = one_array(table.column(name))
    try:
        values = column.cast(pa.float64(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ValueError(
            f"the vote column {name!r} has the type {column.type}, which is not a number "
            f"({error}): correct the table"
        ) from error
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)


def _multiplied(conditional: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert conditional fractions (N, 37) to cumulative ones.

    The answers of each question are scaled to add up to one. If the parent has no votes, nobody is
    asked the question, and its answers are 0. If a question was reached but has no answers, the
    answers are unknown.
    """
    shares = conditional.copy()
    for question in QUESTIONS:
        answers = shares[:, question.columns]
        total = answers.sum(axis=1, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            shares[:, question.columns] = np.where(total > 0, answers / total, np.nan)
    out = cumulative(shares)
    for question in QUESTIONS:
        if question.parent is not None:
            out[out[:, question.parent] == 0, question.columns] = 0.0
    return out
