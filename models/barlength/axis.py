"""Find a bar's axis on a map, and resample the map along it.

The axis is the line, with an origin on it, about which most of the map's light lies symmetrically.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]


def position_angle(angle_deg: float) -> float:
    """Return a line's angle in [0, 180), also for a tiny negative angle, which % rounds to 180."""
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
        """Unit vector (x, y) forward along the axis; image y points down."""
        angle = math.radians(self.angle_deg)
        return -math.sin(angle), -math.cos(angle)

    def moved(self, along: float, across: float, turn_deg: float) -> Axis:
        """Return the axis moved by `along` and `across` px and turned clockwise by `turn_deg`."""
        dx, dy = self.direction
        return Axis(
            x=self.x + dx * along - dy * across,
            y=self.y + dy * along + dx * across,
            angle_deg=position_angle(self.angle_deg - turn_deg),
        )

    def kept_near(self, centre: tuple[float, float], distance: float) -> Axis:
        """Return the axis with its origin moved to at most `distance` px from `centre` (x, y)."""
        x, y = self.x - centre[0], self.y - centre[1]
        shrink = min(1.0, distance / max(math.hypot(x, y), 1e-9))
        return Axis(x=centre[0] + x * shrink, y=centre[1] + y * shrink, angle_deg=self.angle_deg)

    def reach(self, shape: tuple[int, ...]) -> float:
        """Return how far the axis stays in the map (H, W) in both directions, px, at least 1."""
        dx, dy = self.direction
        to_x = min(self.x, shape[1] - 1 - self.x) / max(abs(dx), 1e-9)
        to_y = min(self.y, shape[0] - 1 - self.y) / max(abs(dy), 1e-9)
        return max(1.0, min(to_x, to_y))


def symmetric_grid(reach: float) -> Floats:
    """Return distances -n ... n in px, with n = floor(reach)."""
    n = math.floor(reach)
    return np.arange(-n, n + 1.0)


def strip(light: Floats, axis: Axis, across: Floats, along: Floats) -> Floats:
    """Resample the map (H, W) on a grid along the axis: (len(across), len(along)), bilinear.

    across, along: distances from the axis and along it, px.
    """
    dx, dy = axis.direction
    x = axis.x + dx * along[None, :] - dy * across[:, None]
    y = axis.y + dy * along[None, :] + dx * across[:, None]
    return np.asarray(ndimage.map_coordinates(light, (y, x), order=1, mode="nearest"))


_ANGLE_STEP_DEG = 5.0  # fine enough for a first estimate
_OFFSETS = np.linspace(-0.8, 0.8, 5)  # distances of lines from the centre, in units of the drift
_SAMPLES_MAX = 48  # samples along half a line
_BREADTH = 0.04  # breadth of a line, as a fraction of the map's shorter side
_PRIOR = 0.6  # standard deviation of the bar's middle about the centre, as a fraction of the drift


def symmetric_light(profiles: Floats, origin: int) -> Floats:
    """Return the light that lies on both sides of an origin, (...,), from profiles (..., N) >= 0.

    At each distance the fainter side counts, times the root of the distance. So structures on one
    side only (companions, stars, single arms) do not count, and a pair of ansae counts more than
    the brighter one alone.
    """
    n = min(origin, profiles.shape[-1] - 1 - origin)
    forth = profiles[..., origin : origin + n + 1]
    back = profiles[..., origin - n : origin + 1][..., ::-1]
    return np.asarray(np.minimum(forth, back) @ np.sqrt(np.arange(n + 1.0)))


def symmetry_shift(profile: Floats, shift_max: int) -> int:
    """Return the shift, in samples, from a profile's middle (N odd) to its most symmetric point."""
    middle = len(profile) // 2
    bound = min(shift_max, middle - 1)
    shifts = sorted(range(-bound, bound + 1), key=abs)  # ties go to the shift nearest the middle
    light = profile.clip(min=0.0)
    return max(shifts, key=lambda shift: float(symmetric_light(light, middle + shift)), default=0)


def brightest_axis(light: Floats, centre: tuple[float, float], drift_px: float) -> Axis:
    """Find the axis near the centre (x, y) about whose origin a map (H, W) is most symmetric.

    Lines of every angle pass the centre at several distances. Each of their points up to drift_px
    from the centre is tried as the origin; points near the centre are preferred.
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
    """Sample the map along many lines, (angles, across, along); negative values become 0."""
    dx = -np.sin(np.radians(angles))[:, None, None]
    dy = -np.cos(np.radians(angles))[:, None, None]
    x = centre[0] + dx * along - dy * across[:, None]
    y = centre[1] + dy * along + dx * across[:, None]
    rays = ndimage.map_coordinates(light, (y, x), order=1, mode="nearest")
    return np.asarray(rays.clip(min=0.0))
