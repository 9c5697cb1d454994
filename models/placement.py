"""From the map back to the image: a bar in canvas pixels as a bar on the stored image."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.estimator import BarEstimate


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


def place_bar(estimate: BarEstimate, placement: Placement) -> PlacedBar:
    """The estimate, in pixels of the map, on the stored image.

    Where the image was squeezed into the canvas (unequal factors) the length is stretched along its
    own axis and the angle is turned accordingly; a bar without an angle takes the mean factor.
    """
    bar, p = estimate.bar, placement
    stretch, turned = place_axis(bar.position_angle_deg, p)
    return PlacedBar(
        length_px=bar.length_px * stretch,
        length_err_px=estimate.length_err_px * stretch,
        position_angle_deg=turned,
        x_px=p.x0 - 0.5 + (bar.x_px + 0.5) * p.factor_x,
        y_px=p.y0 - 0.5 + (bar.y_px + 0.5) * p.factor_y,
        member_lengths_px=estimate.member_lengths_px * stretch,
    )


def place_axis(position_angle_deg: float, placement: Placement) -> tuple[float, float]:
    """(image pixels per map pixel along a line, its angle on the image), for a line at a position
    angle on the map; one without an angle takes the mean factor."""
    p = placement
    angle = math.radians(position_angle_deg)
    across, up = math.sin(angle) * p.factor_x, math.cos(angle) * p.factor_y
    stretch = math.hypot(across, up)
    if p.factor_x == p.factor_y or math.isnan(stretch):
        return math.sqrt(p.factor_x * p.factor_y), position_angle_deg
    return stretch, math.degrees(math.atan2(across, up)) % 180.0
