"""Algorithm 1 of Bhambra, Joachimi & Lahav (2022), written out literally: slow and obvious.

The printed algorithm's first "<" is a typo; this is the reading of the published code. The
thresholds are T_k = 0.5 + k * 1e-4 for k = 0 ... 4999, computed in just this way in float64 (a
running sum T = T + 0.0001 differs in the last digits), and the map is compared as float64.
"""

from __future__ import annotations

import math

import numpy as np

PAPER_PIXELS_PER_MAP_PIXEL = 424 / 224
"""The paper's last step, from pixels of the network's input to pixels of the cutout."""


def pearson(rows: np.ndarray, columns: np.ndarray) -> float:
    """|r| of two lists of numbers, NaN where it is undefined."""
    if len(rows) == 0:
        return math.nan
    row_deviations = rows - rows.mean()
    column_deviations = columns - columns.mean()
    numerator = (row_deviations * column_deviations).sum()
    denominator = np.sqrt((row_deviations**2).sum() * (column_deviations**2).sum())
    if denominator == 0:
        return math.nan
    return float(abs(numerator / denominator))


def largest_distance(rows: np.ndarray, columns: np.ndarray) -> float:
    """Largest distance between any two of the pixels, 0 where there are none."""
    largest = 0.0
    for row, column in zip(rows, columns, strict=True):
        distances = np.sqrt((rows - row) ** 2 + (columns - column) ** 2)
        largest = max(largest, float(distances.max()))
    return largest


def algorithm_1(
    saliency: np.ndarray, correlation_min: float, pixels_min: int
) -> tuple[float, str, float, int]:
    """Length in pixels of the map, how the loop stopped, the threshold and the pixels left.

    The paper's own unit is the length times PAPER_PIXELS_PER_MAP_PIXEL.
    """
    saliency = np.asarray(saliency, dtype=np.float64)
    stop = "exhausted"
    for k in range(5000):
        threshold = 0.5 + k * 1e-4
        rows, columns = np.nonzero(saliency > threshold)
        r = pearson(rows, columns)
        if r > correlation_min:  # false for NaN
            stop = "linear"
            break
        if len(rows) < pixels_min:
            stop = "few_pixels"
            break
    length = max(1.0, largest_distance(rows, columns))
    return length, stop, threshold, len(rows)
