"""A bar's length from how its profile falls: where it reaches each of several levels.

One level cannot tell a bar that fades from a short one that ends abruptly; where the profile
crosses three can. The length is a product of powers of the three, the powers being calibrated on
galaxies whose bars are known (models.calibration).
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.barparams import BarLengthParams, BarMeasurement
from models.profiles import read_profile

Floats = NDArray[np.float64]

_RIDGE = 0.002
_RESIDUAL_MIN = 0.02  # in ln(length): better agreement is luck


def at_levels(
    saliency: Floats, centre: tuple[float, float], params: BarLengthParams
) -> list[BarMeasurement]:
    """The uncalibrated profile reading of a map (H, W) at each of `params.levels`."""
    plain = replace(params, reading="profile", length_scale=1.0, length_offset_px=0.0)
    return [read_profile(saliency, centre, replace(plain, level=level)) for level in params.levels]


def read_levels(
    saliency: Floats, centre: tuple[float, float], params: BarLengthParams
) -> BarMeasurement:
    """The reading of the middle level with length_scale x product(length_i ^ power_i) as length.

    Where a level gives a flag, that is the answer.
    """
    found = at_levels(saliency, centre, params)
    for reading in found:
        if not math.isfinite(reading.length_px):
            return reading
    middle = found[len(found) // 2]
    pairs = zip(found, params.level_powers, strict=True)
    raw = math.exp(sum(power * math.log(reading.length_px) for reading, power in pairs))
    length = params.length_scale * raw + params.length_offset_px
    error = middle.length_err_px * length / middle.length_px
    ratio = min(1.0, middle.axis_ratio * middle.length_px / length) if length > 0 else math.nan
    return replace(middle, length_px=length, length_err_px=error, axis_ratio=ratio)


def fit_powers(lengths: Floats, truth: Floats, rounds: int = 50) -> tuple[Floats, float]:
    """Powers (k,) and scale of truth = scale x product(length_i ^ power_i).

    lengths: (N, k), truth: (N,), all positive. Least absolute residuals of the logarithms, by
    reweighting, so that a few maps gone wrong do not matter; a weak ridge holds powers of levels
    that move together near equal shares. Raises ValueError for fewer than 8 galaxies.
    """
    count, width = lengths.shape
    if count < 8:
        raise ValueError(
            f"only {count} galaxies were measured; a calibration needs at least 8: give more "
            "galaxies with bars, or networks that see them"
        )
    logs, target = np.log(lengths), np.log(truth)
    mean = logs.mean(axis=0)
    design = np.column_stack([np.ones(count), logs - mean])
    prior = np.array([0.0, *np.full(width, 1.0 / width)])
    ridge = np.diag([0.0, *np.full(width, _RIDGE * count)])
    weights, solution = np.ones(count), prior
    for _ in range(rounds):
        left = design.T @ (weights[:, None] * design) + ridge
        solution = np.linalg.solve(left, design.T @ (weights * target) + ridge @ prior)
        weights = 1.0 / np.maximum(np.abs(target - design @ solution), _RESIDUAL_MIN)
    powers = solution[1:]
    return powers, float(np.exp(solution[0] - powers @ mean))
