"""Compute the surface brightness of a mock galaxy without seeing: old and young light on a grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalogues.mocks.galaxy import Companion, Disc, MockBulge, MockGalaxy
from catalogues.mocks.profiles import (
    Grid,
    bar_dust,
    bar_light,
    disc_light,
    edge_on_light,
    ring_light,
    sersic_light,
    sin_cos,
    unit_sum,
)
from catalogues.mocks.spirals import clumps, spiral_arms

Plane = NDArray[np.float32]

DUST_GRI = (1.25, 0.90, 0.68)
"""Optical depth in g, r, i per unit of dust (about A_lambda / A_V of Cardelli et al. 1989)."""


@dataclass(frozen=True, kw_only=True)
class Light:
    """r-band light of red and of blue stars per pixel, and optical depth of dust; (H, W) each."""

    old: Plane
    young: Plane
    dust: Plane | None


def companion_light(companion: Companion, grid: Grid) -> Plane:
    """Compute the light of a companion, with an arc of stars if it has a tidal tail."""
    x, y = grid.axes()
    sin, cos = sin_cos(companion.position_angle_deg)
    dx, dy = x - np.float32(companion.x_arcsec), y - np.float32(companion.y_arcsec)
    shape = MockBulge(
        light=1.0,
        radius_arcsec=companion.radius_arcsec,
        sersic=companion.sersic,
        axis_ratio=companion.axis_ratio,
    )
    light = unit_sum(
        sersic_light(shape, dy * cos - dx * sin, -dx * cos - dy * sin, 0.7 * grid.pixel_arcsec)
    )
    if companion.tail > 0:
        distance = np.float32(np.hypot(companion.x_arcsec, companion.y_arcsec))
        radius = np.hypot(x, y)
        angle = np.arctan2(y, x) - np.float32(np.arctan2(companion.y_arcsec, companion.x_arcsec))
        angle = np.mod(angle, np.float32(2 * np.pi))
        path = distance * (1 + 0.25 * angle)
        arc = np.exp(-0.5 * ((radius - path) / (0.16 * distance)) ** 2 - angle / 1.2)
        light = light * np.float32(1 - companion.tail) + np.float32(companion.tail) * unit_sum(arc)
    return light


def _edge_on(galaxy: MockGalaxy, disc: Disc, grid: Grid) -> Light:
    u, v = grid.along(galaxy.position_angle_deg)
    cos_i = float(np.cos(np.deg2rad(galaxy.inclination_deg)))
    light = unit_sum(edge_on_light(disc, u, v, cos_i))
    share = galaxy.bulge.light if galaxy.bulge else 0.0
    young = light * np.float32((1 - share) * disc.young_share)
    old = light * np.float32((1 - share) * (1 - disc.young_share))
    if galaxy.bulge:
        old += np.float32(share) * unit_sum(
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
        old += np.float32(galaxy.bulge.light) * unit_sum(
            sersic_light(galaxy.bulge, along, across, soft)
        )
        rest -= galaxy.bulge.light
    if galaxy.nucleus > 0:
        spot = np.float32(0.5 * grid.pixel_arcsec + 0.08 * disc.scale_arcsec)
        old += np.float32(galaxy.nucleus) * unit_sum(np.exp(-0.5 * (radius / spot) ** 2))
        rest -= galaxy.nucleus
    if galaxy.bar:
        old += np.float32(galaxy.bar.light) * unit_sum(bar_light(galaxy.bar, u, v))
        rest -= galaxy.bar.light
    for ring in galaxy.rings:
        share = np.float32(ring.light) * unit_sum(ring_light(ring, u, v))
        old += np.float32(0.4) * share
        young += np.float32(0.6) * share
        rest -= ring.light
    if galaxy.spiral:
        young += np.float32(galaxy.spiral.light) * spiral_arms(
            galaxy, galaxy.spiral, disc.scale_arcsec, u, v
        )
        rest -= galaxy.spiral.light
    if galaxy.clumps:
        young += np.float32(0.35) * clumps(galaxy, disc.scale_arcsec, u, v)
        rest -= 0.35
    smooth = np.float32(max(rest, 0.02)) * unit_sum(disc_light(disc, radius))
    gradient = np.clip(disc.young_share * (0.6 + 0.25 * radius / disc.scale_arcsec), 0, 0.9)
    old += smooth * (1 - gradient)
    young += smooth * gradient
    dust = None
    if galaxy.bar and galaxy.bar.dust > 0:
        dust = np.float32(galaxy.bar.dust) * bar_dust(galaxy.bar, u, v)
    return Light(old=old, young=young, dust=dust)


def galaxy_light(galaxy: MockGalaxy, grid: Grid) -> Light:
    """Compute the light of the galaxy and its companion on `grid`; the r-band total is about 1."""
    if galaxy.disc is None:
        along, across = grid.along(galaxy.position_angle_deg)
        old = np.zeros((grid.n, grid.n), np.float32)
        if galaxy.bulge:
            old = unit_sum(sersic_light(galaxy.bulge, along, across, 0.7 * grid.pixel_arcsec))
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
    """Compute g, r, i images from the colours of old and young light, r-band total as the unit."""
    bands = {"r": light.old + light.young}
    for name, index, sign in (("g", 0, -0.4), ("i", 1, 0.4)):
        old, young = (
            np.float32(10 ** (sign * colour[index]))
            for colour in (galaxy.colour_old, galaxy.colour_young)
        )
        bands[name] = old * light.old + young * light.young
    if light.dust is not None:
        for name, depth in zip(("g", "r", "i"), DUST_GRI, strict=True):
            bands[name] = bands[name] * np.exp(np.float32(-depth) * light.dust)
    return bands
