"""Measure how well the pixels above each threshold line up, for all thresholds in one pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

THRESHOLDS: Floats = np.asarray(0.5 + np.arange(5000) * 1e-4, dtype=np.float64)
"""T_k = 0.5 + k * 1e-4 for k = 0 ... 4999, computed exactly this way; the last is 0.9999."""

_BOUNDED: Floats = np.append(THRESHOLDS, np.inf)
_LARGEST_IN_64_BITS = 4e9  # pixels times side up to which n^2 times the variance is below 2^63


@dataclass(frozen=True, kw_only=True)
class ThresholdMoments:
    """Second moments of the pixels above each of the 5000 thresholds; arrays of shape (5000,).

    `rows`, `columns`, `cross` are n^2 times the variances and the covariance: exact integers
    (Python integers if the map is too large for 64 bits).
    """

    count: Integers
    rows: Integers
    columns: Integers
    cross: Integers


def thresholds_below(values: Floats) -> NDArray[np.intp]:
    """Return the number of thresholds strictly below each value; 0 for NaN.

    Arithmetic finds the nearest threshold: its rounding is far smaller than half a step. A
    comparison then decides exactly on which side of that threshold the value lies.
    """
    nearest = np.rint((np.fmin(np.fmax(values, 0.5), 1.0) - 0.5) * 1e4).astype(np.intp)
    nearest += values > _BOUNDED[nearest]
    return nearest


def threshold_moments(saliency: Floats) -> ThresholdMoments:
    """Compute moments of rows and columns of {saliency > T} for every T, in one pass over (H, W).

    Each pixel falls into the bin of the last threshold below it. The sums over the bins at and
    above a threshold are the sums over its pixels. All sums are integers and therefore exact (up
    to 2^53, a map of 10,000 pixels a side).
    """
    flat = saliency.ravel()
    pixel = np.flatnonzero(flat > THRESHOLDS[0])
    above = thresholds_below(flat[pixel])
    height, width = saliency.shape
    row = pixel // width
    r = (row - height // 2).astype(np.float64)
    c = (pixel - row * width - width // 2).astype(np.float64)

    def sums(weights: Floats | None) -> Integers:
        bins = np.bincount(above, weights, minlength=5001)
        return np.cumsum(bins[:0:-1])[::-1].astype(np.int64)

    n, sr, sc = sums(None), sums(r), sums(c)
    srr, scc, src = sums(r * r), sums(c * c), sums(r * c)
    if saliency.size * max(height, width) > _LARGEST_IN_64_BITS:
        n, sr, sc, srr, scc, src = (a.astype(object) for a in (n, sr, sc, srr, scc, src))
    return ThresholdMoments(
        count=n.astype(np.int64),
        rows=n * srr - sr * sr,
        columns=n * scc - sc * sc,
        cross=n * src - sr * sc,
    )


def pearson(moments: ThresholdMoments) -> Floats:
    """Return |Pearson correlation| of rows and columns, (5000,); NaN where either is constant."""
    rows, columns, cross = (
        np.asarray(a, dtype=np.float64) for a in (moments.rows, moments.columns, moments.cross)
    )
    with np.errstate(invalid="ignore"):
        return np.abs(cross) / np.sqrt(rows * columns)


def principal(moments: ThresholdMoments) -> Floats:
    """Return (l1 - l2) / (l1 + l2) of the covariance's eigenvalues, (5000,).

    This is the largest |Pearson correlation| over all rotations of the pixels. NaN for a single
    pixel.
    """
    rows, columns, cross = (
        np.asarray(a, dtype=np.float64) for a in (moments.rows, moments.columns, moments.cross)
    )
    with np.errstate(invalid="ignore"):
        return np.hypot(rows - columns, 2 * cross) / (rows + columns)


def pearson_of(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> float:
    """Return |Pearson correlation| of two lists, in the textbook's order; NaN if undefined."""
    dr = rows - rows.mean()
    dc = columns - columns.mean()
    denominator = float(np.sqrt((dr * dr).sum() * (dc * dc).sum()))
    return float(abs((dr * dc).sum() / denominator)) if denominator > 0 else float("nan")
