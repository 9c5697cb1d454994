"""A line laid through a map: where it runs, and the map resampled on its own grid."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]


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
