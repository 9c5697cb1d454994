"""Choose galaxies to show: paper 1's figures 3 and B1 (typical cases) and 5 (disagreements)."""

from __future__ import annotations

import duckdb
import numpy as np
from numpy.typing import NDArray

from catalogues.queries.gallery import Row
from catalogues.truth.length_units import true_lengths_px
from catalogues.truth.pairs import pictured_rows
from pipelines.pages.cards import card
from pipelines.pages.elements import Gallery
from pipelines.validate.sample import ValidationSample

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

_WORDS = {
    "typical": ("Typical cases", "Evenly spaced in true length (figures 3 and B1 of paper 1)."),
    "short": ("Measured too short", "Smallest measured / true length (figure 5 of paper 1)."),
    "long": ("Measured too long", "Largest measured / true length (figure 5 of paper 1)."),
    "missed": ("Missed bars", "Galaxies with a bar and the lowest bar fraction."),
    "false": ("False bars", "Galaxies without a bar and with the highest bar fraction."),
}


def galleries(con: duckdb.DuckDBPyConnection, of: ValidationSample, most: int) -> list[Gallery]:
    """Make the galleries that have galaxies with pictures, at most `most` galaxies in each."""
    c, p = of.matched.columns, of.pairs
    seen, both = c["pictured"] > 0, _pictured_pairs(of)
    ratio = np.log(np.where(both, p.measured, np.nan) / np.where(both, p.truth, np.nan))
    barred, unbarred = c["true_barred"] > 0.5, c["true_barred"] < 0.5
    chosen = {
        "typical": _evenly(both, p.truth, most),
        "short": _first(both & (ratio < 0), ratio, most),
        "long": _first(both & (ratio > 0), -ratio, most),
        "missed": _first(seen & barred, c["bar_fraction"], most),
        "false": _first(seen & unbarred, -c["bar_fraction"], most),
    }
    true_px = true_lengths_px(c, of.truth.unit)
    found = []
    for name, which in chosen.items():
        title, why = _WORDS[name]
        rows = pictured_rows(con, of.matched, which, true_px) if len(which) else []
        if rows:
            cards = tuple(card(row) for row in rows)
            found.append(Gallery(name=name, title=title, why=why, cards=cards))
    return found


def typical_rows(con: duckdb.DuckDBPyConnection, of: ValidationSample, most: int) -> list[Row]:
    """Fetch rows with pictures, evenly spread in true length.

    If no lengths are known, fetch the rows with the highest bar_yes.
    """
    which = _evenly(_pictured_pairs(of), of.pairs.truth, most)
    if not which:
        which = _first(of.matched.columns["pictured"] > 0, -of.matched.columns["bar_yes"], most)
    return pictured_rows(con, of.matched, which, true_lengths_px(of.matched.columns, of.truth.unit))


def _pictured_pairs(of: ValidationSample) -> Flags:
    p = of.pairs
    return np.asarray((of.matched.columns["pictured"] > 0) & (p.truth > 0) & (p.measured > 0))


def _first(where: Flags, order: Floats, most: int) -> list[int]:
    """Return the indices of the first `most` galaxies of `where`, sorted by `order`."""
    index = np.flatnonzero(where & np.isfinite(order))
    chosen: list[int] = index[np.argsort(order[index], kind="stable")[:most]].tolist()
    return chosen


def _evenly(where: Flags, order: Floats, most: int) -> list[int]:
    """Return at most `most` indices of `where`, spread evenly over the ranks of `order`."""
    ranked = _first(where, order, order.size)
    if len(ranked) <= most:
        return ranked
    return [ranked[int((i + 0.5) * len(ranked) / most)] for i in range(most)]
