"""The sphere on a plane. numpy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_STEPS = 40
"""Newton's method converges quadratically but at the poles, where each step gains a factor 1.5."""


def mollweide(longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> tuple[Floats, Floats]:
    """Mollweide's equal-area projection of (N,) positions: x in [-2, 2], y in [-1, 1].

    longitude_deg: from the central meridian, within [-180, 180] for x in [-2, 2]; x grows with it.
    x = 2 (lon / 180 deg) cos t, y = sin t with 2 t + sin 2t = pi sin(lat) (Snyder 1987, Map
    Projections, eqs. 31-1 to 31-4, for a radius of 1 / sqrt 2).
    """
    longitude, latitude = np.asarray(longitude_deg, float), np.radians(latitude_deg)
    doubled = np.array(2 * np.arcsin(2 * latitude / np.pi))
    target = np.pi * np.sin(latitude)
    for _ in range(_STEPS):
        slope = np.maximum(1 + np.cos(doubled), 1e-12)
        doubled -= np.clip((doubled + np.sin(doubled) - target) / slope, -0.5, 0.5)
    doubled = np.clip(doubled, -np.pi, np.pi)
    return longitude / 90 * np.cos(doubled / 2), np.sin(doubled / 2)
