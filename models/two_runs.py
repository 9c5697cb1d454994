"""Errors of lengths from two independent runs (paper 1, section 5).

The same galaxies are measured twice, with different noise. A galaxy's length is the mean of the
two; its error is the mean of |l1 - l2| over the galaxies of its decile of length. For normal noise
the mean of |l1 - l2| is 1.60 times the standard deviation of (l1 + l2) / 2, so the paper's error is
a cautious one; and it knows nothing of what both runs get wrong alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

GAUSSIAN_SIGMA = float(np.sqrt(np.pi / 8))
"""Standard deviation of (l1 + l2) / 2 over the mean of |l1 - l2|, for normal noise: 0.627."""


@dataclass(frozen=True, kw_only=True)
class TwoRuns:
    """Lengths of two runs as one, in their unit.

    length, error: (N,), NaN where either run has none. group: (N,), number of the galaxy's decile,
    first 0, -1 where there is no length. edges: (groups - 1,), the lengths between the deciles.
    group_error, group_size: (groups,), each one's error (NaN without galaxies) and galaxies.
    """

    length: Floats
    error: Floats
    group: NDArray[np.int64]
    edges: Floats
    group_error: Floats
    group_size: NDArray[np.int64]


def two_runs(first: ArrayLike, second: ArrayLike, *, groups: int = 10) -> TwoRuns:
    """Mean lengths of two runs and their errors by deciles of the mean length (paper 1, section 5).

    first, second: (N,), one galaxy each, in one unit; NaN where a run found no bar. groups: how
    many parts of equal size, 10 in the paper; galaxies of one length share a part, so that an
    order among equals decides nothing. Raises ValueError for unequal shapes, groups < 1, or fewer
    galaxies with two lengths than groups.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape or one.ndim != 1:
        raise ValueError(
            f"the runs have lengths of shapes {one.shape} and {other.shape}: give (N,) twice, "
            "the same galaxies in the same order"
        )
    if groups < 1:
        raise ValueError(f"groups={groups} must be at least 1; the paper has 10")
    both = np.isfinite(one) & np.isfinite(other)
    if both.sum() < groups:
        raise ValueError(
            f"{int(both.sum())} galaxies have a length in both runs: {groups} groups need at "
            "least one each; measure more galaxies or ask for fewer groups"
        )
    length = np.where(both, (one + other) / 2, np.nan)
    apart = np.abs(one - other)[both]
    edges = np.quantile(length[both], np.arange(1, groups) / groups)
    group = np.full(one.shape, -1, dtype=np.int64)
    group[both] = np.searchsorted(edges, length[both], side="right")
    size = np.bincount(group[both], minlength=groups)
    total = np.bincount(group[both], apart, minlength=groups)
    group_error = np.where(size > 0, total / np.maximum(size, 1), np.nan)
    error = np.where(both, group_error[group], np.nan)
    return TwoRuns(
        length=length, error=error, group=group, edges=edges, group_error=group_error,
        group_size=size,
    )  # fmt: skip
