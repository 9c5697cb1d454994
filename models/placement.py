"""From the map back to the image: a bar in canvas pixels as a bar on the stored image."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.estimator import BarEstimate

_SQUEEZE_MAX = 0.01


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where a canvas lies on its image (models.preprocess.Canvas).

    Canvas position c (first pixel centre 0) is image position x0 - 0.5 + (c + 0.5) * factor_x,
    likewise y.
    """

    x0: float
    y0: float
    factor_x: float
    factor_y: float


@dataclass(frozen=True, kw_only=True)
class PlacedBar:
    """A bar in pixels of the stored image; NaN as in the estimate.

    `position_angle_deg`: in [0, 180), counter-clockwise from image up. `member_lengths_px`: (M,).
    """

    length_px: float
    length_err_px: float
    position_angle_deg: float
    x_px: float
    y_px: float
    member_lengths_px: NDArray[np.float64]


def ellipse_on_canvas(
    length_px: float, axis_ratio: float, position_angle_deg: float,
    centre_px: tuple[float, float], placement: Placement,
) -> tuple[float, float, float, float, float]:  # fmt: skip
    """A known bar of the stored image as an ellipse on the canvas, the inverse of `place_bar`.

    Full length in image pixels, minor over major axis, centre (x, y) with the first pixel's centre
    at 0. Returns x, y, semi-major and semi-minor axis in canvas pixels and the angle (degrees,
    counter-clockwise from up). All NaN for what is not a bar (no length, no angle, an axis ratio
    outside 0..1), and where the image was squeezed: a turned ellipse would have other axes.
    """
    p, known = placement, (length_px, axis_ratio, position_angle_deg)
    squeezed = abs(p.factor_x / p.factor_y - 1) > _SQUEEZE_MAX
    if squeezed or not all(map(math.isfinite, known)) or length_px <= 0 or not 0 < axis_ratio <= 1:
        return (math.nan,) * 5
    x = (centre_px[0] + 0.5 - p.x0) / p.factor_x - 0.5
    y = (centre_px[1] + 0.5 - p.y0) / p.factor_y - 0.5
    major = 0.5 * length_px / math.sqrt(p.factor_x * p.factor_y)
    return x, y, major, axis_ratio * major, position_angle_deg % 180.0


def place_bar(estimate: BarEstimate, placement: Placement) -> PlacedBar:
    """The estimate, in pixels of the map, on the stored image.

    Where the image was squeezed into the canvas (unequal factors) the length is stretched along its
    own axis and the angle is turned accordingly; a bar without an angle takes the mean factor.
    """
    bar, p = estimate.bar, placement
    angle = math.radians(bar.position_angle_deg)
    across, up = math.sin(angle) * p.factor_x, math.cos(angle) * p.factor_y
    stretch = math.hypot(across, up)
    if p.factor_x == p.factor_y or math.isnan(stretch):
        stretch = math.sqrt(p.factor_x * p.factor_y)
        turned = bar.position_angle_deg
    else:
        turned = math.degrees(math.atan2(across, up)) % 180.0
    return PlacedBar(
        length_px=bar.length_px * stretch,
        length_err_px=estimate.length_err_px * stretch,
        position_angle_deg=turned,
        x_px=p.x0 - 0.5 + (bar.x_px + 0.5) * p.factor_x,
        y_px=p.y0 - 0.5 + (bar.y_px + 0.5) * p.factor_y,
        member_lengths_px=estimate.member_lengths_px * stretch,
    )
