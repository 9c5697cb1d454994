"""The line, and the point on it, about which most of a map's light lies symmetrically."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.strips import Axis

Floats = NDArray[np.float64]

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
