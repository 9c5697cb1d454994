"""Compute spiral arms (logarithmic, patchy, with star-forming knots) and clumps of irregulars."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from catalogues.mocks.galaxy import MockGalaxy, Spiral
from catalogues.mocks.sky import Stream, generator

Plane = NDArray[np.float32]
Reals = NDArray[np.float64]
Rng = np.random.Generator

_TURNS, _RINGS = 64, 28


def arm_phase(spiral: Spiral, radius: Plane, angle: Plane) -> Plane:
    """Compute m (angle - crest) with crest = phase + ln(r/r0)/tan(pitch).

    Its cosine peaks on the arms.
    """
    start = np.float32(spiral.start_arcsec)
    wound = np.log(np.maximum(radius, np.float32(0.05) * start) / start)
    wound *= np.float32(spiral.winding / np.tan(np.deg2rad(spiral.pitch_deg)))
    phase = np.float32(np.deg2rad(spiral.phase_deg))
    result: Plane = np.float32(spiral.arms) * (angle - phase - wound)
    return result


def _patches(rng: Rng, strength: float, radius: Plane, angle: Plane, h: float) -> Plane:
    """Draw log-normal patches on a polar lattice, periodic in angle, with a mean of about 1."""
    lattice = rng.normal(size=(_RINGS, _TURNS)).astype(np.float32)
    lattice = (lattice + np.roll(lattice, 1, 1) + np.roll(lattice, -1, 1)) / np.float32(1.7)
    field = np.exp(np.float32(strength) * lattice - np.float32(0.5 * strength**2))
    rows = np.minimum(radius * np.float32(_RINGS / (6.5 * h)), np.float32(_RINGS - 1))
    columns = np.mod(angle * np.float32(_TURNS / (2 * np.pi)), np.float32(_TURNS))
    wrapped = np.concatenate([field, field[:, :1]], axis=1)
    places = [rows, columns]
    result: Plane = map_coordinates(wrapped, places, order=1, mode="nearest", output=np.float32)
    return result


def _add_knots(image: Plane, u: Plane, v: Plane, where: Reals, size: Reals, flux: Reals) -> None:
    """Add Gaussian knots at `where` (K, 2) in the plane, each only within a box around it."""
    n = image.shape[0]
    # u and v are linear functions of the pixel: invert this map once
    centre = n // 2
    du = np.array(
        [u[centre, centre + 1] - u[centre, centre], u[centre + 1, centre] - u[centre, centre]]
    )
    dv = np.array(
        [v[centre, centre + 1] - v[centre, centre], v[centre + 1, centre] - v[centre, centre]]
    )
    inverse = np.linalg.inv(np.array([du, dv], dtype=np.float64))
    offset = where - np.array([u[centre, centre], v[centre, centre]])
    columns_rows = offset @ inverse.T + centre
    step = float(np.hypot(*du))
    for (column, row), (ku, kv), s, f in zip(columns_rows, where, size, flux, strict=True):
        half = int(np.ceil(3.2 * s / step)) + 2
        r0, r1 = max(0, int(row) - half), min(n, int(row) + half + 1)
        c0, c1 = max(0, int(column) - half), min(n, int(column) + half + 1)
        if r0 >= r1 or c0 >= c1:
            continue
        box = (slice(r0, r1), slice(c0, c1))
        d2 = (u[box] - np.float32(ku)) ** 2 + (v[box] - np.float32(kv)) ** 2
        spot = np.exp(-d2 / np.float32(2 * s * s))
        image[box] += np.float32(f) * spot / np.float32(2 * np.pi * s * s / step**2)


def spiral_arms(galaxy: MockGalaxy, spiral: Spiral, h: float, u: Plane, v: Plane) -> Plane:
    """Compute arms and knots with unit sum. u, v: coordinates in the plane. h: scale length.

    All three are in arcsec.
    """
    rng = generator(galaxy.seed, galaxy.index, Stream.STRUCTURE)
    radius, angle = np.hypot(u, v), np.arctan2(v, u)
    phase = arm_phase(spiral, radius, angle)
    crest = np.exp(np.float32(spiral.sharpness) * (np.cos(phase) - 1))
    if spiral.asymmetry > 0:
        crest *= 1 + np.float32(spiral.asymmetry) * np.cos(
            angle - np.float32(np.deg2rad(spiral.phase_deg))
        )
    start = np.float32(spiral.start_arcsec)
    onset = 1 / (
        1
        + np.exp(
            np.clip(-(radius - np.float32(0.93) * start) / (np.float32(0.06) * start), -30, 30)
        )
    )
    fall = np.exp(
        -radius / np.float32(1.15 * h) - np.maximum(radius / np.float32(4.0 * h) - 1, 0) * 6
    )
    arms = crest * onset * fall
    if spiral.patchiness > 0:
        arms *= _patches(rng, 0.75 * spiral.patchiness, radius, angle, h)
    arms /= np.float32(max(float(arms.sum()), 1e-20))
    if spiral.knots:
        where, size, flux = _knots_on_arms(rng, spiral, h)
        knots = np.zeros_like(arms)
        _add_knots(knots, u, v, where, size, flux)
        share = np.float32(min(0.35, 0.006 * spiral.knots))
        arms = (1 - share) * arms + share * knots / np.float32(max(float(knots.sum()), 1e-20))
    light: Plane = arms
    return light


def _knots_on_arms(rng: Rng, spiral: Spiral, h: float) -> tuple[Reals, Reals, Reals]:
    """Draw positions (K, 2), sizes and fluxes of knots along the crests of the arms."""
    k = spiral.knots
    radius = spiral.start_arcsec + rng.gamma(2.0, 0.55 * h, k)
    crest = np.deg2rad(spiral.phase_deg) + spiral.winding * np.log(
        radius / spiral.start_arcsec
    ) / np.tan(np.deg2rad(spiral.pitch_deg))
    angle = crest + rng.integers(spiral.arms, size=k) * 2 * np.pi / spiral.arms
    angle += rng.normal(0, 0.5 / np.sqrt(1 + spiral.sharpness), k)
    where = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    size = h * rng.uniform(0.04, 0.11, k)
    flux = rng.pareto(1.8, k) + 0.3
    return where, size, np.minimum(flux, 4.0) * np.exp(-radius / (2.5 * h))


def clumps(galaxy: MockGalaxy, h: float, u: Plane, v: Plane) -> Plane:
    """Draw off-centre clumps of an irregular galaxy, unit sum. h: scale length in arcsec."""
    rng = generator(galaxy.seed, galaxy.index, Stream.STRUCTURE)
    k = galaxy.clumps
    where = rng.normal(0, 1.1 * h, (k, 2)) + rng.normal(0, 0.6 * h, 2)
    image = np.zeros(u.shape, np.float32)
    _add_knots(image, u, v, where, h * rng.uniform(0.08, 0.5, k), rng.pareto(2.0, k) + 0.5)
    image /= np.float32(max(float(image.sum()), 1e-20))
    return image
