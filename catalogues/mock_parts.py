"""Parts of a mock galaxy: disc, bulge, bar, ring, spiral, companion.

Lengths are in arcsec, angles in degrees; `light` is a part's share of the galaxy's r-band flux.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Disc:
    """Exponential disc; past `break_over_h` scale lengths it falls `outer_slope` times as steeply.

    `hole` (0-1) is the deficit in the region that a bar sweeps, of radius `hole_arcsec`;
    `young_share` the part of the light that is blue, at one scale length or so.
    """

    scale_arcsec: float
    break_over_h: float
    outer_slope: float
    thickness: float
    young_share: float
    hole: float = 0.0
    hole_arcsec: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Bulge:
    """Sersic spheroid with `light`, its share of the total r-band flux."""

    light: float
    radius_arcsec: float
    sersic: float
    axis_ratio: float
    boxy: float = 2.0


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A bar in the disc's plane: nothing of it lies beyond its semi-major axis.

    `angle_deg`: from the line of nodes, in the plane. `boxiness` c: |x/a|^c + |y/b|^c = m^c.
    `profile`: 'ferrers' (1 - m^2)^slope, 'flat' (1 - m^8), 'exponential' (e^(-slope m) - e^-slope).
    """

    light: float
    semi_major_arcsec: float
    axis_ratio: float
    angle_deg: float
    boxiness: float
    profile: Literal["ferrers", "flat", "exponential"]
    slope: float
    weak: bool
    dust: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Ring:
    """An elliptical ring in the disc's plane, aligned with the bar or across it."""

    light: float
    radius_arcsec: float
    width_arcsec: float
    axis_ratio: float
    angle_deg: float


@dataclass(frozen=True, kw_only=True)
class Spiral:
    """Logarithmic arms from `start_arcsec` outward; `phase_deg` is an arm's angle there.

    `sharpness`: concentration of the arms' von Mises profile; `patchiness`: 0 (smooth) to 1 and
    more; `winding`: +1 or -1; `knots`: number of star-forming regions on the arms.
    """

    light: float
    arms: int
    pitch_deg: float
    start_arcsec: float
    phase_deg: float
    winding: int
    sharpness: float
    patchiness: float
    knots: int
    asymmetry: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Companion:
    """A second galaxy close by, a Sersic ellipse, with `tail` of its light in a tidal arc."""

    x_arcsec: float
    y_arcsec: float
    flux_ratio: float
    radius_arcsec: float
    sersic: float
    axis_ratio: float
    position_angle_deg: float
    tail: float
