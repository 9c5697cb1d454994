"""Which rows of one table are which of another, and which of those matches are certain.

Rows of the layout are "ours", those of the second table "theirs". A match is ambiguous where
several of theirs match one of ours; and, where places are matched, where several of ours match one
of theirs.
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
"""Columns that rows are matched by."""


class Matcher(Protocol):
    """Finds rows of a table with the columns KEYS, given beforehand."""

    alone: bool
    """Whether a match of several of the given rows with one of the asked is ambiguous."""

    def pairs(self, rows: pa.Table) -> tuple[Indices, Indices]:
        """(index in `rows`, index in the given ones) of every match."""

    def shown(self, rows: pa.Table) -> str:
        """Some rows' keys, in words."""


class ById:
    """Rows with the same identifier; one that is null matches nothing."""

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
    """Rows whose places on the sky are within the tolerance."""

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
    """By identifier, or by place where there is a tolerance."""
    return ById(rows) if tolerance_arcsec is None else ByPlace(rows, tolerance_arcsec)


def doubtful(theirs: Indices, ours: Indices, alone: bool) -> NDArray[np.bool_]:
    """(pairs,) whether a pair is part of an ambiguous match. `alone`: of Matcher."""
    _, place, count = np.unique(ours, return_inverse=True, return_counts=True)
    many = count[place] > 1
    if alone:
        _, place, count = np.unique(theirs, return_inverse=True, return_counts=True)
        many |= count[place] > 1
    # what one of ours may not have, another of ours that shares it may not have either
    bad: NDArray[np.bool_] = np.isin(theirs, theirs[many])
    return bad


def _degrees(rows: pa.Table) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    ra, dec = (np.asarray(rows.column(n).to_numpy(), np.float64) for n in ("ra", "dec"))
    return ra, dec
