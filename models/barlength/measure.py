"""Measure the length of a bar on one saliency map, with any of the methods.

Algorithm 1 of Bhambra, Joachimi & Lahav (2022, MNRAS 511, 5032, section 4) raises a threshold
until the pixels above it line up, and takes their longest chord (`BarLengthParams.paper`). The
default method instead follows the map's profile along the bar's own axis.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.barlength.chord import chord_grid, read_chord
from models.barlength.levels import read_levels
from models.barlength.params import BarLengthParams, BarMeasurement, StopReason
from models.barlength.profile import read_profile

__all__ = ["BarLengthParams", "BarMeasurement", "StopReason", "measure_bar", "measure_grid"]

Floats = NDArray[np.float64]

AXIS_RATIO_MAX = 0.8
"""No bar is rounder. Of real bars' maps 99 % lie below 0.41 (EFIGI, gzbuilder, Virgo); maps that
show no bar, such as those of random networks, may give a structure as wide as it is long."""

_DEFAULT = BarLengthParams()
_SIDE_MIN = 3
_READERS = {
    "profile": read_profile, "light": read_profile, "levels": read_levels, "chord": read_chord,
}  # fmt: skip


def measure_bar(
    saliency: ArrayLike,
    params: BarLengthParams = _DEFAULT,
    *,
    centre: tuple[float, float] | None = None,
) -> BarMeasurement:
    """Measure the bar on a saliency map (H, W), H and W at least 3.

    The map is high where the bar is. The profile reading accepts any unit; the chord reading has
    absolute thresholds and needs a map scaled to [0, 1]. `centre` is the galaxy's (x, y) in the
    map's pixels, by default the middle of the map.

    Any values give a measurement: `stop` says how measuring ended, and the length is NaN if `stop`
    is a flag. With flag_unfinished=False, as in paper mode, the length is always a number.

    The default parameters give the distance between the half heights of the profile along the bar.
    `ansae measure` gives another length; use `models.barlength.bar_of_map` for it.

    Raises ValueError where the map is not two-dimensional or too small, or the centre is not
    in it.

    A Gaussian ridge along the rows, 48 px at half maximum, 12 px wide:

    >>> import numpy as np
    >>> from models.barlength import measure_bar
    >>> y, x = np.mgrid[:144, :144] - 71.5
    >>> found = measure_bar(np.exp(-4 * np.log(2) * ((x / 48) ** 2 + (y / 12) ** 2)))
    >>> round(found.length_px), round(found.position_angle_deg)
    (48, 90)
    """
    array = _map(saliency)
    where = _centre(array.shape, centre)
    if params.method == "chord" and not params.flag_unfinished:
        return read_chord(array, where, params)
    if not np.isfinite(array).all():
        return BarMeasurement(stop=StopReason.NOT_FINITE)
    if array.min() == array.max():
        return BarMeasurement(stop=StopReason.BLANK)
    found = _READERS[params.method](array, where, params)
    if params.method != "chord" and found.axis_ratio > AXIS_RATIO_MAX:
        return BarMeasurement(stop=StopReason.ROUND, threshold=found.threshold, pixels=found.pixels)
    return found


def measure_grid(
    saliency: ArrayLike,
    correlations: Sequence[float],
    pixel_minima: Sequence[int],
    params: BarLengthParams = _DEFAULT,
) -> Floats:
    """Measure Algorithm 1's lengths for every pair of T_c and T_1 in one pass over a map (H, W).

    Returns max(1, longest chord) in pixels of the map, (len(correlations), len(pixel_minima)).
    Only `params.linearity` is used. Raises ValueError as `measure_bar` does.
    """
    return chord_grid(_map(saliency), correlations, pixel_minima, params.linearity)


def _map(saliency: ArrayLike) -> Floats:
    array = np.asarray(saliency, dtype=np.float64)
    if array.ndim != 2 or min(array.shape) < _SIDE_MIN:
        raise ValueError(
            f"the map has shape {array.shape}; it must be (H, W) with sides of at least "
            f"{_SIDE_MIN}: pass one map at a time"
        )
    return array


def _centre(shape: tuple[int, ...], centre: tuple[float, float] | None) -> tuple[float, float]:
    if centre is None:
        return (shape[1] - 1) / 2, (shape[0] - 1) / 2
    x, y = float(centre[0]), float(centre[1])
    if not (-0.5 <= x <= shape[1] - 0.5 and -0.5 <= y <= shape[0] - 0.5):
        raise ValueError(
            f"the centre is {(x, y)}; it must lie in the map of shape {shape}: give (x, y), "
            "column first, with the centre of the first pixel at 0"
        )
    return x, y
