"""The visual length of a mock bar: where a person who looks at the image would put the ruler.

A bar's light fades out, so its edge, where the light is zero, lies beyond what anybody measures.
Hoyle et al. 2011 (MNRAS 415, 3627) let volunteers draw a line from end to end.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catalogues.mocks.galaxy import MockGalaxy
from catalogues.mocks.profiles import bar_light, sin_cos

VISUAL_SHARE = 0.92
"""Share of the bar's own light along its axis that lies within the visual length. One number for
all bars, fitted on real bars that Hoyle et al. 2011 measured (docs/science.md, "Where a bar
ends")."""

_STEPS = 400
_REACH = 1.3  # in semi-major axes: a boxy bar reaches beyond the ellipse


def visual_length_arcsec(galaxy: MockGalaxy) -> float:
    """Return the full visual length in arcsec, projected; NaN without a bar.

    It holds VISUAL_SHARE of the bar's light along the projected bar's major axis, without seeing
    and without the rest of the galaxy.
    """
    if galaxy.bar is None:
        return float("nan")
    half = galaxy.bar_length_arcsec / 2
    r = steps_along(half)
    sin, cos = sin_cos(galaxy.bar_position_angle_deg - galaxy.position_angle_deg)
    u = (r * cos).astype(np.float32)
    v = (r * sin / galaxy.disc_axis_ratio).astype(np.float32)
    return 2 * reach(r, bar_light(galaxy.bar, u, v))


def visual_length_px(galaxy: MockGalaxy) -> float:
    """Return the full visual length in pixels of the stored image; NaN without a bar."""
    return visual_length_arcsec(galaxy) / galaxy.pixel_scale_arcsec


def steps_along(half_length: float) -> NDArray[np.float64]:
    """Return distances from a bar's middle, (400,) at equal steps, to beyond its edge.

    half_length: from the middle to the edge, in the unit of the result.
    """
    return (np.arange(_STEPS) + 0.5) / _STEPS * _REACH * half_length


def reach(r: ArrayLike, light: ArrayLike, share: float = VISUAL_SHARE) -> float:
    """Return the r within which `share` of the light lies.

    r, light: (N,), at equal steps from the bar's middle outwards. Raises ValueError for light that
    is nowhere above 0.
    """
    within = np.cumsum(np.maximum(np.asarray(light, dtype=np.float64), 0.0))
    if not within[-1] > 0:
        raise ValueError("the bar has no light along its axis: it has no visual length")
    at = np.asarray(r, dtype=np.float64)
    edges = np.concatenate([[0.0], at + (at[1] - at[0]) / 2])
    return float(np.interp(share, np.concatenate([[0.0], within / within[-1]]), edges))
