"""The report's section that sets the catalogue against known bars."""

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
"""Share of voters from which on a bar counts as seen."""

Columns = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class TruthSection:
    """What the template shows; numbers are (name, value, note)."""

    introduction: str
    numbers: list[tuple[str, str, str]]
    plots: list[Plot]
    sections: list[Gallery]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A catalogue against the truth. AUCs of bar_fraction: `auc` of all truly barred galaxies
    against the unbarred, `clear_auc` of those whose bar most voters see. `votes_auc`: of all, by
    the truth's own votes instead of the networks': what is hidden from people stays hidden.
    `clear_yes_auc`: as `clear_auc`, of the cumulative vote bar_yes. NaN without the truth's votes,
    but for the first."""

    columns: Columns
    lengths: Agreement
    auc: float
    clear_auc: float
    clear_yes_auc: float
    votes_auc: float
    barred: int
    unbarred: int


def compare(con: duckdb.DuckDBPyConnection) -> Comparison:
    """The views `catalogue` and `truth` compared. Raises ValueError where columns are missing."""
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
    """Null becomes NaN, true 1."""
    return {
        name: np.asarray(table[name].cast(pa.float64()).to_numpy(), dtype=np.float64)
        for name in table.column_names
    }


def truth_section(con: duckdb.DuckDBPyConnection, found: Comparison, most: int) -> TruthSection:
    """Numbers, plots, best and worst cases."""
    galleries = []
    half = found.lengths.n // 2  # no galaxy stands in both
    for name, title, best in (("best", "Best cases", True), ("worst", "Worst cases", False)):
        shown = found.lengths.n - half if best else half
        nearest = "nearest to" if best else "farthest from"
        why = (
            f"Lengths {nearest} the truth, by ratio. The solid line is the measured bar, the "
            "dashed one the true bar, moved aside for comparison."
        )
        cards = tuple(
            card(row) for row in mock_truth.extremes(con, best=best, most=min(most, shown))
        )
        if cards:
            galleries.append(Gallery(name=name, title=title, why=why, cards=cards))
    return TruthSection(
        introduction=(
            f"{count(found.columns['bar_fraction'].size)} galaxies with votes have a known truth: "
            f"{count(found.barred)} barred, {count(found.unbarred)} not. Lengths are compared in "
            "pixels of the stored image, so that the galaxies' sizes on the sky do not lend them "
            "a correlation. Intervals are 68 %, by bootstrap."
        ),
        numbers=numbers(found),
        plots=_plots(found),
        sections=galleries,
    )


def numbers(found: Comparison) -> list[tuple[str, str, str]]:
    """(name, value, note) of what the comparison gives; what is undefined is left out."""
    a = found.lengths
    rows = [
        ("lengths compared", count(a.n), "measured, with a true length"),
        ("Pearson ρ", _value(a.pearson), _interval(a.pearson)),
        ("Spearman ρ", _value(a.spearman), _interval(a.spearman)),
        ("slope through the origin", _value(a.slope), _interval(a.slope)),
        ("median |error|", f"{a.error:.2f} px", f"{100 * a.relative_error:.1f} % of the length"),
        ("within 2 error bars", f"{100 * a.within_2_sigma:.0f} %", "95 % for Gaussian errors"),
        ("median angle error", f"{a.angle_error_deg:.1f}°", bars(a.angle_n)),
        ("AUC, bars most voters see", f"{found.clear_auc:.3f}", "against unbarred, bar_fraction"),
        ("the same by bar_yes", f"{found.clear_yes_auc:.3f}", "cumulative: disc, face-on and bar"),
        ("AUC, all bars", f"{found.auc:.3f}", _ceiling(found.votes_auc)),
    ]
    return [row for row in rows if not row[1].startswith("nan")]


def _ceiling(area: float) -> str:
    """What is known of the best possible AUC."""
    return "" if np.isnan(area) else f"the true votes themselves reach {area:.3f}"


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
        said = f"{bars(int(good.sum()))}, slope {slope:.3f}{_rho(found.lengths)}"
        out.append(Plot(svg=svg, alt=f"Measured against true length: {said}.", caption=f"{said}."))
    errors = statistics.angle_difference_deg(c["bar_position_angle_deg"], c[mock_truth.ANGLE])[good]
    errors = errors[np.isfinite(errors)]
    if errors.size:
        said = f"{bars(errors.size)}, median angle error {np.median(errors):.1f}°"
        svg = plots.angles("truth-angle", errors)
        out.append(Plot(svg=svg, alt=f"Histogram of angle errors: {said}.", caption=f"{said}."))
    if np.isfinite(found.auc):
        barred, fraction = c["true_barred"] > 0.5, c["bar_fraction"]
        svg = plots.scores("truth-score", fraction[barred], fraction[~barred], found.auc)
        said = f"bar fraction of {count(found.barred)} barred and {count(found.unbarred)} others"
        alt = f"Histograms of {said}, AUC {found.auc:.3f}."
        out.append(Plot(svg=svg, alt=alt, caption=f"{said[0].upper()}{said[1:]}."))
    return out


def _rho(lengths: Agreement) -> str:
    return "" if np.isnan(lengths.pearson.value) else f", ρ {lengths.pearson.value:.3f}"


def bars(number: int) -> str:
    """ "1 bar", "2 bars"."""
    return f"{count(number)} bar{'' if number == 1 else 's'}"
