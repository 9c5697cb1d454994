"""Fit measured against true lengths through the origin, and estimate errors from two runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from models import statistics
from models.statistics import Floats
from models.validation.numbers import DEFAULT, BootstrapParams, Number, number


def slopes(
    truth: ArrayLike,
    measured: ArrayLike,
    truth_err: ArrayLike,
    measured_err: ArrayLike,
    params: BootstrapParams = DEFAULT,
) -> list[Number]:
    """Fit b of measured = b truth with three weightings; arrays (N,) in one unit, errors 1 sigma.

    `slope`: equal weights. `slope_paper_weights`: 1 / (sigma_truth + sigma_measured), as in the
    published code of paper 1. `slope_inverse_variance`: 1 / (sigma_truth^2 + sigma_measured^2).
    A missing error counts as 0 if the other is known. Weighted slopes use only pairs with an error
    above 0.
    """
    t, m = (np.asarray(a, dtype=np.float64) for a in (truth, measured))
    sum_of, variance = error_sums(truth_err, measured_err)
    return [
        number("slope", statistics.slope_through_origin, t, m, params=params),
        number(
            "slope_paper_weights", statistics.slope_through_origin, t, m, 1 / sum_of, params=params
        ),
        number(
            "slope_inverse_variance",
            statistics.slope_through_origin,
            t,
            m,
            1 / variance,
            params=params,
        ),
    ]


def error_sums(truth_err: ArrayLike, measured_err: ArrayLike) -> tuple[Floats, Floats]:
    """Return the sum of the two errors and of their squares, NaN where neither is above 0."""
    a, b = (np.nan_to_num(np.asarray(e, dtype=np.float64)) for e in (truth_err, measured_err))
    known = (a > 0) | (b > 0)
    return np.where(known, a + b, np.nan), np.where(known, a * a + b * b, np.nan)


def decile_errors(
    length: ArrayLike,
    again: ArrayLike,
    *,
    unit: str = "",
    deciles: int = 10,
    params: BootstrapParams = DEFAULT,
) -> list[Number]:
    """Return the mean |l1 - l2| of two independent runs, within deciles of their mean length.

    Paper 1, section 5, uses this as the error of a length (`decile_error_1`: the shortest lengths).
    length, again: (N,). Fewer pairs than deciles give fewer groups; no pairs give none.
    """
    a, b = statistics.finite(length, again)
    order = np.argsort((a + b) / 2, kind="stable")
    groups = [g for g in np.array_split(order, deciles) if g.size]
    return [
        number(f"decile_error_{i}", _mean_difference, a[g], b[g], unit=unit, params=params)
        for i, g in enumerate(groups, start=1)
    ]


def decile_of(length: ArrayLike, again: ArrayLike, deciles: int = 10) -> Floats:
    """Return the decile error of each pair's own decile, (N,), NaN where a length is missing."""
    a, b = (np.asarray(v, dtype=np.float64) for v in (length, again))
    out = np.full(a.shape, np.nan)
    good = np.flatnonzero(np.isfinite(a) & np.isfinite(b))
    order = good[np.argsort((a + b)[good] / 2, kind="stable")]
    for group in np.array_split(order, deciles):
        if group.size:
            out[group] = _mean_difference(a[group], b[group])
    return out


def _mean_difference(a: Floats, b: Floats) -> float:
    return float(np.mean(np.abs(a - b))) if a.size else float("nan")
