"""Compute the surface brightness of the parts of a mock galaxy, without normalisation.

Coordinates are (H, W), or can be broadcast to it, float32, in arcsec. u and v run along and across
the line of nodes; for parts of the disc they are in the disc's plane.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalogues.mocks.galaxy import Bar, Disc, MockBulge, Ring

Plane = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Square grid around the galaxy, `n` pixels of `pixel_arcsec` per side, row 0 at the top."""

    n: int
    pixel_arcsec: float

    def axes(self) -> tuple[Plane, Plane]:
        """Return x to the right (1, n) and y upward (n, 1) in arcsec; zero at pixel (n - 1)/2."""
        pixels = np.arange(self.n, dtype=np.float64) - (self.n - 1) / 2
        axis: Plane = np.asarray(pixels * self.pixel_arcsec, dtype=np.float32)
        x: Plane = axis.reshape(1, -1)
        y: Plane = np.negative(axis).reshape(-1, 1)
        return x, y

    def along(self, position_angle_deg: float, axis_ratio: float = 1.0) -> tuple[Plane, Plane]:
        """Return coordinates along and across a direction in arcsec.

        The coordinate across is divided by `axis_ratio`.
        """
        x, y = self.axes()
        sin, cos = sin_cos(position_angle_deg)
        u: Plane = y * cos - x * sin
        v: Plane = (x * cos + y * sin) * np.float32(-1 / axis_ratio)
        return u, v


def sin_cos(angle_deg: float) -> tuple[np.float32, np.float32]:
    """Return sine and cosine of an angle in degrees."""
    angle = np.deg2rad(angle_deg)
    return np.float32(np.sin(angle)), np.float32(np.cos(angle))


def _rotated(u: Plane, v: Plane, angle_deg: float) -> tuple[Plane, Plane]:
    sin, cos = sin_cos(angle_deg)
    return u * cos + v * sin, v * cos - u * sin


def unit_sum(image: Plane) -> Plane:
    """Scale an image to unit sum."""
    result: Plane = image / np.float32(max(float(image.sum(dtype=np.float64)), 1e-30))
    return result


def disc_light(disc: Disc, radius: Plane) -> Plane:
    """Compute a broken exponential with a shallow hole. `radius`: arcsec in the disc's plane."""
    h = np.float32(disc.scale_arcsec)
    s = radius / h
    excess = np.maximum(s - np.float32(disc.break_over_h), 0)
    light: Plane = np.exp(-s - excess * np.float32(disc.outer_slope - 1.0))
    if disc.hole > 0:
        light *= 1 - np.float32(disc.hole) * np.exp(-((radius / np.float32(disc.hole_arcsec)) ** 4))
    return light


def edge_on_light(disc: Disc, u: Plane, v: Plane, cos_i: float) -> Plane:
    """Compute an edge-on exponential disc, s K1(s) along and sech^2 across.

    See van der Kruit & Searle 1981. s K1(s) is approximated by exp(-s) sqrt(1 + pi s/2), which is
    correct at both ends and within 6 % in between.
    """
    s = np.abs(u) / np.float32(disc.scale_arcsec)
    height = disc.scale_arcsec * float(np.hypot(disc.thickness, 0.7 * cos_i))
    excess = np.maximum(s - np.float32(disc.break_over_h), 0)
    along = np.exp(-s - excess * np.float32(disc.outer_slope - 1.0)) * np.sqrt(1 + 1.5708 * s)
    light: Plane = along / np.cosh(np.minimum(np.abs(v) / np.float32(height), 20)) ** 2
    return light


def sersic_light(bulge: MockBulge, u: Plane, v: Plane, soft_arcsec: float) -> Plane:
    """Compute a Sersic profile with a softened cusp; b_n after Ciotti & Bertin (1999)."""
    q = np.float32(bulge.axis_ratio)
    if bulge.boxy == 2.0:
        radius = np.sqrt(u * u + (v / q) ** 2 + np.float32(soft_arcsec**2))
    else:
        c = np.float32(bulge.boxy)
        radius = (np.abs(u) ** c + np.abs(v / q) ** c + np.float32(soft_arcsec**bulge.boxy)) ** (
            1 / c
        )
    n = bulge.sersic
    b_n = 2 * n - 1 / 3 + 0.009876 / n
    power = np.exp(np.log(radius / np.float32(bulge.radius_arcsec)) * np.float32(1 / n))
    light: Plane = np.exp(-np.float32(b_n) * power)
    return light


def bar_radius(bar: Bar, u: Plane, v: Plane) -> Plane:
    """Compute m of the generalised ellipse, which is 1 on the bar's edge.

    u, v: arcsec in the disc's plane.
    """
    along, across = _rotated(u, v, bar.angle_deg)
    a = np.float32(bar.semi_major_arcsec)
    c = np.float32(bar.boxiness)
    x: Plane = np.abs(along / a)
    y: Plane = np.abs(across / np.float32(bar.semi_major_arcsec * bar.axis_ratio))
    m = np.full_like(x, 2.0)
    inside = np.maximum(x, y) < 1
    m[inside] = (x[inside] ** c + y[inside] ** c) ** (1 / c)
    return m


def bar_light(bar: Bar, u: Plane, v: Plane) -> Plane:
    """Compute the bar's light, which is zero for m >= 1."""
    m = np.minimum(bar_radius(bar, u, v), np.float32(1.0))
    slope = np.float32(bar.slope)
    light: Plane
    if bar.profile == "ferrers":
        light = (1 - m * m) ** slope
    elif bar.profile == "flat":
        light = 1 - m**8
    else:
        light = np.exp(-slope * m) - np.exp(-slope)
    return light


def ring_light(ring: Ring, u: Plane, v: Plane) -> Plane:
    """Compute a ring: a Gaussian in elliptical radius."""
    along, across = _rotated(u, v, ring.angle_deg)
    radius = np.sqrt(along * along + (across / np.float32(ring.axis_ratio)) ** 2)
    distance = (radius - np.float32(ring.radius_arcsec)) / np.float32(ring.width_arcsec)
    result: Plane = np.exp(-0.5 * distance**2)
    return result


def bar_dust(bar: Bar, u: Plane, v: Plane) -> Plane:
    """Compute two dust lanes on the bar's leading edges, on opposite sides of its two halves."""
    along, across = _rotated(u, v, bar.angle_deg)
    a = np.float32(bar.semi_major_arcsec)
    b = a * np.float32(bar.axis_ratio)
    lane = np.tanh(along / (np.float32(0.15) * a)) * np.float32(0.35) * b
    inside = np.exp(-((along / (np.float32(0.75) * a)) ** 4))
    depth: Plane = np.exp(-(((across - lane) / (np.float32(0.22) * b)) ** 2)) * inside
    return depth
