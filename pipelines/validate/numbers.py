"""Compute the numbers of a validation, in groups; each group is about one choice of galaxies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from catalogues.bars import CONTROL
from catalogues.galaxyzoo import COLUMNS
from catalogues.truth.length_units import CATALOGUE_COLUMN
from models import statistics
from models.validation import lengths as validation
from models.validation import trends
from models.validation.grade_ceilings import grade_ceilings, presence_ceiling
from models.validation.grades import CLEAR, FACE_ON, clear_bars, grade_numbers
from models.validation.misclassified import answer_numbers
from models.validation.nulls import null_numbers
from models.validation.numbers import BootstrapParams, Number, number
from models.validation.regression import decile_errors
from pipelines.validate.sample import PAPER_UNIT, ValidationSample, paper_axes, paper_pairs

Floats = NDArray[np.float64]

RESOLVED_PSF = 3.0
"""Minimum length of a resolved bar, in PSF FWHM."""


@dataclass(frozen=True, kw_only=True)
class NumberGroup:
    """Numbers of the same galaxies.

    Attributes
    ----------
    name
        Name of the group.
    title
        Title of the group on the page.
    note
        Which galaxies and numbers these are, for the page.
    source
        Value of the column `source` in the table of numbers.
    numbers
        The numbers.
    """

    name: str
    title: str
    note: str
    source: str
    numbers: tuple[Number, ...]


def table_group(kind: str, arcsec: Floats, size: Floats, params: BootstrapParams) -> NumberGroup:
    """Compute the null predictors' numbers for the whole published table, on paper 1's axis.

    `arcsec` and `size` are full lengths and petroR90, (N,), in arcseconds.
    """
    nothing = np.full_like(arcsec, np.nan)
    lengths = {"truth": arcsec, "measured": nothing, "size": size}
    errors = {"truth_err": nothing, "measured_err": nothing}
    axes = paper_axes(validation.LengthPairs(unit="arcsec", **lengths, **errors))
    return NumberGroup(
        name="table",
        title="Null predictors on the whole table",
        note="No measurement at all. The published lengths, on the axis of paper 1’s figure 4 "
        "(0.7 × length_scaled × petroR90, with petroR90 rebuilt), are compared with a constant "
        "times petroR90, and with other galaxies’ length_scaled times petroR90. A measurement "
        "must be better than these.",
        source=f"{kind} table, paper's axis",
        numbers=tuple(null_numbers(axes.truth, axes.size, unit=PAPER_UNIT, params=params)),
    )


Bins = Mapping[str, Sequence[trends.TrendBin]]
"""By the name of a quantity: errors in bins of it."""


def groups(of: ValidationSample, bins: Bins, params: BootstrapParams) -> list[NumberGroup]:
    """Compute all groups that the columns allow. `bins` is from `binned`.

    Groups without numbers are left out.
    """
    made = [_paper(of, params), _nulls(of, params), _honest(of, params), _resolved(of, params)]
    made += [_other_units(of, params), _angles(of, params), _detection(of, params)]
    made += [_grades(of, params), _control(of, params), _trends(of, bins, params)]
    made += [_answers(of, params)]
    return [group for group in made if group.numbers]


def _group(
    of: ValidationSample, name: str, title: str, note: str, numbers: Iterable[Number]
) -> NumberGroup:
    kept = tuple(n for n in numbers if n.n)
    return NumberGroup(name=name, title=title, note=note, source=of.source(name), numbers=kept)


def _paper(of: ValidationSample, params: BootstrapParams) -> NumberGroup:
    found = validation.paper_numbers(paper_pairs(of), params)
    again = of.again()
    if again is not None:
        found += decile_errors(of.pairs.measured, again, unit=of.pairs.unit, params=params)
    note = "Measured against true lengths, as in section 5 of paper 1."
    if of.truth.kind == "hoyle":
        note += " Both axes are multiplied by the same petroR90, as in figure 4 of the paper."
    return _group(of, "paper", "The paper’s numbers", note, found)


def _nulls(of: ValidationSample, params: BootstrapParams) -> NumberGroup:
    pairs = paper_axes(of.pairs) if of.truth.kind == "hoyle" else of.pairs
    found = [n for n in validation.matched_nulls(pairs, params) if np.isfinite(n.value)]
    note = (
        f"The same galaxies and axes, but predictors that know only {of.size}, not the bar: "
        "a constant times this size, and other galaxies’ lengths in units of this size."
    )
    return _group(of, "null", "Null predictors on the same galaxies", note, found)


def _honest(of: ValidationSample, params: BootstrapParams) -> NumberGroup:
    found = validation.honest_numbers(of.pairs, params)
    note = "Numbers to which the galaxies’ sizes add no correlation."
    if of.size:
        note += f" Scaled: in units of {of.size}. Partial: for a given {of.size}."
    return _group(of, "honest", "Numbers without the effect of galaxy size", note, found)


def _resolved(of: ValidationSample, params: BootstrapParams) -> NumberGroup:
    c = of.matched.columns
    long = c["true_length_px"] > RESOLVED_PSF * c["true_psf_fwhm_px"]
    found: list[Number] = []
    if long.any():
        pairs = of.pairs.where(long)
        found = validation.paper_numbers(pairs, params) + validation.honest_numbers(pairs, params)
    note = f"Only bars longer than {RESOLVED_PSF:g} times the FWHM of the point-spread function."
    return _group(of, "resolved", "Resolved bars", note, found)


def _control(of: ValidationSample, params: BootstrapParams) -> NumberGroup:
    found: list[Number] = []
    if (pairs := of.control()) is not None:
        pairs = paper_axes(pairs) if of.truth.kind == "hoyle" else pairs
        found = validation.paper_numbers(pairs, params) + validation.honest_numbers(pairs, params)
        if of.truth.kind == "efigi":
            c, scaled = of.matched.columns, scaled_lengths(of, CONTROL.name)
            scaled = np.where(np.isfinite(c["bar_length_px"]), scaled, np.nan)
            found += grade_numbers(c["grade"], c["trend_inclination"], scaled, {}, params)
    note = (
        "The same galaxies, with the lengths of a network that predicts them without a map "
        "(paper 1, section 5)."
    )
    return _group(of, "control", "The control", note, found)


def _other_units(of: ValidationSample, params: BootstrapParams) -> NumberGroup:
    """Compute correlation and slope in the other units of the truth."""
    c, found = of.matched.columns, []
    for unit in ("px", "arcsec", "kpc"):
        t, m = c[f"true_length_{unit}"], c[CATALOGUE_COLUMN[unit]]
        good = (t > 0) & np.isfinite(m)
        if unit != of.pairs.unit and good.any():
            for name, statistic in (
                ("rho", statistics.pearson),
                ("spearman", statistics.spearman),
                ("slope", statistics.slope_through_origin),
            ):
                found.append(number(f"{name}_{unit}", statistic, t[good], m[good], params=params))
    note = "The same bars in other units. Distances and sizes add to these correlations, too."
    return _group(of, "units", "In other units", note, found)


def _angles(of: ValidationSample, params: BootstrapParams) -> NumberGroup:
    c, p = of.matched.columns, of.pairs
    errors = statistics.angle_difference_deg(c["bar_position_angle_deg"], c["true_angle_deg"])
    errors = np.where(p.truth > 0, errors, np.nan)
    found = [number("median_angle_error", _median, errors, unit="deg", params=params)]
    found += trends.angle_trend(c["true_angle_deg"], p.truth, p.measured, params)
    note = (
        "Errors of the position angle, and how much the relative error of the length varies with "
        "the bar’s angle."
    )
    return _group(of, "angles", "Position angles", note, found)


def _median(values: Floats) -> float:
    return float(np.median(values)) if values.size else float("nan")


def scores(of: ValidationSample) -> dict[str, Floats]:
    """Return the scores that say whether there is a bar, by name."""
    return {name: of.matched.columns[name] for name in ("bar_fraction", "bar_yes")}


def _detection(of: ValidationSample, params: BootstrapParams) -> NumberGroup:
    found: list[Number] = []
    if of.truth.kind != "efigi":  # EFIGI's grades need inclinations: see _grades
        barred = of.matched.columns["true_barred"]
        lengths = of.matched.columns["bar_length_px"]
        found = validation.detection_numbers(barred, scores(of), lengths, params)
    note = "Galaxies with a known bar, compared with galaxies that are known to have none."
    return _group(of, "detection", "Finding bars", note, found)


def scaled_lengths(of: ValidationSample, name: str = "bar_length_px") -> Floats:
    """Return the column `name` (lengths in pixels) in units of the galaxy's radius in the image."""
    c = of.matched.columns
    return c[name] / np.where(c["galaxy_radius_px"] > 0, c["galaxy_radius_px"], np.nan)


def _grades(of: ValidationSample, params: BootstrapParams) -> NumberGroup:
    c, found = of.matched.columns, []
    if of.truth.kind == "efigi":
        scaled, tilt = scaled_lengths(of), c["trend_inclination"]
        found = grade_numbers(c["grade"], tilt, scaled, scores(of), params)
        clear, face_on = clear_bars(c["grade"], tilt), tilt <= FACE_ON
        grade, low, high = c["grade"], c["grade_low"], c["grade_high"]
        found += grade_ceilings(grade[clear], low[clear], high[clear], scaled[clear], params)
        found += presence_ceiling(grade[face_on], low[face_on], high[face_on], CLEAR, params)
    note = (
        "Galaxies with inclination grades up to 0.5. AUC: bar grades of at least 0.5 against 0. "
        "Spearman: measured length / galaxy radius against the grade, for grades of at least 0.5 "
        "(clear) and 0.25 (faint). Null: how well the votes alone predict the grades. Ceiling: "
        "the best that true bars, true lengths, and lengths with a relative error could reach, by "
        "the experts’ bounds of the grades."
    )
    return _group(of, "grades", "Comparison with the experts’ grades", note, found)


def quantities(of: ValidationSample) -> dict[str, Floats]:
    """Return the quantities that the accuracy is compared with, by name; only if they vary."""
    c = of.matched.columns
    found = {name: c[f"trend_{name}"] for name in of.truth.trends}
    found = {"length": of.pairs.truth, "angle_deg": c["true_angle_deg"]} | found
    found |= {"petro_r90_arcsec": c["petro_r90_arcsec"], "galaxy_radius_px": c["galaxy_radius_px"]}
    found |= {"bar_fraction": c["bar_fraction"]}
    found.setdefault("redshift", c["z"])
    both = np.isfinite(of.pairs.truth) & np.isfinite(of.pairs.measured)
    return {name: values for name, values in found.items() if _varies(values[both])}


def _varies(values: Floats) -> bool:
    known = values[np.isfinite(values)]
    return bool(known.size and known.min() < known.max())


def binned(of: ValidationSample, params: BootstrapParams) -> dict[str, list[trends.TrendBin]]:
    """Compute errors in bins of each quantity that fills at least two bins."""
    p = of.pairs
    found = {
        name: trends.bins(values, p.truth, p.measured, params=params)
        for name, values in quantities(of).items()
    }
    return {name: bins for name, bins in found.items() if bins}


def _trends(of: ValidationSample, bins: Bins, params: BootstrapParams) -> NumberGroup:
    p, values = of.pairs, quantities(of)
    found = [
        trends.trend(name, values[name], p.truth, p.measured, params)
        for name in values
        if name != "angle_deg"  # an angle is periodic: it has no ranks
    ]
    for name, parts in bins.items():
        for b in parts:
            place = f"[{name}={b.low:.4g}..{b.high:.4g}]"
            found += [replace(n, name=n.name + place) for n in (b.bias, b.error)]
    note = (
        "Spearman’s rank correlation of the relative error (measured − true) / true with other "
        "quantities; 0 if the error does not depend on the quantity."
    )
    return _group(of, "trends", "What the error depends on", note, found)


def _answers(of: ValidationSample, params: BootstrapParams) -> NumberGroup:
    c, found = of.matched.columns, []
    if of.truth.votes:
        found = answer_numbers(
            _votes([c[f"vote_{n}"] for n in COLUMNS]),
            _votes([c[f"predicted_{n}"] for n in COLUMNS]),
            params,
        )
    note = (
        "Share of galaxies whose most frequent answer differs from the volunteers’, among the "
        "galaxies for which most volunteers reached the question; and the RMSE of all known vote "
        "fractions."
    )
    return _group(of, "answers", "Answers and votes", note, found)


def _votes(columns: Sequence[Floats]) -> Floats:
    return np.stack(columns, axis=1)
