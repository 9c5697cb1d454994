"""Published vote tables of Galaxy Zoo campaigns, turned into the 37 vote_<answer> columns.

Kaggle's file is cumulative already (Dieleman et al. 2015). The catalogues of Galaxy Zoo 2 (Willett
et al. 2013; Hart et al. 2016) and GZ DECaLS (Walmsley et al. 2022) hold conditional fractions,
which are multiplied down the tree. GZ DECaLS asks about weak and strong bars (both are bars here),
about five sizes of bulges (small: just noticeable; moderate and large: obvious) and not about odd
features, which stay unknown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from catalogues.answers import VOTES
from catalogues.galaxyzoo import KAGGLE_COLUMNS, QUESTIONS, cumulative
from catalogues.layouts.pieces import Layout, Piece
from catalogues.manifest import SCHEMA
from catalogues.rows import one_array

VoteTable = Literal["auto", "none", "ansae", "kaggle", "gz2", "decals"]
"""Whose columns of votes a table has; "ansae": ours, as `ansae ingest` writes them."""

Sources = tuple[tuple[str, ...], ...]

_GZ2: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("t01_smooth_or_features", ("a01_smooth", "a02_features_or_disk", "a03_star_or_artifact")),
    ("t02_edgeon", ("a04_yes", "a05_no")),
    ("t03_bar", ("a06_bar", "a07_no_bar")),
    ("t04_spiral", ("a08_spiral", "a09_no_spiral")),
    (
        "t05_bulge_prominence",
        ("a10_no_bulge", "a11_just_noticeable", "a12_obvious", "a13_dominant"),
    ),
    ("t06_odd", ("a14_yes", "a15_no")),
    ("t07_rounded", ("a16_completely_round", "a17_in_between", "a18_cigar_shaped")),
    (
        "t08_odd_feature",
        (
            "a19_ring", "a20_lens_or_arc", "a21_disturbed", "a22_irregular", "a23_other",
            "a24_merger", "a38_dust_lane",
        ),
    ),
    ("t09_bulge_shape", ("a25_rounded", "a26_boxy", "a27_no_bulge")),
    ("t10_arms_winding", ("a28_tight", "a29_medium", "a30_loose")),
    ("t11_arms_number", ("a31_1", "a32_2", "a33_3", "a34_4", "a36_more_than_4", "a37_cant_tell")),
)  # fmt: skip

_DECALS: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = (
    ("smooth-or-featured", (("smooth",), ("featured-or-disk",), ("artifact",))),
    ("disk-edge-on", (("yes",), ("no",))),
    ("bar", (("strong", "weak"), ("no",))),
    ("has-spiral-arms", (("yes",), ("no",))),
    ("bulge-size", (("none",), ("small",), ("moderate", "large"), ("dominant",))),
    ("something-odd", ((), ())),
    ("how-rounded", (("round",), ("in-between",), ("cigar-shaped",))),
    ("odd-feature", ((),) * 7),
    ("edge-on-bulge", (("rounded",), ("boxy",), ("none",))),
    ("spiral-winding", (("tight",), ("medium",), ("loose",))),
    ("spiral-arm-count", (("1",), ("2",), ("3",), ("4",), ("more-than-4",), ("cant-tell",))),
)


@dataclass(frozen=True, kw_only=True)
class VoteScheme:
    """Where a table keeps its votes. sources: for each of the 37 answers the columns that add up to
    it, none if it was not asked. conditional: whether they are shares of those who were asked."""

    name: str
    sources: Sources
    conditional: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns of the table that are needed."""
        return tuple(name for names in self.sources for name in names)

    def votes(self, table: pa.Table) -> NDArray[np.float64]:
        """Cumulative fractions, (N, 37), NaN where unknown."""
        given = np.full((len(table), len(VOTES)), np.nan)
        for column, names in enumerate(self.sources):
            if names:
                parts = [_numbers(table, name) for name in names]
                given[:, column] = np.sum(parts, axis=0)
        return _multiplied(given) if self.conditional else given


def schemes() -> tuple[VoteScheme, ...]:
    """Every table that is known, those with the better fractions first."""
    own = VoteScheme(name="ansae", sources=tuple((v,) for v in VOTES), conditional=False)
    kaggle = VoteScheme(
        name="kaggle", sources=tuple((c,) for c in KAGGLE_COLUMNS), conditional=False
    )
    gz2 = [
        VoteScheme(
            name="gz2", conditional=True,
            sources=tuple((f"{q}_{a}{end}",) for q, answers in _GZ2 for a in answers),
        )
        for end in ("_weighted_fraction", "_fraction", "_debiased")
    ]  # fmt: skip
    decals = [
        VoteScheme(
            name="decals", conditional=True,
            sources=tuple(
                tuple(f"{q}_{a}{end}" for a in names) for q, answers in _DECALS for names in answers
            ),
        )
        for end in ("_fraction", "_debiased")
    ]  # fmt: skip
    return (own, kaggle, *gz2, *decals)


def find_scheme(names: Collection[str], wanted: VoteTable) -> VoteScheme | None:
    """The scheme of a table with these columns; None for "none", or "auto" where it has no votes.

    Raises ValueError where the one that is asked for lacks columns.
    """
    if wanted == "none":
        return None
    known = [s for s in schemes() if wanted in ("auto", s.name)]
    for scheme in known:
        if set(scheme.columns) <= set(names):
            return scheme
    if wanted == "auto":
        return None
    closest = min(known, key=lambda s: len(set(s.columns) - set(names)))
    absent = [name for name in closest.columns if name not in names]
    raise ValueError(
        f"the table lacks {len(absent)} of the {len(closest.columns)} vote columns of "
        f"{wanted!r} ({', '.join(absent[:3])}{', ...' if absent[3:] else ''}): give the published "
        "table whole, or --votes none"
    )


@dataclass(frozen=True, kw_only=True)
class WithVotes:
    """A Layout (catalogues.layouts.pieces) whose passed-through vote columns of `scheme` become the
    37 of ours. `keep`: columns that the user wants besides."""

    layout: Layout
    scheme: VoteScheme
    keep: tuple[str, ...]

    @cached_property
    def extra(self) -> pa.Schema:
        """What was to be kept, and the votes."""
        kept = [self.layout.extra.field(name) for name in self.keep]
        return pa.schema([*kept, *(pa.field(name, pa.float32()) for name in VOTES)])

    def keys(self, names: tuple[str, ...]) -> Iterator[pa.Table]:
        """The layout's."""
        return self.layout.keys(names)

    def pieces(self) -> Iterator[Piece]:
        """The layout's, with votes."""
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
            f"the vote column {name!r} is of type {column.type}, which is no number ({error}): "
            "mend the table"
        ) from error
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)


def _multiplied(conditional: NDArray[np.float64]) -> NDArray[np.float64]:
    """Conditional fractions (N, 37) as cumulative ones.

    Each question's answers are scaled to add up to one. Nobody is asked a question whose parent has
    no votes: its answers are 0. Where it was reached and still has no answers they are unknown.
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
            asked = np.isfinite(conditional[:, question.columns]).all(axis=1)
            out[asked & (out[:, question.parent] == 0), question.columns] = 0.0
    return out
