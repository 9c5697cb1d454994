"""Match the rows of two tables by identifier or sky position, and find ambiguous matches.

Rows of the layout are "ours", rows of the second table "theirs". A match is ambiguous if several of
theirs match one of ours. If positions are matched, it is also ambiguous if several of ours match
one of theirs.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from catalogues.columns import one_array
from catalogues.sky import SkyIndex

Indices = NDArray[np.int64]

KEYS = pa.schema([("object_id", pa.int64()), ("ra", pa.float64()), ("dec", pa.float64())])
"""Columns by which rows are matched."""


class Matcher(Protocol):
    """Finds rows of a given table (its own rows, with the columns KEYS)."""

    alone: bool
    """Whether several own rows that match one row of the other table are ambiguous."""

    def pairs(self, rows: pa.Table) -> tuple[Indices, Indices]:
        """Return all matches: indices into `rows` and into the own rows."""

    def shown(self, rows: pa.Table) -> str:
        """Describe the keys of some rows for a message."""


class ById:
    """Matches rows with the same identifier. A null identifier matches nothing."""

    alone = False

    def __init__(self, rows: pa.Table) -> None:
        ids = one_array(rows.column("object_id"))
        self._row = np.flatnonzero(pc.is_valid(ids).to_numpy(zero_copy_only=False))
        values = pc.drop_null(ids).to_numpy()
        order = np.argsort(values, kind="stable")
        self._ids, self._row = values[order], self._row[order]

    def pairs(self, rows: pa.Table) -> tuple[Indices, Indices]:
        """See Matcher."""
        ids = one_array(rows.column("object_id"))
        asked = np.flatnonzero(pc.is_valid(ids).to_numpy(zero_copy_only=False))
        values = pc.drop_null(ids).to_numpy()
        first = np.searchsorted(self._ids, values, "left")
        count = np.searchsorted(self._ids, values, "right") - first
        start = np.repeat(first - np.cumsum(count) + count, count)
        return np.repeat(asked, count), self._row[start + np.arange(count.sum())]

    def shown(self, rows: pa.Table) -> str:
        """See Matcher."""
        ids = dict.fromkeys(rows.column("object_id").slice(0, 20).to_pylist())
        return "object_id " + ", ".join(str(number) for number in list(ids)[:5])


class ByPlace:
    """Matches rows whose sky positions are within the tolerance."""

    alone = True

    def __init__(self, rows: pa.Table, tolerance_arcsec: float) -> None:
        self._sky = SkyIndex(*_degrees(rows))
        self._tolerance_arcsec = tolerance_arcsec

    def pairs(self, rows: pa.Table) -> tuple[Indices, Indices]:
        """See Matcher."""
        return self._sky.within(*_degrees(rows), self._tolerance_arcsec)

    def shown(self, rows: pa.Table) -> str:
        """See Matcher."""
        ra, dec = (rows.column(n).slice(0, 3).to_pylist() for n in ("ra", "dec"))
        return "ra, dec " + "; ".join(f"{a} {d}" for a, d in zip(ra, dec, strict=True))


def matcher(rows: pa.Table, tolerance_arcsec: float | None) -> Matcher:
    """Make a matcher by identifier, or by sky position if there is a tolerance."""
    return ById(rows) if tolerance_arcsec is None else ByPlace(rows, tolerance_arcsec)


def doubtful(theirs: Indices, ours: Indices, alone: bool) -> NDArray[np.bool_]:
    """Return (pairs,) whether a pair is part of an ambiguous match. `alone`: see Matcher."""
    _, place, count = np.unique(ours, return_inverse=True, return_counts=True)
    many = count[place] > 1
    if alone:
        _, place, count = np.unique(theirs, return_inverse=True, return_counts=True)
        many |= count[place] > 1
    # if one of ours may not have a match, another of ours that shares it may not have it either
    bad: NDArray[np.bool_] = np.isin(theirs, theirs[many])
    return bad


def _degrees(rows: pa.Table) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    ra, dec = (np.asarray(rows.column(n).to_numpy(), np.float64) for n in ("ra", "dec"))
    return ra, dec
