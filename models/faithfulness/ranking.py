"""Rank saliency methods on the same images: means, ranks, paired tests, with intervals.

Everything here takes the (N,) values of each method on the same N images, NaN where there is none;
an image counts only where every method has a value, so that all comparisons are paired.
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
"""By method, (N,) each."""

LEVEL = 0.95
"""Share of bootstrap resamples inside an interval."""

IMAGES_MIN = 5
"""Fewer paired images are not ranked."""

_RESAMPLES = 1000


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One method by one metric. mean: over n images. rank: mean over images of its rank among the
    methods, 1 the best, ties sharing theirs. p: of the paired Wilcoxon test against the method
    with the best mean, after Holm's correction for the number of tests; NaN for that method."""

    method: str
    n: int
    mean: Estimate
    rank: float
    p: float


@dataclass(frozen=True, kw_only=True)
class Overall:
    """One method by several metrics: its rank, averaged over metrics and then over n images."""

    method: str
    n: int
    rank: Estimate


@dataclass(frozen=True, kw_only=True)
class StatementTest:
    """On the statement that some methods are the best, by one metric.

    gap: mean of the worst of them less that of the best of the others; positive: all of them are
    better. lead: mean of the best of them less that of the best of the others. said: "confirmed" or
    "contradicted" where the gap's interval lies wholly above or below 0, else "undecided". first:
    as many methods as the statement names, the best ones by their means.
    """

    said: Literal["confirmed", "contradicted", "undecided"]
    n: int
    gap: Estimate
    lead: Estimate
    first: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Gain:
    """By one metric, what a method has beyond something else on the same n images. mean, other:
    means of both. gain: mean difference, positive where the method is the better. p: of the paired
    Wilcoxon test."""

    n: int
    mean: float
    other: float
    gain: Estimate
    p: float


def standings(values: Values, better: Better) -> list[Standing]:
    """All methods by one metric, the best mean first; empty for fewer than IMAGES_MIN images.

    Means with percentile bootstrap intervals; Wilcoxon's signed-rank test of each method against
    the best, differences of zero split evenly between the signs, Holm (1979) corrected.
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
    """Methods by several metrics over the same N images, the least mean rank first.

    Metrics without IMAGES_MIN paired images count for nothing; of the others an image's rank is
    averaged over those that it has. Empty where there is none.
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
    """Whether `claimed` are the best methods; None for fewer than IMAGES_MIN images, or where not
    all of them are there, or nothing else is."""
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
    """Of (N,) values over (N,) others; None for fewer than IMAGES_MIN pairs."""
    mine, theirs = finite(own, other)
    if mine.size < IMAGES_MIN:
        return None
    difference = mine - theirs if better == "high" else theirs - mine
    return Gain(
        n=mine.size, mean=float(mine.mean()), other=float(theirs.mean()),
        gain=_mean(difference), p=paired_p(mine, theirs),
    )  # fmt: skip


def image_ranks(table: Floats, better: Better) -> Floats:
    """Ranks of (M, N) values among the M methods of each image, 1 the best, ties their mean."""
    signed = -table if better == "high" else table
    return np.stack([ranks(column) for column in signed.T], axis=1)


def paired_p(a: ArrayLike, b: ArrayLike) -> float:
    """Two-sided p of Wilcoxon's signed-rank test (1945) of (N,) pairs; 1 where all are equal."""
    x, y = finite(a, b)
    difference = x - y
    if not difference.any():
        return 1.0
    return float(wilcoxon(difference, zero_method="zsplit", method="approx").pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction (1979, Scand. J. Statist. 6, 65): the k-th least of m is
    multiplied by m - k + 1, never falls below those before it, and never exceeds 1."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    corrected, highest = [0.0] * len(p_values), 0.0
    for k, i in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - k) * p_values[i]))
        corrected[i] = highest
    return corrected


def _paired(values: Values) -> tuple[list[str], list[Floats]]:
    return list(values), list(finite(*values.values()))


def _order(columns: Sequence[Floats], better: Better) -> list[int]:
    """Columns by their means, the best first, equal ones as they stand."""
    means = [float(c.mean()) for c in columns]
    return sorted(range(len(columns)), key=lambda i: -means[i] if better == "high" else means[i])


def _mean(column: Floats) -> Estimate:
    return _estimate(lambda c: float(c.mean()), column)


def _estimate(statistic: Statistic, *columns: Floats) -> Estimate:
    low, high = bootstrap_interval(statistic, *columns, level=LEVEL, resamples=_RESAMPLES)
    return Estimate(value=statistic(*columns), low=low, high=high)
