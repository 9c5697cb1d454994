"""Draw other sources in a mock galaxy's field: stars, faint galaxies, trails, saturated stars."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from catalogues.mocks.galaxy import MockBulge, MockGalaxy
from catalogues.mocks.profiles import Grid, sersic_light
from catalogues.mocks.sky import Stream, generator

Plane = NDArray[np.float32]
Rng = np.random.Generator

_FAINT, _BRIGHT_STAR, _BRIGHT_GALAXY = 23.0, 13.0, 16.5


def nanomaggies(mag: float) -> float:
    """Convert an AB magnitude to flux in nanomaggies; 22.5 mag is one nanomaggy."""
    return float(10 ** (0.4 * (22.5 - mag)))


def _magnitude(rng: Rng, bright: float, slope: float) -> float:
    """Draw a magnitude from counts proportional to 10^(slope m), from `bright` to the faint end."""
    low, high = 10 ** (slope * bright), 10 ** (slope * _FAINT)
    return float(np.log10(rng.uniform(low, high)) / slope)


def _deposit(planes: list[Plane], grid: Grid, x: float, y: float, flux: list[float]) -> None:
    """Spread a point source over its four nearest pixels, in g, r and i."""
    column = x / grid.pixel_arcsec + (grid.n - 1) / 2
    row = (grid.n - 1) / 2 - y / grid.pixel_arcsec
    c, r = int(np.floor(column)), int(np.floor(row))
    if not (0 <= c < grid.n - 1 and 0 <= r < grid.n - 1):
        return
    fc, fr = column - c, row - r
    weights = np.outer([1 - fr, fr], [1 - fc, fc]).astype(np.float32)
    for plane, value in zip(planes, flux, strict=True):
        plane[r : r + 2, c : c + 2] += np.float32(value) * weights


def _star_colours(rng: Rng) -> tuple[float, float]:
    """Draw g - r and r - i along the stellar locus; a third of the stars are M dwarfs."""
    if rng.random() < 0.35:
        return rng.normal(1.3, 0.08), rng.uniform(0.45, 1.2)
    colour = rng.uniform(0.1, 1.2)
    return colour, 0.36 * colour - 0.02 + rng.normal(0, 0.03)


def _fluxes(mag_r: float, g_r: float, r_i: float) -> list[float]:
    return [nanomaggies(mag_r + g_r), nanomaggies(mag_r), nanomaggies(mag_r - r_i)]


def _galaxy_stamp(rng: Rng, planes: list[Plane], grid: Grid, x: float, y: float) -> None:
    mag = _magnitude(rng, _BRIGHT_GALAXY, 0.38)
    size = float(np.clip(0.9 * 10 ** (-0.12 * (mag - 21)) * np.exp(rng.normal(0, 0.3)), 0.25, 6))
    flux = _fluxes(mag, rng.normal(0.9, 0.35), rng.normal(0.4, 0.15))
    half = int(np.clip(5 * size / grid.pixel_arcsec, 3, grid.n // 2))
    column = round(x / grid.pixel_arcsec + (grid.n - 1) / 2)
    row = round((grid.n - 1) / 2 - y / grid.pixel_arcsec)
    r0, r1 = max(0, row - half), min(grid.n, row + half + 1)
    c0, c1 = max(0, column - half), min(grid.n, column + half + 1)
    if r0 >= r1 or c0 >= c1:
        return
    stamp = Grid(n=2 * half + 1, pixel_arcsec=grid.pixel_arcsec)
    shape = MockBulge(
        light=1.0,
        radius_arcsec=size,
        sersic=rng.uniform(0.8, 2.5),
        axis_ratio=rng.uniform(0.25, 1),
    )
    light = sersic_light(shape, *stamp.along(rng.uniform(0, 180)), 0.7 * grid.pixel_arcsec)
    light /= light.sum()
    part = light[r0 - row + half : r1 - row + half, c0 - column + half : c1 - column + half]
    for plane, value in zip(planes, flux, strict=True):
        plane[r0:r1, c0:c1] += np.float32(value) * part


def field_sources(galaxy: MockGalaxy, grid: Grid, density_arcmin2: float) -> list[Plane]:
    """Draw unconvolved g, r, i images (nanomaggies per pixel) of stars and galaxies in the field.

    Counts are Poisson with `density_arcmin2` to r = 23. 45 % are stars, whose density varies
    log-normally between fields, as it does with galactic latitude.
    """
    rng = generator(galaxy.seed, galaxy.index, Stream.FIELD)
    planes = [np.zeros((grid.n, grid.n), np.float32) for _ in range(3)]
    side = grid.n * grid.pixel_arcsec
    mean = density_arcmin2 * (side / 60) ** 2
    for _ in range(rng.poisson(0.45 * mean * np.exp(rng.normal(0, 0.5)))):
        x, y = rng.uniform(-side / 2, side / 2, 2)
        flux = _fluxes(_magnitude(rng, _BRIGHT_STAR, 0.22), *_star_colours(rng))
        _deposit(planes, grid, x, y, flux)
    for _ in range(rng.poisson(0.55 * mean)):
        x, y = rng.uniform(-side / 2, side / 2, 2)
        _galaxy_stamp(rng, planes, grid, x, y)
    return planes


def add_artifacts(galaxy: MockGalaxy, grid: Grid, planes: list[Plane]) -> None:
    """Add artifacts to convolved images in place.

    They are a trail in one band, and spikes, halo and bleed of a bright star.
    """
    rng = generator(galaxy.seed, galaxy.index, Stream.ARTIFACTS)
    if galaxy.trail:
        x, y = grid.along(rng.uniform(0, 180))
        across = y - np.float32(rng.uniform(-0.35, 0.35) * grid.n * grid.pixel_arcsec)
        width = np.float32(rng.uniform(0.4, 0.8))
        strength = np.float32(rng.uniform(0.1, 0.8) * grid.pixel_arcsec**2 / 0.157)
        planes[int(rng.integers(3))] += strength * np.exp(-0.5 * (across / width) ** 2) + 0 * x
    if galaxy.kind == "artifact":
        _bright_star(rng, galaxy, grid, planes)


def _bright_star(rng: Rng, galaxy: MockGalaxy, grid: Grid, planes: list[Plane]) -> None:
    """Add a halo (r^-2), four spikes at 45 deg to the scan, and a bleed along the columns."""
    x, y = grid.axes()
    u, v = grid.along(45.0 + rng.normal(0, 3))
    radius2 = x * x + y * y + np.float32(1.0)
    area = grid.pixel_arcsec**2
    spikes = sum(
        np.exp(-((across / np.float32(0.5)) ** 2)) / (1 + np.abs(along))
        for along, across in ((u, v), (v, u))
    )
    bleed = np.exp(-((x / np.float32(0.8)) ** 2)) * (np.abs(y) < rng.uniform(3, 25))
    colours = _fluxes(galaxy.mag_r, rng.normal(0.5, 0.3), rng.normal(0.2, 0.2))
    for plane, flux, leak in zip(planes, colours, rng.uniform(0, 2, 3), strict=True):
        plane += np.float32(flux * area) * (
            np.float32(0.004) / radius2 + np.float32(0.0015) * spikes
        )
        plane += np.float32(leak * flux * 2e-4) * bleed
