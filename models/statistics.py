"""Statistics that compare measurements with the truth. numpy only.

Every function leaves out the entries where any of its inputs is not finite. It returns NaN where
the remaining entries define no value (too few, no spread), and raises ValueError for inputs of
unequal length.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

Statistic = Callable[..., float]
"""A function that computes one number from one or more (N,) arrays."""


def auc(scores: ArrayLike, labels: ArrayLike) -> float:
    """Return the area under the ROC curve.

    This is the probability that a true case scores above a false one; ties count half. scores:
    (N,), any unit; labels: (N,), true where above 0.5. Computed as Mann-Whitney's U divided by the
    number of pairs (Hanley & McNeil 1982, Radiology 143, 29). NaN unless both classes occur.
    """
    s, flags = finite(scores, labels)
    true = flags > 0.5
    positives, negatives = int(true.sum()), int((~true).sum())
    if not positives or not negatives:
        return float("nan")
    rank_sum = float(ranks(s)[true].sum())
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def pearson(x: ArrayLike, y: ArrayLike) -> float:
    """Return Pearson's correlation coefficient of x and y, (N,) each, in [-1, 1]."""
    a, b = finite(x, y)
    if a.size < 2:
        return float("nan")
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float(np.clip((a * b).sum() / norm, -1.0, 1.0)) if norm > 0 else float("nan")


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """Return Spearman's rank correlation; ties share their mean rank."""
    a, b = finite(x, y)
    return pearson(ranks(a), ranks(b))


def partial_pearson(x: ArrayLike, y: ArrayLike, given: ArrayLike) -> float:
    """Return Pearson's correlation of x and y, (N,) each, without the part that `given` explains.

    This is the correlation of the residuals of straight-line fits on `given`,
    (r_xy - r_xg r_yg) / sqrt((1 - r_xg^2) (1 - r_yg^2)). A constant `given` explains nothing. NaN
    where `given` explains x or y completely, to rounding.
    """
    a, b, g = finite(x, y, given)
    if a.size < 3:
        return float("nan")
    rest_a, rest_b = _unexplained(a, g), _unexplained(b, g)
    for rest, whole in ((rest_a, a), (rest_b, b)):
        if rest.std() <= 1e-9 * whole.std():
            return float("nan")
    return pearson(rest_a, rest_b)


def _unexplained(values: Floats, given: Floats) -> Floats:
    centred, by = values - values.mean(), given - given.mean()
    norm = float((by * by).sum())
    return np.asarray(centred - by * (float((by * centred).sum()) / norm)) if norm > 0 else centred


def root_mean_square_error(truth: ArrayLike, measured: ArrayLike) -> float:
    """Return the square root of the mean of (measured - truth)^2, in the unit of both."""
    a, b = finite(truth, measured)
    return float(np.sqrt(np.mean((b - a) ** 2))) if a.size else float("nan")


def slope_through_origin(x: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Fit b of y = b x by weighted least squares: sum(w x y) / sum(w x x).

    weights: (N,), inverse variances of y for the best slope; None: equal weights. Raises
    ValueError for a negative weight.
    """
    w = np.ones(np.shape(x)) if weights is None else weights
    a, b, v = finite(x, y, w)
    if (v < 0).any():
        raise ValueError(f"a weight is {v.min():g}: weights are inverse variances, at least 0")
    norm = float((v * a * a).sum())
    return float((v * a * b).sum()) / norm if norm > 0 else float("nan")


def median_absolute_error(x: ArrayLike, y: ArrayLike) -> float:
    """Return the median of |y - x|, in the unit of x and y."""
    a, b = finite(x, y)
    return float(np.median(np.abs(b - a))) if a.size else float("nan")


def median_relative_error(truth: ArrayLike, measured: ArrayLike) -> float:
    """Return the median of |measured - truth| / |truth|; entries of truth 0 are left out."""
    a, b = finite(truth, measured)
    a, b = a[a != 0], b[a != 0]
    return float(np.median(np.abs(b - a) / np.abs(a))) if a.size else float("nan")


def median_relative_bias(truth: ArrayLike, measured: ArrayLike) -> float:
    """Return the median of (measured - truth) / |truth|; entries of truth 0 are left out."""
    a, b = finite(truth, measured)
    a, b = a[a != 0], b[a != 0]
    return float(np.median((b - a) / np.abs(a))) if a.size else float("nan")


def angle_difference_deg(a: ArrayLike, b: ArrayLike) -> Floats:
    """Return the smallest angle between two axes (180 deg apart is the same axis), in [0, 90].

    a, b: position angles in degrees, any range, broadcast together. NaN stays NaN.
    """
    folded = np.mod(np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64), 180.0)
    return np.asarray(np.minimum(folded, 180.0 - folded))


def bootstrap_interval(
    statistic: Statistic,
    *arrays: ArrayLike,
    level: float = 0.68,
    resamples: int = 500,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the central interval of `statistic(*arrays)` by resampling entries with replacement.

    arrays: (N,) each, resampled together. `level` is the share of resamples inside the interval
    (0.68: one sigma), by percentiles (Efron & Tibshirani 1993, chapter 13). Resamples whose
    statistic is NaN are left out; if none is left, returns (NaN, NaN). The same seed gives the same
    interval. Raises ValueError for `level` outside 0 to 1 and for `resamples` below 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"level={level!r} must lie between 0 and 1, for instance 0.68")
    if resamples < 1:
        raise ValueError(f"resamples={resamples!r} must be at least 1")
    columns = finite(*arrays)
    size = columns[0].size
    if size == 0:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    values = np.empty(resamples)
    for i in range(resamples):
        chosen = rng.integers(0, size, size)
        values[i] = statistic(*(column[chosen] for column in columns))
    values = values[np.isfinite(values)]
    if not values.size:
        return float("nan"), float("nan")
    low, high = np.quantile(values, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)


def ranks(values: ArrayLike) -> Floats:
    """Return the ranks of (N,) values from 1; equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(
        np.asarray(values, dtype=np.float64), return_inverse=True, return_counts=True
    )
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], dtype=np.float64)


def finite(*arrays: ArrayLike) -> tuple[Floats, ...]:
    """Return the arrays, (N,) each, as float64, without the entries where any is not finite."""
    columns = [np.asarray(a, dtype=np.float64).ravel() for a in arrays]
    if len({c.size for c in columns}) > 1:
        raise ValueError(
            f"inputs of lengths {', '.join(str(c.size) for c in columns)} cannot be compared: "
            "give one value of each input for every galaxy"
        )
    good = np.all([np.isfinite(c) for c in columns], axis=0)
    return tuple(c[good] for c in columns)
