"""Null predictors of bar lengths, which know only galaxy sizes: a correlation must beat them.

Lengths on the sky contain the galaxies' sizes on both axes. The two predictors use only the size:
one length for all galaxies in units of the size, and other galaxies' lengths in units of the size.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from models import statistics
from models.statistics import Floats
from models.validation.numbers import DEFAULT, BootstrapParams, Number, number

SHUFFLES = 200
"""Number of shuffles whose mean is the value. Each resample of the interval is shuffled once."""


def null_numbers(
    truth: ArrayLike, size: ArrayLike, *, unit: str = "", params: BootstrapParams = DEFAULT
) -> list[Number]:
    """Compute the scores of the two predictors. truth, size: (N,), in one unit.

    Entries without a positive size or length are left out. `null_constant_*`: c x size, with c by
    least squares through the origin, fitted again in each resample. `null_shuffled_*`: shuffled
    truth / size, times size; the interval contains sampling and shuffling.
    """
    t, s = positive(truth, size)
    out = [
        number("null_constant_rho", _constant_rho, t, s, params=params),
        number("null_constant_rmse", _constant_rmse, t, s, unit=unit, params=params),
        number("null_constant_median_relative_error", _constant_error, t, s, params=params),
    ]
    for name, statistic, of in (
        ("null_shuffled_rho", statistics.pearson, ""),
        ("null_shuffled_rmse", statistics.root_mean_square_error, unit),
        ("null_shuffled_median_relative_error", statistics.median_relative_error, ""),
    ):
        shuffled = _Shuffled(statistic, params.seed)
        once = number(name, shuffled, t, s, unit=of, params=params)
        value = float(np.mean([shuffled(t, s) for _ in range(SHUFFLES)]))
        out.append(replace(once, value=value))
    return out


def constant_times(truth: ArrayLike, size: ArrayLike) -> Floats:
    """Return c x size, (N,), with c by least squares through the origin."""
    s = np.asarray(size, dtype=np.float64)
    return np.asarray(statistics.slope_through_origin(s, truth) * s)


def positive(truth: ArrayLike, size: ArrayLike) -> tuple[Floats, Floats]:
    """Return the entries where both are finite and above 0."""
    t, s = statistics.finite(truth, size)
    good = (t > 0) & (s > 0)
    return t[good], s[good]


def _constant_rho(truth: Floats, size: Floats) -> float:
    """Return Pearson's rho of truth and size; NaN for sizes that differ by rounding only."""
    if size.size and np.ptp(size) <= 1e-9 * size.max():
        return float("nan")
    return statistics.pearson(truth, size)


def _constant_rmse(truth: Floats, size: Floats) -> float:
    return statistics.root_mean_square_error(truth, constant_times(truth, size))


def _constant_error(truth: Floats, size: Floats) -> float:
    return statistics.median_relative_error(truth, constant_times(truth, size))


class _Shuffled:
    """A statistic of the truth and a shuffled prediction, shuffled again in each call."""

    def __init__(self, statistic: statistics.Statistic, seed: int) -> None:
        self.statistic = statistic
        self.rng = np.random.default_rng(seed)

    def __call__(self, truth: Floats, size: Floats) -> float:
        return self.statistic(truth, self.rng.permutation(truth / size) * size)
