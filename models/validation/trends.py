"""Measure how the accuracy of lengths depends on another quantity: in bins, by rank, with angle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from models import statistics
from models.statistics import Floats
from models.validation.numbers import DEFAULT, BootstrapParams, Number, number

BIN_MIN = 8
"""Fewest galaxies in a bin."""


@dataclass(frozen=True, kw_only=True)
class TrendBin:
    """Relative errors (measured - truth) / truth of the galaxies with `low` <= quantity <= `high`.

    `middle`: median of the quantity. `bias`: median error. `spread`: central 68 % of the errors.
    `error`: median absolute error.
    """

    low: float
    high: float
    middle: float
    bias: Number
    spread: tuple[float, float]
    error: Number


def bins(
    quantity: ArrayLike,
    truth: ArrayLike,
    measured: ArrayLike,
    *,
    most: int = 6,
    params: BootstrapParams = DEFAULT,
) -> list[TrendBin]:
    """Divide galaxies into at most `most` bins of equal numbers along `quantity`; arrays (N,).

    Only entries with a truth above 0 count. There are fewer bins if a bin would hold fewer than
    BIN_MIN galaxies, and none if there are too few for two bins or the quantity has no spread.
    Equal values stay in one bin.
    """
    q, t, m = statistics.finite(quantity, truth, measured)
    q, t, m = q[t > 0], t[t > 0], m[t > 0]
    wanted = min(most, q.size // BIN_MIN)
    if wanted < 2 or q.min() == q.max():
        return []
    edges = np.unique(np.quantile(q, np.linspace(0, 1, wanted + 1)))
    place = np.clip(np.searchsorted(edges, q, side="right") - 1, 0, edges.size - 2)
    return [
        _bin(q[place == i], t[place == i], m[place == i], params)
        for i in range(edges.size - 1)
        if (place == i).any()
    ]


def _bin(q: Floats, t: Floats, m: Floats, params: BootstrapParams) -> TrendBin:
    low, high = np.quantile((m - t) / t, [0.16, 0.84])
    return TrendBin(
        low=float(q.min()),
        high=float(q.max()),
        middle=float(np.median(q)),
        bias=number("median_relative_bias", statistics.median_relative_bias, t, m, params=params),
        spread=(float(low), float(high)),
        error=number(
            "median_relative_error", statistics.median_relative_error, t, m, params=params
        ),
    )


def trend(
    name: str,
    quantity: ArrayLike,
    truth: ArrayLike,
    measured: ArrayLike,
    params: BootstrapParams = DEFAULT,
) -> Number:
    """Return `trend_NAME`: Spearman's rho of signed relative error and quantity (truth > 0)."""
    q, t, m = statistics.finite(quantity, truth, measured)
    good = t > 0
    errors = (m[good] - t[good]) / t[good]
    return number(f"trend_{name}", statistics.spearman, q[good], errors, params=params)


def angle_trend(
    angle_deg: ArrayLike,
    truth: ArrayLike,
    measured: ArrayLike,
    params: BootstrapParams = DEFAULT,
) -> list[Number]:
    """Test whether the relative error depends on the bar's position angle theta.

    A length measured along rows and columns depends on the angle as cos 2 theta or cos 4 theta
    (rows and columns against diagonals). The relative error is fitted, by least squares, with a
    constant and the four waves cos and sin of 2 and 4 theta. `angle_amplitude_2` and `_4` are the
    amplitudes, never below 0: noise alone gives positive ones. `angle_p_value` is that of the F
    test of the waves against a constant. Empty for fewer than 12 galaxies.
    """
    a, t, m = statistics.finite(angle_deg, truth, measured)
    good = t > 0
    theta, errors = np.deg2rad(a[good]), (m[good] - t[good]) / t[good]
    if theta.size < 12:
        return []
    return [
        number("angle_amplitude_2", _amplitude_2, theta, errors, params=params),
        number("angle_amplitude_4", _amplitude_4, theta, errors, params=params),
        Number(name="angle_p_value", value=_p_value(theta, errors), n=int(theta.size)),
    ]


def _design(theta: Floats) -> Floats:
    waves = [f(k * theta) for k in (2, 4) for f in (np.cos, np.sin)]
    return np.stack([np.ones_like(theta), *waves], axis=1)


def _amplitude_2(theta: Floats, errors: Floats) -> float:
    found = np.linalg.lstsq(_design(theta), errors, rcond=None)[0]
    return float(np.hypot(found[1], found[2]))


def _amplitude_4(theta: Floats, errors: Floats) -> float:
    found = np.linalg.lstsq(_design(theta), errors, rcond=None)[0]
    return float(np.hypot(found[3], found[4]))


def _p_value(theta: Floats, errors: Floats) -> float:
    from scipy.stats import f

    design = _design(theta)
    found = np.linalg.lstsq(design, errors, rcond=None)[0]
    left = float(((errors - design @ found) ** 2).sum())
    whole = float(((errors - errors.mean()) ** 2).sum())
    waves, free = design.shape[1] - 1, errors.size - design.shape[1]
    if left <= 0:
        return float("nan") if whole <= 0 else 0.0
    return float(f.sf((whole - left) / waves / (left / free), waves, free))
