"""Compute the best correlation with experts' grades that the grades' uncertainty allows.

A grade stands for a range of lengths, and EFIGI gives bounds to each grade (Baillard et al. 2011,
section 3.2). If a bar's true grade lies anywhere between its bounds, even lengths without errors
correlate imperfectly with the grades, and lengths with errors correlate less.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models import statistics
from models.statistics import Floats
from models.validation.numbers import DEFAULT, BootstrapParams, Number

STEP = 0.25
"""Step between grades. A grade stands for all values that are nearest to it."""

RELATIVE_ERRORS = (0.1, 0.15, 0.2)
_DRAWS = 200


def grade_ceilings(
    grade: Floats, low: Floats, high: Floats, scaled: Floats, params: BootstrapParams = DEFAULT
) -> list[Number]:
    """Compute Spearman's rho of grades (N,) with truths that their bounds `low`, `high` (N,) allow.

    ceiling_exact: with true grades, each drawn uniformly from half a STEP below its lower bound to
    half a STEP above its upper bound. ceiling_error_E: with lengths that have a relative error E.
    The length of a grade is the median of `scaled` (N,), lengths over the galaxy's size; left out
    if these medians do not increase with the grade.

    Intervals contain the sampling of galaxies and the draws. Galaxies without a length or bounds do
    not count. Empty for fewer than three galaxies, or for a single grade.
    """
    grade, low, high, scaled = statistics.finite(grade, low, high, np.where(scaled > 0, scaled, np.nan))  # noqa: E501  # fmt: skip
    grades = np.unique(grade)
    if grade.size < 3 or grades.size < 2:
        return []
    medians = np.array([np.median(np.log(scaled[grade == g])) for g in grades])
    errors = RELATIVE_ERRORS if (np.diff(medians) > 0).all() else ()
    generator = np.random.default_rng(params.seed)
    found: dict[str, list[float]] = {}
    for _ in range(_DRAWS):
        some, truth = _drawn(low, high, generator)
        lengths = _extended(truth, grades, medians)
        found.setdefault("exact", []).append(statistics.spearman(truth, grade[some]))
        for error in errors:
            noisy = lengths + generator.normal(0, error, grade.size)
            found.setdefault(f"error_{error:g}", []).append(statistics.spearman(noisy, grade[some]))
    return [_number(f"ceiling_{name}", rhos, grade.size, params) for name, rhos in found.items()]


def presence_ceiling(
    grade: Floats, low: Floats, high: Floats, clear: float, params: BootstrapParams = DEFAULT
) -> list[Number]:
    """Compute AUC(grade >= `clear` against 0) of truths that the grades' bounds, (N,) each, allow.

    Truths are drawn as in `grade_ceilings`. Galaxies without bounds and other grades are left out.
    Empty if one of the two kinds is missing.
    """
    grade, low, high = statistics.finite(grade, low, high)
    judged = (grade == 0) | (grade >= clear)
    grade, low, high = grade[judged], low[judged], high[judged]
    if len(np.unique(grade >= clear)) < 2:
        return []
    generator = np.random.default_rng(params.seed)
    found: list[float] = []
    for _ in range(_DRAWS):
        some, truth = _drawn(low, high, generator)
        found.append(statistics.auc(truth, grade[some] >= clear))
    return [_number("ceiling_auc", found, grade.size, params)]


def _drawn(
    low: Floats, high: Floats, generator: np.random.Generator
) -> tuple[NDArray[np.int64], Floats]:
    """Draw galaxies with replacement, and for each a truth that its bounds allow."""
    some = generator.integers(low.size, size=low.size)
    return some, generator.uniform(low[some] - STEP / 2, high[some] + STEP / 2)


def _number(name: str, rhos: list[float], count: int, params: BootstrapParams) -> Number:
    low, high = np.nanpercentile(rhos, [50 * (1 - params.level), 50 * (1 + params.level)])
    return Number(
        name=name, value=float(np.nanmean(rhos)), low=float(low), high=float(high), n=count
    )


def _extended(x: Floats, at: Floats, values: Floats) -> Floats:
    """Interpolate `values` at `at` linearly, and continue the outermost lines beyond."""
    k = np.clip(np.searchsorted(at, x) - 1, 0, len(at) - 2)
    slope = (values[k + 1] - values[k]) / (at[k + 1] - at[k])
    return np.asarray(values[k] + slope * (x - at[k]))
