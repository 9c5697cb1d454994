"""Section of the report that compares the catalogue with known bars."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from catalogues.truth import mock_truth
from catalogues.truth.columns import TRUE_FRACTION
from models import statistics
from models.validation.agreement import Agreement, Estimate, agreement
from pipelines.pages import plots
from pipelines.pages.cards import card
from pipelines.pages.elements import Gallery, Plot
from pipelines.pages.render import count

CLEAR = 0.5
"""Minimum share of voters for a bar to count as clearly seen."""

Columns = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class TruthSection:
    """Everything that the template shows; `numbers` are (name, value, note)."""

    introduction: str
    numbers: list[tuple[str, str, str]]
    plots: list[Plot]
    sections: list[Gallery]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Comparison of a catalogue with the truth.

    An AUC tells how well a score separates truly barred from unbarred galaxies. All but `auc` are
    NaN if the truth has no votes.

    Attributes
    ----------
    columns
        The compared columns, (N,) each.
    lengths
        Agreement of measured and true lengths and angles.
    auc
        AUC of bar_fraction, for all truly barred galaxies.
    clear_auc
        AUC of bar_fraction, for barred galaxies whose bar most voters see.
    clear_yes_auc
        As `clear_auc`, of the cumulative vote bar_yes.
    votes_auc
        As `auc`, of the truth's own votes: bars that people cannot see limit it, too.
    barred, unbarred
        Numbers of truly barred and unbarred galaxies.
    """

    columns: Columns
    lengths: Agreement
    auc: float
    clear_auc: float
    clear_yes_auc: float
    votes_auc: float
    barred: int
    unbarred: int


def compare(con: duckdb.DuckDBPyConnection) -> Comparison:
    """Compare the views `catalogue` and `truth`. Raises ValueError if columns are missing."""
    mock_truth.require(con)
    columns = _floats(mock_truth.pairs(con))
    barred = columns["true_barred"] > 0.5
    scores, seen = columns["bar_fraction"], columns[TRUE_FRACTION]
    clear = barred & (seen >= CLEAR)
    judged, voted = clear | ~barred, np.isfinite(seen)
    return Comparison(
        columns=columns,
        lengths=agreement(
            true_length=columns[mock_truth.LENGTH],
            length=columns["bar_length_px"],
            length_err=columns["bar_length_px_err"],
            true_angle_deg=columns[mock_truth.ANGLE],
            angle_deg=columns["bar_position_angle_deg"],
        ),
        auc=statistics.auc(scores, barred),
        clear_auc=statistics.auc(scores[judged], clear[judged]),
        clear_yes_auc=statistics.auc(columns["bar_yes"][judged], clear[judged]),
        votes_auc=statistics.auc(seen[voted], barred[voted]),
        barred=int(barred.sum()),
        unbarred=int((~barred).sum()),
    )


def _floats(table: pa.Table) -> Columns:
    """Convert a table to float64 arrays; null becomes NaN, true becomes 1."""
    return {
        name: np.asarray(table[name].cast(pa.float64()).to_numpy(), dtype=np.float64)
        for name in table.column_names
    }


def truth_section(con: duckdb.DuckDBPyConnection, found: Comparison, most: int) -> TruthSection:
    """Make the section: numbers, plots, best and worst cases."""
    galleries = []
    half = found.lengths.n // 2  # so that no galaxy is in both galleries
    for name, title, best in (("best", "Best cases", True), ("worst", "Worst cases", False)):
        shown = found.lengths.n - half if best else half
        nearest = "closest to" if best else "farthest from"
        why = (
            f"Galaxies whose ratio of measured to true length is {nearest} 1. The solid line is "
            "the measured bar; the dashed line beside it is the true bar."
        )
        cards = tuple(
            card(row) for row in mock_truth.extremes(con, best=best, most=min(most, shown))
        )
        if cards:
            galleries.append(Gallery(name=name, title=title, why=why, cards=cards))
    return TruthSection(
        introduction=(
            f"{count(found.columns['bar_fraction'].size)} galaxies with votes have a known truth: "
            f"{count(found.barred)} barred, {count(found.unbarred)} unbarred. Lengths are compared "
            "in pixels of the stored image, so that the galaxies’ sizes on the sky do not add to "
            "the correlation. Intervals are 68 % bootstrap intervals."
        ),
        numbers=numbers(found),
        plots=_plots(found),
        sections=galleries,
    )


def numbers(found: Comparison) -> list[tuple[str, str, str]]:
    """Return (name, value, note) of the comparison's numbers. Undefined numbers are left out."""
    a = found.lengths
    rows = [
        ("lengths compared", count(a.n), "measured, with a true length"),
        ("Pearson ρ", _value(a.pearson), _interval(a.pearson)),
        ("Spearman ρ", _value(a.spearman), _interval(a.spearman)),
        ("slope through the origin", _value(a.slope), _interval(a.slope)),
        ("median |error|", f"{a.error:.2f} px", f"{100 * a.relative_error:.1f} % of the length"),
        ("within 2 error bars", f"{100 * a.within_2_sigma:.0f} %", "95 % for Gaussian errors"),
        ("median angle error", f"{a.angle_error_deg:.1f}°", bars(a.angle_n)),
        ("AUC, bars most voters see", f"{found.clear_auc:.3f}", "bar_fraction, against unbarred"),
        ("the same, by bar_yes", f"{found.clear_yes_auc:.3f}", "cumulative: disc, face-on and bar"),
        ("AUC, all bars", f"{found.auc:.3f}", _ceiling(found.votes_auc)),
    ]
    return [row for row in rows if not row[1].startswith("nan")]


def _ceiling(area: float) -> str:
    """Say what AUC the truth's own votes reach; "" if it has none."""
    return "" if np.isnan(area) else f"the truth’s own votes reach {area:.3f}"


def _value(estimate: Estimate) -> str:
    return f"{estimate.value:.3f}"


def _interval(estimate: Estimate) -> str:
    return f"{estimate.low:.3f} to {estimate.high:.3f}"


def _plots(found: Comparison) -> list[Plot]:
    c, out = found.columns, []
    good = (
        np.isfinite(c[mock_truth.LENGTH])
        & np.isfinite(c["bar_length_px"])
        & (c[mock_truth.LENGTH] > 0)
    )
    if good.any():
        slope = found.lengths.slope.value
        truth, measured = c[mock_truth.LENGTH][good], c["bar_length_px"][good]
        svg = plots.lengths("truth-length", truth, measured, c["bar_length_px_err"][good], slope)
        text = f"{bars(int(good.sum()))}, slope {slope:.3f}{_rho(found.lengths)}"
        out.append(Plot(svg=svg, alt=f"Measured against true length: {text}.", caption=f"{text}."))
    errors = statistics.angle_difference_deg(c["bar_position_angle_deg"], c[mock_truth.ANGLE])[good]
    errors = errors[np.isfinite(errors)]
    if errors.size:
        text = f"{bars(errors.size)}, median angle error {np.median(errors):.1f}°"
        svg = plots.angles("truth-angle", errors)
        out.append(Plot(svg=svg, alt=f"Histogram of angle errors: {text}.", caption=f"{text}."))
    if np.isfinite(found.auc):
        barred, fraction = c["true_barred"] > 0.5, c["bar_fraction"]
        svg = plots.scores("truth-score", fraction[barred], fraction[~barred], found.auc)
        text = f"bar fraction of {count(found.barred)} barred, {count(found.unbarred)} unbarred"
        alt = f"Histograms of {text}, AUC {found.auc:.3f}."
        out.append(Plot(svg=svg, alt=alt, caption=f"{text[0].upper()}{text[1:]}."))
    return out


def _rho(lengths: Agreement) -> str:
    return "" if np.isnan(lengths.pearson.value) else f", ρ {lengths.pearson.value:.3f}"


def bars(number: int) -> str:
    """Format a number of bars: "1 bar", "2 bars"."""
    return f"{count(number)} bar{'' if number == 1 else 's'}"
