"""A number that a validation reports: name, value, interval, unit, number of galaxies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from models import statistics
from models.statistics import Statistic


@dataclass(frozen=True, kw_only=True)
class BootstrapParams:
    """How bootstrap intervals are made. `level`: share of resamples inside (0.68: one sigma)."""

    level: float = 0.68
    resamples: int = 500
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise ValueError(f"level={self.level!r} must lie between 0 and 1, for instance 0.68")
        if self.resamples < 1:
            raise ValueError(f"resamples={self.resamples!r} must be at least 1")


DEFAULT = BootstrapParams()


@dataclass(frozen=True, kw_only=True)
class Number:
    """A named value. `low`, `high`: central interval, NaN without one. `n`: number of galaxies."""

    name: str
    value: float
    low: float = float("nan")
    high: float = float("nan")
    unit: str = ""
    n: int


def number(
    name: str,
    statistic: Statistic,
    *arrays: ArrayLike,
    unit: str = "",
    params: BootstrapParams = DEFAULT,
) -> Number:
    """Return `statistic(*arrays)` with its bootstrap interval; arrays (N,), finite entries only."""
    columns = statistics.finite(*arrays)
    low, high = statistics.bootstrap_interval(
        statistic,
        *columns,
        level=params.level,
        resamples=params.resamples,
        seed=params.seed,
    )
    value = statistic(*columns)
    return Number(name=name, value=value, low=low, high=high, unit=unit, n=int(columns[0].size))


def share(name: str, flags: ArrayLike, params: BootstrapParams = DEFAULT) -> Number:
    """Return the share of true flags, (N,) of bool, with Wilson's interval (1927, JASA 22, 209).

    A bootstrap would give shares of 0 and 1 an interval without width.
    """
    from scipy.stats import norm

    hits = np.asarray(flags, dtype=bool)
    n = int(hits.size)
    if not n:
        return Number(name=name, value=float("nan"), n=0)
    p, z = float(hits.mean()), float(norm.ppf(0.5 + params.level / 2))
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)))
    return Number(
        name=name, value=p, low=max(0.0, middle - half), high=min(1.0, middle + half), n=n
    )
