"""Compute the numbers of a validation: the paper's, and those that galaxy size cannot explain.

Paper 1 (Bhambra, Joachimi & Lahav 2022, section 5) compares lengths that are multiplied by the same
petroR90 on both axes. The honest numbers remove the size: correlations of lengths in units of the
size, or given the size, and predictors that know only the size (`models.validation.nulls`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models import statistics
from models.statistics import Floats
from models.validation.coverage import coverage_numbers, pulls
from models.validation.nulls import null_numbers
from models.validation.numbers import DEFAULT, BootstrapParams, Number, number, share
from models.validation.regression import slopes


@dataclass(frozen=True, kw_only=True)
class LengthPairs:
    """True and measured full lengths of the same galaxies, (N,) each, in one `unit`.

    Values that are not finite are unknown or not measured; a truth counts only above 0. Errors are
    1 sigma. `size`: the galaxy's size in the same unit, for the null predictors; NaN if not known.
    """

    unit: str
    truth: Floats
    truth_err: Floats
    measured: Floats
    measured_err: Floats
    size: Floats

    def both(self) -> LengthPairs:
        """Return the pairs that have both lengths, with a truth above 0."""
        good = np.isfinite(self.truth) & np.isfinite(self.measured) & (self.truth > 0)
        return self.where(good)

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> LengthPairs:
        """Return the pairs `chosen` (flags or indices)."""
        return LengthPairs(
            unit=self.unit,
            truth=self.truth[chosen],
            truth_err=self.truth_err[chosen],
            measured=self.measured[chosen],
            measured_err=self.measured_err[chosen],
            size=self.size[chosen],
        )

    def times(self, truth: float, measured: float, unit: str) -> LengthPairs:
        """Multiply true and measured lengths by factors, to another unit.

        Sizes are multiplied like the measured lengths.
        """
        return LengthPairs(
            unit=unit,
            truth=self.truth * truth,
            truth_err=self.truth_err * truth,
            measured=self.measured * measured,
            measured_err=self.measured_err * measured,
            size=self.size * measured,
        )


def paper_numbers(pairs: LengthPairs, params: BootstrapParams = DEFAULT) -> list[Number]:
    """Return rho, RMSE and the slopes through the origin, for pairs with both lengths."""
    p = pairs.both()
    return [
        number("rho", statistics.pearson, p.truth, p.measured, params=params),
        number(
            "rmse",
            statistics.root_mean_square_error,
            p.truth,
            p.measured,
            unit=p.unit,
            params=params,
        ),
        *slopes(p.truth, p.measured, p.truth_err, p.measured_err, params),
    ]


def honest_numbers(pairs: LengthPairs, params: BootstrapParams = DEFAULT) -> list[Number]:
    """Return errors, and correlations without the effect of size, for pairs with both lengths.

    Numbers that need a size are left out if no pair has one.
    """
    p = pairs.both()
    out = [
        number("spearman", statistics.spearman, p.truth, p.measured, params=params),
        number(
            "median_relative_error",
            statistics.median_relative_error,
            p.truth,
            p.measured,
            params=params,
        ),
        number(
            "median_relative_bias",
            statistics.median_relative_bias,
            p.truth,
            p.measured,
            params=params,
        ),
        number(
            "median_absolute_error",
            statistics.median_absolute_error,
            p.truth,
            p.measured,
            unit=p.unit,
            params=params,
        ),
    ]
    sized = p.where(np.isfinite(p.size) & (p.size > 0))
    if sized.truth.size:
        t, m, s = sized.truth, sized.measured, sized.size
        out += [
            number("scaled_rho", statistics.pearson, t / s, m / s, params=params),
            number("scaled_spearman", statistics.spearman, t / s, m / s, params=params),
            number("partial_rho", statistics.partial_pearson, t, m, s, params=params),
        ]
    pull = pulls(p.truth, p.measured, p.truth_err, p.measured_err)
    return out + (coverage_numbers(pull, params) if pull.size else [])


def matched_nulls(pairs: LengthPairs, params: BootstrapParams = DEFAULT) -> list[Number]:
    """Score the null predictors on the same pairs as the other numbers; none without sizes."""
    p = pairs.both()
    found = null_numbers(p.truth, p.size, unit=p.unit, params=params)
    return [n for n in found if n.n]


def detection_numbers(
    barred: Floats, scores: dict[str, Floats], measured: Floats, params: BootstrapParams = DEFAULT
) -> list[Number]:
    """Compare barred with unbarred galaxies: `auc_SCORE`, and the shares of both with a length.

    barred: (N,), 1 barred, 0 not, NaN unknown. scores: (N,) each. measured: (N,) lengths.
    """
    known, has_length = np.isfinite(barred), np.isfinite(measured)
    true, false = known & (barred > 0.5), known & (barred <= 0.5)
    out = []
    if true.any() and false.any():
        out += [
            number(f"auc_{name}", statistics.auc, values, barred, params=params)
            for name, values in scores.items()
        ]
    out += [share("measured_of_barred", has_length[true], params)] if true.any() else []
    out += [share("measured_of_unbarred", has_length[false], params)] if false.any() else []
    return out
