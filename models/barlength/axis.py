"""Find a bar's axis on a map, and resample the map along it.

The line, and the point on it, about which most of a map's light lies symmetrically.
"""

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


_ANGLE_STEP_DEG = 5.0  # fine enough to start from
_OFFSETS = np.linspace(-0.8, 0.8, 5)  # of lines that pass the centre, as fractions of the drift
_SAMPLES_MAX = 48  # along half a line
_BREADTH = 0.04  # of a line, as a fraction of the map's shorter side
_PRIOR = 0.6  # standard deviation of the bar's middle about the centre, as a fraction of the drift


def symmetric_light(profiles: Floats, origin: int) -> Floats:
    """Light that lies on both sides of an origin: (...,) from profiles (..., N), not negative.

    At each distance the fainter side counts, times the root of the distance. That silences
    whatever stands on one side only (companions, stars, single arms), and a pair of ansae beats
    the brighter of them alone.
    """
    n = min(origin, profiles.shape[-1] - 1 - origin)
    forth = profiles[..., origin : origin + n + 1]
    back = profiles[..., origin - n : origin + 1][..., ::-1]
    return np.asarray(np.minimum(forth, back) @ np.sqrt(np.arange(n + 1.0)))


def symmetry_shift(profile: Floats, shift_max: int) -> int:
    """Samples from the middle of a profile (N odd) to the point of most symmetric light."""
    middle = len(profile) // 2
    bound = min(shift_max, middle - 1)
    shifts = sorted(range(-bound, bound + 1), key=abs)  # of equals, the one nearest the middle
    light = profile.clip(min=0.0)
    return max(shifts, key=lambda shift: float(symmetric_light(light, middle + shift)), default=0)


def brightest_axis(light: Floats, centre: tuple[float, float], drift_px: float) -> Axis:
    """The axis near the centre (x, y) about whose origin a map (H, W) has most symmetric light.

    Lines at every angle pass the centre at several distances, and each of their points up to
    drift_px from the centre is tried as the origin; those near the centre are preferred.
    """
    side = min(light.shape)
    broad = ndimage.uniform_filter(light, max(3, round(_BREADTH * side) | 1), mode="nearest")
    x, y = centre
    reach = max(1.0, min(x, y, light.shape[1] - 1 - x, light.shape[0] - 1 - y))
    count = min(_SAMPLES_MAX, max(4, round(reach)))
    along = np.arange(-count, count + 1) * (reach / count)
    shift_max = min(count - 1, int(drift_px * count / reach))
    shifts = np.arange(-shift_max, shift_max + 1)
    across = _OFFSETS * drift_px
    angles = np.arange(0.0, 180.0, _ANGLE_STEP_DEG)
    rays = _rays(broad, centre, angles, across, along)
    scores = np.stack([symmetric_light(rays, count + shift) for shift in shifts], axis=-1)
    far = np.hypot(across[:, None], along[count + shifts]) / max(_PRIOR * drift_px, 1e-9)
    scores = scores * np.exp(-0.5 * far**2)
    i, j, k = np.unravel_index(int(scores.argmax()), scores.shape)
    start = Axis(x=x, y=y, angle_deg=float(angles[i]))
    return start.moved(float(along[count + shifts[k]]), float(across[j]), 0.0)


def _rays(
    light: Floats, centre: tuple[float, float], angles: Floats, across: Floats, along: Floats
) -> Floats:
    """The map along many lines, (angles, across, along), its negative part cut off."""
    dx = -np.sin(np.radians(angles))[:, None, None]
    dy = -np.cos(np.radians(angles))[:, None, None]
    x = centre[0] + dx * along - dy * across[:, None]
    y = centre[1] + dy * along + dx * across[:, None]
    rays = ndimage.map_coordinates(light, (y, x), order=1, mode="nearest")
    return np.asarray(rays.clip(min=0.0))
