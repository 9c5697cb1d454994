"""A line laid through a map: where it runs, and the map resampled on its own grid."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]

_ANGLE_STEP_DEG = 2.5
_RADII_MAX = 64  # samples along a ray: enough to find an angle that is refined afterwards


def position_angle(angle_deg: float) -> float:
    """The same line's angle in [0, 180); a tiny negative angle, too, which % rounds to 180."""
    turned = angle_deg % 180.0
    return turned if turned < 180.0 else 0.0


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A line through (x, y), pixels, at a position angle in degrees from up to the left."""

    x: float
    y: float
    angle_deg: float

    @property
    def direction(self) -> tuple[float, float]:
        """Unit step (x, y) forward along the axis; image y points down."""
        angle = math.radians(self.angle_deg)
        return -math.sin(angle), -math.cos(angle)

    def moved(self, along: float, across: float, turn_deg: float) -> Axis:
        """The axis moved by `along` and `across` px and turned clockwise by `turn_deg`."""
        dx, dy = self.direction
        return Axis(
            x=self.x + dx * along - dy * across,
            y=self.y + dy * along + dx * across,
            angle_deg=position_angle(self.angle_deg - turn_deg),
        )

    def kept_near(self, centre: tuple[float, float], distance: float) -> Axis:
        """The axis with its origin drawn back to at most `distance` px from (x, y)."""
        x, y = self.x - centre[0], self.y - centre[1]
        shrink = min(1.0, distance / max(math.hypot(x, y), 1e-9))
        return Axis(x=centre[0] + x * shrink, y=centre[1] + y * shrink, angle_deg=self.angle_deg)

    def reach(self, shape: tuple[int, ...]) -> float:
        """Distance from the origin along the axis that lies in the map (H, W) both ways, >= 1."""
        dx, dy = self.direction
        to_x = min(self.x, shape[1] - 1 - self.x) / max(abs(dx), 1e-9)
        to_y = min(self.y, shape[0] - 1 - self.y) / max(abs(dy), 1e-9)
        return max(1.0, min(to_x, to_y))


def symmetric_grid(reach: float) -> Floats:
    """Distances -n ... n in px, n = floor(reach)."""
    n = math.floor(reach)
    return np.arange(-n, n + 1.0)


def strip(light: Floats, axis: Axis, across: Floats, along: Floats) -> Floats:
    """The map (H, W) on the axis's own grid: (len(across), len(along)), bilinear, px."""
    dx, dy = axis.direction
    x = axis.x + dx * along[None, :] - dy * across[:, None]
    y = axis.y + dy * along[None, :] + dx * across[:, None]
    return np.asarray(ndimage.map_coordinates(light, (y, x), order=1, mode="nearest"))


def brightest_axis(light: Floats, centre: tuple[float, float]) -> Axis:
    """The line through the centre (x, y) along which most light lies on both sides.

    At each distance the fainter of the two sides counts, which silences whatever stands on one
    side only: companions, stars, single arms.
    """
    side = min(light.shape)
    broad = ndimage.uniform_filter(light, max(3, round(0.04 * side) | 1), mode="nearest")
    to_border = min(*centre, light.shape[1] - 1 - centre[0], light.shape[0] - 1 - centre[1])
    reach = max(1.0, to_border)
    radii = np.linspace(-reach, reach, 2 * min(_RADII_MAX, max(4, round(reach))) + 1)
    angles = np.arange(0.0, 180.0, _ANGLE_STEP_DEG)
    sin, cos = np.sin(np.radians(angles))[:, None], np.cos(np.radians(angles))[:, None]
    places = (centre[1] - cos * radii, centre[0] - sin * radii)
    rays = ndimage.map_coordinates(broad, places, order=1, mode="nearest")
    score = np.minimum(rays, rays[:, ::-1]).clip(min=0.0).sum(axis=1)
    return Axis(x=centre[0], y=centre[1], angle_deg=float(angles[score.argmax()]))
