"""The bulge that a saliency map shows: how far it reaches, and along which line. No torch.

The map is of "the bulge is obvious" and "the bulge is dominant" (questions 5.3 and 5.4) together.
Neither number is the bulge's own: what they were measured to be stands in models/SCIENCE.md,
section 6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalogues.galaxyzoo import DOMINANT_BULGE, OBVIOUS_BULGE
from models.strips import position_angle

BULGE_ANSWERS = (OBVIOUS_BULGE, DOMINANT_BULGE)
"""What the map is explained for: the mean of these answers' maps."""

_LEVEL = 0.5  # of the map's maximum
_ROUND = 1e-9  # relative difference of the axes' squares


@dataclass(frozen=True, kw_only=True)
class Bulge:
    """What a map shows; NaN where it shows nothing.

    extent_px: full, 4 times the standard deviation along the major axis of the pixels above half
    the map's maximum: a uniform disc's diameter, a uniform ellipse's full major axis, a Gaussian's
    full width at half maximum. position_angle_deg: of that axis, [0, 180), counter-clockwise from
    image up; NaN also where they are round.
    """

    extent_px: float = math.nan
    position_angle_deg: float = math.nan


def read_bulge(saliency: NDArray[np.float64]) -> Bulge:
    """The bulge in a map (H, W) of values that are not negative; each pixel is a unit square."""
    if not np.isfinite(saliency).all() or not saliency.max() > 0:
        return Bulge()
    rows, columns = np.nonzero(saliency > _LEVEL * saliency.max())
    spread = np.cov(np.stack([columns, -rows]), bias=True) + np.eye(2) / 12
    squares, axes = np.linalg.eigh(spread)
    extent = 4 * math.sqrt(squares[1])
    if squares[1] - squares[0] <= _ROUND * squares[1]:
        return Bulge(extent_px=extent)
    right, up = axes[:, 1]
    angle = position_angle(math.degrees(math.atan2(-right, up)))
    return Bulge(extent_px=extent, position_angle_deg=angle)
