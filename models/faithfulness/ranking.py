"""Rank saliency methods on the same images: means, ranks and paired tests, with intervals.

All functions take the values (N,) of each method on the same N images, NaN where there is none. An
image counts only if every method has a value for it, so that all comparisons are paired.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import wilcoxon

from models.statistics import Statistic, bootstrap_interval, finite, ranks
from models.validation.agreement import Estimate

Floats = NDArray[np.float64]
Better = Literal["high", "low"]
Values = Mapping[str, ArrayLike]
"""Values (N,) by method."""

LEVEL = 0.95
"""Share of bootstrap resamples inside an interval."""

IMAGES_MIN = 5
"""Methods are ranked only on at least this many paired images."""

_RESAMPLES = 1000


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The standing of one method by one metric.

    Attributes
    ----------
    method
        Name of the method.
    n
        Number of images.
    mean
        Mean of the metric over the images.
    rank
        Mean over images of its rank among the methods: 1 is best, ties share their mean rank.
    p
        p-value of the paired Wilcoxon test against the method with the best mean, with Holm's
        correction for the number of tests; NaN for that method itself.
    """

    method: str
    n: int
    mean: Estimate
    rank: float
    p: float


@dataclass(frozen=True, kw_only=True)
class Overall:
    """The rank of one method, averaged over several metrics and then over n images."""

    method: str
    n: int
    rank: Estimate


@dataclass(frozen=True, kw_only=True)
class StatementTest:
    """Test, by one metric, of the statement that some methods are the best.

    Attributes
    ----------
    said
        "confirmed" if the interval of `gap` lies completely above 0, "contradicted" if it lies
        completely below 0, otherwise "undecided".
    n
        Number of images.
    gap
        Mean of the worst claimed method minus that of the best other method. Positive: all claimed
        methods are better.
    lead
        Mean of the best claimed method minus that of the best other method.
    first
        The best methods by their means, as many as the statement names.
    """

    said: Literal["confirmed", "contradicted", "undecided"]
    n: int
    gap: Estimate
    lead: Estimate
    first: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Gain:
    """The gain of a method over another value, by one metric, on the same n images.

    mean, other: means of both. gain: mean difference, positive if the method is better. p: p-value
    of the paired Wilcoxon test.
    """

    n: int
    mean: float
    other: float
    gain: Estimate
    p: float


def standings(values: Values, better: Better) -> list[Standing]:
    """Return the standings of all methods by one metric, the best mean first.

    Means have percentile bootstrap intervals. Wilcoxon's signed-rank test compares each method with
    the best; zero differences are split evenly between the signs; p-values have Holm's correction
    (1979). Empty for fewer than IMAGES_MIN images.
    """
    names, columns = _paired(values)
    if len(columns[0]) < IMAGES_MIN:
        return []
    order = _order(columns, better)
    best = columns[order[0]]
    raw = [paired_p(columns[i], best) for i in order[1:]]
    p_values = [float("nan"), *holm(raw)]
    placed = image_ranks(np.stack(columns), better).mean(axis=1)
    return [
        Standing(
            method=names[i], n=best.size, mean=_mean(columns[i]), rank=float(placed[i]), p=p,
        )
        for i, p in zip(order, p_values, strict=True)
    ]  # fmt: skip


def overall(metrics: Sequence[tuple[Values, Better]]) -> list[Overall]:
    """Rank the methods by several metrics over the same N images, the lowest mean rank first.

    Metrics with fewer than IMAGES_MIN paired images are left out. An image's rank is averaged over
    the remaining metrics that it has. Empty if no metric remains.
    """
    each: list[Floats] = []
    names: list[str] = []
    for values, better in metrics:
        names = list(values)
        table = np.stack([np.asarray(values[name], dtype=np.float64) for name in names])
        whole = np.isfinite(table).all(axis=0)
        if whole.sum() >= IMAGES_MIN:
            placed = np.full(table.shape, np.nan)
            placed[:, whole] = image_ranks(table[:, whole], better)
            each.append(placed)
    if not each:
        return []
    stacked = np.stack(each)
    seen = np.isfinite(stacked).any(axis=(0, 1))
    mean = np.nanmean(stacked[:, :, seen], axis=0)
    found = [Overall(method=m, n=r.size, rank=_mean(r)) for m, r in zip(names, mean, strict=True)]
    return sorted(found, key=lambda o: o.rank.value)


def verdict(values: Values, better: Better, claimed: Collection[str]) -> StatementTest | None:
    """Test whether the `claimed` methods are the best.

    Returns None for fewer than IMAGES_MIN images, if a claimed method is missing, or if there is no
    other method.
    """
    names, columns = _paired(values)
    mine = [i for i, name in enumerate(names) if name in claimed]
    others = [i for i, name in enumerate(names) if name not in claimed]
    if len(mine) != len(claimed) or not others or columns[0].size < IMAGES_MIN:
        return None
    sign = 1.0 if better == "high" else -1.0

    def gap(*resampled: Floats) -> float:
        means = [sign * float(c.mean()) for c in resampled]
        return min(means[i] for i in mine) - max(means[i] for i in others)

    def lead(*resampled: Floats) -> float:
        means = [sign * float(c.mean()) for c in resampled]
        return max(means[i] for i in mine) - max(means[i] for i in others)

    between = _estimate(gap, *columns)
    said: Literal["confirmed", "contradicted", "undecided"] = "undecided"
    if between.low > 0 or between.high < 0:
        said = "confirmed" if between.low > 0 else "contradicted"
    return StatementTest(
        said=said,
        n=columns[0].size,
        gap=between,
        lead=_estimate(lead, *columns),
        first=tuple(names[i] for i in _order(columns, better)[: len(mine)]),
    )


def gain(own: ArrayLike, other: ArrayLike, better: Better) -> Gain | None:
    """Return the gain of values `own` (N,) over `other` (N,); None for under IMAGES_MIN pairs."""
    mine, theirs = finite(own, other)
    if mine.size < IMAGES_MIN:
        return None
    difference = mine - theirs if better == "high" else theirs - mine
    return Gain(
        n=mine.size, mean=float(mine.mean()), other=float(theirs.mean()),
        gain=_mean(difference), p=paired_p(mine, theirs),
    )  # fmt: skip


def image_ranks(table: Floats, better: Better) -> Floats:
    """Rank values (M, N) among the M methods of each image: 1 is best, ties share their mean."""
    signed = -table if better == "high" else table
    return np.stack([ranks(column) for column in signed.T], axis=1)


def paired_p(a: ArrayLike, b: ArrayLike) -> float:
    """Return the two-sided p of Wilcoxon's signed-rank test (1945) on N pairs; 1 if all equal."""
    x, y = finite(a, b)
    difference = x - y
    if not difference.any():
        return 1.0
    return float(wilcoxon(difference, zero_method="zsplit", method="approx").pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Apply Holm's step-down correction (1979, Scand. J. Statist. 6, 65).

    The k-th smallest of m p-values is multiplied by m - k + 1; it is never below the previous
    corrected values, and never above 1.
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    corrected, highest = [0.0] * len(p_values), 0.0
    for k, i in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - k) * p_values[i]))
        corrected[i] = highest
    return corrected


def _paired(values: Values) -> tuple[list[str], list[Floats]]:
    return list(values), list(finite(*values.values()))


def _order(columns: Sequence[Floats], better: Better) -> list[int]:
    """Return the columns' order by mean, the best first; equal means keep their order."""
    means = [float(c.mean()) for c in columns]
    return sorted(range(len(columns)), key=lambda i: -means[i] if better == "high" else means[i])


def _mean(column: Floats) -> Estimate:
    return _estimate(lambda c: float(c.mean()), column)


def _estimate(statistic: Statistic, *columns: Floats) -> Estimate:
    low, high = bootstrap_interval(statistic, *columns, level=LEVEL, resamples=_RESAMPLES)
    return Estimate(value=statistic(*columns), low=low, high=high)
