"""Compare measured bars with true bars in a few numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models import statistics


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its central 68 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Agreement of measured bars with true bars.

    Attributes
    ----------
    n
        Number of pairs of lengths.
    pearson, spearman, slope
        Correlations of the lengths, and their slope through the origin with equal weights.
    error, relative_error
        Median of |measured - true|, in the unit of the lengths and over the true length.
    within_2_sigma
        Share of lengths within 2 sigma of the truth; NaN without errors.
    angle_n, angle_error_deg
        Number of pairs of angles, and their median difference.
    """

    n: int
    pearson: Estimate
    spearman: Estimate
    slope: Estimate
    error: float
    relative_error: float
    within_2_sigma: float
    angle_n: int
    angle_error_deg: float


def agreement(
    *,
    true_length: ArrayLike,
    length: ArrayLike,
    length_err: ArrayLike,
    true_angle_deg: ArrayLike,
    angle_deg: ArrayLike,
    resamples: int = 300,
) -> Agreement:
    """Compare measured bars with true bars; arrays (N,), NaN where there is no value.

    Lengths must have one unit; pairs need a true length above 0. Angles must be in one frame,
    degrees.
    """
    t, m, e = (np.asarray(a, dtype=np.float64) for a in (true_length, length, length_err))
    pairs = np.isfinite(t) & np.isfinite(m) & (t > 0)
    differences = statistics.angle_difference_deg(angle_deg, true_angle_deg)[pairs]
    differences = differences[np.isfinite(differences)]
    t, m, e = t[pairs], m[pairs], e[pairs]
    return Agreement(
        n=int(pairs.sum()),
        pearson=_estimate(statistics.pearson, t, m, resamples),
        spearman=_estimate(statistics.spearman, t, m, resamples),
        slope=_estimate(statistics.slope_through_origin, t, m, resamples),
        error=statistics.median_absolute_error(t, m),
        relative_error=statistics.median_relative_error(t, m),
        within_2_sigma=_reached(t, m, e),
        angle_n=int(differences.size),
        angle_error_deg=float(np.median(differences)) if differences.size else float("nan"),
    )


def _estimate(
    statistic: statistics.Statistic, x: NDArray[np.float64], y: NDArray[np.float64], resamples: int
) -> Estimate:
    low, high = statistics.bootstrap_interval(statistic, x, y, resamples=resamples)
    return Estimate(value=statistic(x, y), low=low, high=high)


def _reached(
    truth: NDArray[np.float64], measured: NDArray[np.float64], errors: NDArray[np.float64]
) -> float:
    t, m, e = statistics.finite(truth, measured, errors)
    return float(np.mean(np.abs(m - t) <= 2 * e)) if t.size else float("nan")
