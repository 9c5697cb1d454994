"""Measure a bar from the points where its profile falls to each of several levels.

One level cannot distinguish a bar that fades slowly from a short bar that ends abruptly; three
levels can. The map's width at each level adds information, because a blur across the bar is also a
blur along it. The length is a product of powers of lengths and widths. The powers are calibrated
on galaxies with known bars (models.calibration.lengths).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.barlength.params import BarLengthParams, BarMeasurement
from models.barlength.profile import read_profile

Floats = NDArray[np.float64]

_RIDGE = 0.15  # weight of the prior powers, in galaxies
_RESIDUAL_MIN = 0.02  # in ln(length): smaller residuals are chance and get no more weight


def at_levels(
    saliency: Floats, centre: tuple[float, float], params: BarLengthParams
) -> list[BarMeasurement]:
    """Return the uncalibrated profile reading of a map (H, W) at each of `params.levels`."""
    plain = replace(params, method="profile", length_scale=1.0, length_offset_px=0.0)
    return [read_profile(saliency, centre, replace(plain, level=level)) for level in params.levels]


def read_levels(
    saliency: Floats, centre: tuple[float, float], params: BarLengthParams
) -> BarMeasurement:
    """Measure a map at all levels, with length_scale x product(size_i ^ power_i) as its length.

    The other values are those of the middle level. If a level gives a flag, returns that flag.
    """
    found = at_levels(saliency, centre, params)
    for reading in found:
        if not math.isfinite(reading.length_px):
            return reading
    middle = found[len(found) // 2]
    powers = np.array([*params.level_powers, *params.level_width_powers])
    raw = math.exp(float(np.log(sizes(found, widths=bool(params.level_width_powers))) @ powers))
    length = params.length_scale * raw + params.length_offset_px
    error = middle.length_err_px * length / middle.length_px
    ratio = min(1.0, middle.axis_ratio * middle.length_px / length) if length > 0 else math.nan
    return replace(middle, length_px=length, length_err_px=error, axis_ratio=ratio)


def sizes(found: Sequence[BarMeasurement], *, widths: bool) -> Floats:
    """Return the lengths at each level, followed by the widths if `widths`: (k,) or (2 k,), px."""
    lengths = [reading.length_px for reading in found]
    across = [reading.axis_ratio * reading.length_px for reading in found] if widths else []
    return np.array([*lengths, *across], dtype=np.float64)


def fit_powers(
    sizes: Floats, truth: Floats, prior: Floats, rounds: int = 50
) -> tuple[Floats, float]:
    """Fit powers (k,) and scale of truth = scale x product(size_i ^ power_i).

    sizes: (N, k), truth: (N,), all positive. prior: (k,), the powers to which a weak ridge pulls
    where the sizes are correlated. The fit minimises absolute residuals of the logarithms by
    reweighting, so that a few failed maps do not matter. Raises ValueError for fewer than 8
    galaxies.
    """
    count, width = sizes.shape
    if count < 8:
        raise ValueError(
            f"only {count} galaxies were measured; a calibration needs at least 8: give more "
            "galaxies with bars, or networks that see them"
        )
    logs, target = np.log(sizes), np.log(truth)
    mean = logs.mean(axis=0)
    design = np.column_stack([np.ones(count), logs - mean])
    held = np.array([0.0, *prior])
    ridge = np.diag([0.0, *np.full(width, _RIDGE)])
    weights, solution = np.ones(count), held
    for _ in range(rounds):
        left = design.T @ (weights[:, None] * design) + ridge
        solution = np.linalg.solve(left, design.T @ (weights * target) + ridge @ held)
        weights = 1.0 / np.maximum(np.abs(target - design @ solution), _RESIDUAL_MIN)
    powers = solution[1:]
    return powers, float(np.exp(solution[0] - powers @ mean))
