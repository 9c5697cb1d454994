"""Figures of a validation with their captions."""

from __future__ import annotations

import numpy as np

from models import statistics
from models.validation.coverage import GAUSSIAN_1
from models.validation.coverage import pulls as pulls_of
from models.validation.lengths import LengthPairs
from pipelines.pages.elements import Plot
from pipelines.pages.render import count, percent
from pipelines.validate import plots
from pipelines.validate.numbers import Bins, NumberGroup, scaled_lengths
from pipelines.validate.sample import ValidationSample, paper_axes, paper_pairs

UNITS = {"px": "px", "arcsec": "arcsec", "kpc": "kpc", "over_r90": "petroR90", "paper": "paper’s h⁻¹ kpc"}  # noqa: E501  # fmt: skip
AXES = {
    "length": "true bar length",
    "angle_deg": "position angle of the bar [deg]",
    "inclination": "inclination",
    "redshift": "redshift",
    "snr": "signal-to-noise ratio",
    "psf_fwhm": "PSF FWHM",
    "true_axis_ratio": "true axis ratio of the bar",
    "petro_r90_arcsec": "petroR90 [arcsec]",
    "galaxy_radius_px": "galaxy radius [px of the image]",
    "bar_fraction": "bar fraction",
}


def length_plots(of: ValidationSample) -> list[Plot]:
    """Draw the lengths: figure 4 of paper 1, scaled lengths, null predictor, errors, grades."""
    paper, pairs = paper_pairs(of).both(), of.pairs.both()
    out = []
    if paper.truth.size > 1:
        out.append(_figure_4(paper, of))
        sized = pairs.where(np.isfinite(pairs.size) & (pairs.size > 0))
        if sized.truth.size > 1 and np.ptp(sized.size) > 1e-9 * sized.size.max():
            shown = paper_axes(sized) if of.truth.kind == "hoyle" else sized
            out += [_scaled(sized, of.size), _null(shown, of.size)]
    pull = pulls_of(pairs.truth, pairs.measured, pairs.truth_err, pairs.measured_err)
    if pull.size:
        text = (
            f"{percent(float(np.mean(np.abs(pull) <= 1)))} of {count(pull.size)} lengths are "
            f"within 1 sigma of the truth. Gaussian errors (line) would give {percent(GAUSSIAN_1)}"
        )
        svg = plots.pulls("pulls", pull)
        out.append(
            Plot(svg=svg, alt=f"Histogram of errors over sigma: {text}.", caption=f"{text}.")
        )
    return out + _grade_plot(of)


def _figure_4(p: LengthPairs, of: ValidationSample) -> Plot:
    unit = UNITS[p.unit]
    lines = {"slope": statistics.slope_through_origin(p.truth, p.measured)}
    svg = plots.scatter(
        "figure-4", p.truth, p.measured, p.measured_err,
        labels=(f"true bar length [{unit}]", f"measured bar length [{unit}]"),
        lines={f"slope {lines['slope']:.3f}": lines["slope"]},
    )  # fmt: skip
    text = f"Figure 4 of paper 1: {count(p.truth.size)} bars, ρ {_rho(p.truth, p.measured)}"
    if of.truth.kind == "hoyle":
        text += "; both axes are multiplied by the same petroR90"
    return Plot(svg=svg, alt=f"Measured against true length. {text}.", caption=f"{text}.")


def _scaled(p: LengthPairs, size: str) -> Plot:
    t, m, e = p.truth / p.size, p.measured / p.size, p.measured_err / p.size
    svg = plots.scatter("scaled", t, m, e, labels=("true length / size", "measured length / size"))
    text = f"The same bars in units of {size}: ρ {_rho(t, m)}"
    return Plot(svg=svg, alt=f"Measured against true length. {text}.", caption=f"{text}.")


def _null(p: LengthPairs, size: str) -> Plot:
    unit = UNITS[p.unit]
    predicted = statistics.slope_through_origin(p.size, p.truth) * p.size
    svg = plots.scatter(
        "null", p.truth, predicted, np.full_like(predicted, np.nan),
        labels=(f"true bar length [{unit}]", f"constant × size [{unit}]"),
    )  # fmt: skip
    text = f"No measurement at all: a constant times {size}, ρ {_rho(p.truth, predicted)}"
    return Plot(svg=svg, alt=f"The null predictor against true length. {text}.", caption=f"{text}.")


def table_plot(truth: np.ndarray, size: np.ndarray) -> Plot:
    """Draw the null predictor for the whole published table, on paper 1's axis.

    `truth` and `size` are full lengths and petroR90, (N,), in arcseconds.
    """
    t, s = statistics.finite(truth, size)
    pairs = LengthPairs(unit="arcsec", truth=t, truth_err=t, measured=t, measured_err=t, size=s)
    return _null(paper_axes(pairs), "petroR90")


def _rho(x: np.ndarray, y: np.ndarray) -> str:
    return f"{statistics.pearson(x, y):.3f}"


def _grade_plot(of: ValidationSample) -> list[Plot]:
    if of.truth.kind != "efigi":
        return []
    grade, scaled = statistics.finite(of.matched.columns["grade"], scaled_lengths(of))
    if grade.size < 2:
        return []
    rho = statistics.spearman(scaled, grade)
    text = f"Measured length against the experts’ grade, {count(grade.size)} galaxies of any inclination: Spearman ρ {rho:.3f}. Lines: medians and central 68 %"  # noqa: E501
    return [Plot(svg=plots.grades("grades", grade, scaled), alt=f"{text}.", caption=f"{text}.")]


def trend_plots(bins: Bins) -> list[Plot]:
    """Draw the relative error against each quantity."""
    out = []
    for i, (name, parts) in enumerate(bins.items()):
        label = AXES.get(name, name)
        n = sum(b.bias.n for b in parts)
        text = f"Relative error against {label}: {count(n)} bars in {len(parts)} bins"
        out.append(
            Plot(svg=plots.trend(f"trend-{i}", parts, label), alt=f"{text}.", caption=f"{text}.")
        )
    return out


def decile_plot(groups: list[NumberGroup]) -> list[Plot]:
    """Draw the differences between two runs; empty if there is only one run."""
    found = [n for g in groups for n in g.numbers if n.name.startswith("decile_error_")]
    if not found:
        return []
    text = "Mean difference of two independent runs in deciles of length (the error of paper 1)"
    svg = plots.deciles("deciles", found, UNITS[found[0].unit])
    return [Plot(svg=svg, alt=f"{text}.", caption=f"{text}.")]
