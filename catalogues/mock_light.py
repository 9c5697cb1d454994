"""Surface brightness of a mock galaxy before the telescope: old and young light on a grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalogues.mock_galaxies import Bar, Bulge, Companion, Disc, MockGalaxy, Ring
from catalogues.mock_spirals import clumps, spiral_arms

Plane = NDArray[np.float32]

DUST_RGI = (1.25, 0.90, 0.68)
"""Optical depth in g, r, i for a unit of dust (about A_lambda / A_V of Cardelli et al. 1989)."""


@dataclass(frozen=True, kw_only=True)
class Light:
    """r-band light of red and of blue stars per pixel, and dust's optical depth; (H, W) each."""

    old: Plane
    young: Plane
    dust: Plane | None


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Square pixel grid about the galaxy, `n` pixels of `pixel_arcsec`, row 0 at the top."""

    n: int
    pixel_arcsec: float

    def axes(self) -> tuple[Plane, Plane]:
        """x to the right (1, n) and y upward (n, 1), arcsec; zero at pixel (n - 1)/2."""
        axis = ((np.arange(self.n) - (self.n - 1) / 2) * self.pixel_arcsec).astype(np.float32)
        return axis[None, :], -axis[:, None]

    def along(self, position_angle_deg: float, axis_ratio: float = 1.0) -> tuple[Plane, Plane]:
        """Coordinates along and across a direction, the latter divided by `axis_ratio`; arcsec."""
        x, y = self.axes()
        sin, cos = _sin_cos(position_angle_deg)
        return y * cos - x * sin, (-x * cos - y * sin) / np.float32(axis_ratio)


def _sin_cos(angle_deg: float) -> tuple[np.float32, np.float32]:
    angle = np.deg2rad(angle_deg)
    return np.float32(np.sin(angle)), np.float32(np.cos(angle))


def _rotated(u: Plane, v: Plane, angle_deg: float) -> tuple[Plane, Plane]:
    sin, cos = _sin_cos(angle_deg)
    return u * cos + v * sin, v * cos - u * sin


def _normal(image: Plane) -> Plane:
    """The image with unit sum."""
    result: Plane = image / np.float32(max(float(image.sum(dtype=np.float64)), 1e-30))
    return result


def disc_light(disc: Disc, radius: Plane) -> Plane:
    """Broken exponential with a shallow hole; `radius` in arcsec in the disc's plane."""
    h = np.float32(disc.scale_arcsec)
    s = radius / h
    excess = np.maximum(s - np.float32(disc.break_over_h), 0)
    light = np.exp(-s - excess * np.float32(disc.outer_slope - 1.0))
    if disc.hole > 0:
        light *= 1 - np.float32(disc.hole) * np.exp(-((radius / np.float32(disc.hole_arcsec)) ** 4))
    return light


def edge_on_light(disc: Disc, u: Plane, v: Plane, cos_i: float) -> Plane:
    """Edge-on exponential disc, s K1(s) along and sech^2 across (van der Kruit & Searle 1981).

    s K1(s) is written exp(-s) sqrt(1 + pi s/2): right at both ends and within 6 % between.
    """
    s = np.abs(u) / np.float32(disc.scale_arcsec)
    height = disc.scale_arcsec * float(np.hypot(disc.thickness, 0.7 * cos_i))
    excess = np.maximum(s - np.float32(disc.break_over_h), 0)
    along = np.exp(-s - excess * np.float32(disc.outer_slope - 1.0)) * np.sqrt(1 + 1.5708 * s)
    return along / np.cosh(np.minimum(np.abs(v) / np.float32(height), 20)) ** 2


def sersic_light(bulge: Bulge, u: Plane, v: Plane, soft_arcsec: float) -> Plane:
    """Sersic profile along/across; b_n after Ciotti & Bertin (1999); the cusp is softened."""
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
    return np.exp(-np.float32(b_n) * power)


def bar_radius(bar: Bar, u: Plane, v: Plane) -> Plane:
    """m of the generalised ellipse, 1 on the bar's edge; u, v in the disc's plane, arcsec."""
    along, across = _rotated(u, v, bar.angle_deg)
    a = np.float32(bar.semi_major_arcsec)
    c = np.float32(bar.boxiness)
    along, across = np.abs(along) / a, np.abs(across) / (a * np.float32(bar.axis_ratio))
    m = np.full_like(along, 2.0)
    inside = np.maximum(along, across) < 1
    m[inside] = (along[inside] ** c + across[inside] ** c) ** (1 / c)
    return m


def bar_light(bar: Bar, u: Plane, v: Plane) -> Plane:
    """The bar's light: zero from m = 1 outward."""
    m = np.minimum(bar_radius(bar, u, v), np.float32(1.0))
    slope = np.float32(bar.slope)
    if bar.profile == "ferrers":
        return (1 - m * m) ** slope
    if bar.profile == "flat":
        return 1 - m**8
    return np.exp(-slope * m) - np.exp(-slope)


def ring_light(ring: Ring, u: Plane, v: Plane) -> Plane:
    """Gaussian in elliptical radius."""
    along, across = _rotated(u, v, ring.angle_deg)
    radius = np.sqrt(along * along + (across / np.float32(ring.axis_ratio)) ** 2)
    return np.exp(-0.5 * ((radius - np.float32(ring.radius_arcsec)) / np.float32(ring.width_arcsec)) ** 2)  # fmt: skip


def bar_dust(bar: Bar, u: Plane, v: Plane) -> Plane:
    """Two lanes on the leading edges, offset to opposite sides of the two halves."""
    along, across = _rotated(u, v, bar.angle_deg)
    a = np.float32(bar.semi_major_arcsec)
    b = a * np.float32(bar.axis_ratio)
    lane = np.tanh(along / (np.float32(0.15) * a)) * np.float32(0.35) * b
    inside = np.exp(-((along / (np.float32(0.75) * a)) ** 4))
    return np.exp(-(((across - lane) / (np.float32(0.22) * b)) ** 2)) * inside


def companion_light(companion: Companion, grid: Grid) -> Plane:
    """The second galaxy, with an arc of stars drawn out of it if it has a tail."""
    x, y = grid.axes()
    sin, cos = _sin_cos(companion.position_angle_deg)
    dx, dy = x - np.float32(companion.x_arcsec), y - np.float32(companion.y_arcsec)
    shape = Bulge(
        light=1.0,
        radius_arcsec=companion.radius_arcsec,
        sersic=companion.sersic,
        axis_ratio=companion.axis_ratio,
    )
    light = _normal(
        sersic_light(shape, dy * cos - dx * sin, -dx * cos - dy * sin, 0.7 * grid.pixel_arcsec)
    )
    if companion.tail > 0:
        distance = np.float32(np.hypot(companion.x_arcsec, companion.y_arcsec))
        radius = np.hypot(x, y)
        angle = np.arctan2(y, x) - np.float32(np.arctan2(companion.y_arcsec, companion.x_arcsec))
        angle = np.mod(angle, np.float32(2 * np.pi))
        path = distance * (1 + 0.25 * angle)
        arc = np.exp(-0.5 * ((radius - path) / (0.16 * distance)) ** 2 - angle / 1.2)
        light = light * np.float32(1 - companion.tail) + np.float32(companion.tail) * _normal(arc)
    return light


def _edge_on(galaxy: MockGalaxy, disc: Disc, grid: Grid) -> Light:
    u, v = grid.along(galaxy.position_angle_deg)
    cos_i = float(np.cos(np.deg2rad(galaxy.inclination_deg)))
    light = _normal(edge_on_light(disc, u, v, cos_i))
    share = galaxy.bulge.light if galaxy.bulge else 0.0
    young = light * np.float32((1 - share) * disc.young_share)
    old = light * np.float32((1 - share) * (1 - disc.young_share))
    if galaxy.bulge:
        old += np.float32(share) * _normal(
            sersic_light(galaxy.bulge, u, v, 0.7 * grid.pixel_arcsec)
        )
    if galaxy.edge_dust == 0:
        return Light(old=old, young=young, dust=None)
    h = np.float32(disc.scale_arcsec)
    offset, width = (
        np.float32(0.35 * cos_i) * h,
        np.float32(0.45 * disc.thickness + 0.1 * cos_i) * h,
    )
    lane = np.exp(-0.5 * ((v - offset) / width) ** 2 - (u / (np.float32(2.2) * h)) ** 2)
    return Light(old=old, young=young, dust=np.float32(galaxy.edge_dust) * lane)


def _face_on(galaxy: MockGalaxy, disc: Disc, grid: Grid) -> Light:
    u, v = grid.along(galaxy.position_angle_deg, galaxy.disc_axis_ratio)
    radius = np.hypot(u, v)
    old, young = np.zeros_like(radius), np.zeros_like(radius)
    soft, rest = 0.7 * grid.pixel_arcsec, 1.0
    if galaxy.bulge:
        along, across = grid.along(galaxy.position_angle_deg)
        old += np.float32(galaxy.bulge.light) * _normal(
            sersic_light(galaxy.bulge, along, across, soft)
        )
        rest -= galaxy.bulge.light
    if galaxy.nucleus > 0:
        spot = np.float32(0.5 * grid.pixel_arcsec + 0.08 * disc.scale_arcsec)
        old += np.float32(galaxy.nucleus) * _normal(np.exp(-0.5 * (radius / spot) ** 2))
        rest -= galaxy.nucleus
    if galaxy.bar:
        old += np.float32(galaxy.bar.light) * _normal(bar_light(galaxy.bar, u, v))
        rest -= galaxy.bar.light
    for ring in galaxy.rings:
        share = np.float32(ring.light) * _normal(ring_light(ring, u, v))
        old += np.float32(0.4) * share
        young += np.float32(0.6) * share
        rest -= ring.light
    if galaxy.spiral:
        young += np.float32(galaxy.spiral.light) * spiral_arms(galaxy, galaxy.spiral, u, v)
        rest -= galaxy.spiral.light
    if galaxy.clumps:
        young += np.float32(0.35) * clumps(galaxy, u, v)
        rest -= 0.35
    smooth = np.float32(max(rest, 0.02)) * _normal(disc_light(disc, radius))
    gradient = np.clip(disc.young_share * (0.6 + 0.25 * radius / disc.scale_arcsec), 0, 0.9)
    old += smooth * (1 - gradient)
    young += smooth * gradient
    dust = None
    if galaxy.bar and galaxy.bar.dust > 0:
        dust = np.float32(galaxy.bar.dust) * bar_dust(galaxy.bar, u, v)
    return Light(old=old, young=young, dust=dust)


def galaxy_light(galaxy: MockGalaxy, grid: Grid) -> Light:
    """Light of the galaxy and its companion on `grid`: the r-band total is about 1."""
    if galaxy.disc is None:
        along, across = grid.along(galaxy.position_angle_deg)
        old = np.zeros((grid.n, grid.n), np.float32)
        if galaxy.bulge:
            old = _normal(sersic_light(galaxy.bulge, along, across, 0.7 * grid.pixel_arcsec))
        light = Light(old=old, young=np.zeros_like(old), dust=None)
    elif galaxy.kind == "edge_on":
        light = _edge_on(galaxy, galaxy.disc, grid)
    else:
        light = _face_on(galaxy, galaxy.disc, grid)
    if galaxy.companion is None:
        return light
    other = np.float32(galaxy.companion.flux_ratio) * companion_light(galaxy.companion, grid)
    return Light(old=light.old + 0.6 * other, young=light.young + 0.4 * other, dust=light.dust)


def band_images(galaxy: MockGalaxy, light: Light) -> dict[str, Plane]:
    """g, r, i images, in units of the r-band total, from the colours (g - r, r - i) of old and young."""
    bands = {"r": light.old + light.young}
    for name, index, sign in (("g", 0, -0.4), ("i", 1, 0.4)):
        old, young = (
            np.float32(10 ** (sign * colour[index]))
            for colour in (galaxy.colour_old, galaxy.colour_young)
        )
        bands[name] = old * light.old + young * light.young
    if light.dust is not None:
        for name, depth in zip(("g", "r", "i"), DUST_RGI, strict=True):
            bands[name] = bands[name] * np.exp(np.float32(-depth) * light.dust)
    return bands
