"""Draw mock galaxies, with classes, sizes, bars and arms about as frequent as in real surveys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from catalogues import scales
from catalogues.mocks.galaxy import MockClass, MockGalaxy
from catalogues.mocks.morphology import draw_parts
from catalogues.mocks.optics import petrosian_radii
from catalogues.mocks.params import MockSkyParams
from catalogues.mocks.sky import Stream, chance, clipped_normal, generator, object_id

Rng = np.random.Generator


def _size(rng: Rng, params: MockSkyParams) -> tuple[float, float]:
    """Draw redshift and nominal petroR90 (arcsec): physical radii log-normal around 10.5 kpc."""
    low, high = params.r90_arcsec
    for _ in range(200):
        z = params.z[0] + (params.z[1] - params.z[0]) * rng.beta(1.6, 3.4)
        r90_kpc = 10.5 * np.exp(rng.normal(0, 0.38))
        r90 = float(r90_kpc / scales.kpc_per_arcsec(z, params.cosmology))
        if low < r90 < high:
            return z, r90
    return params.z[0] + 0.3 * (params.z[1] - params.z[0]), float(np.sqrt(low * high))


def _class(rng: Rng, params: MockSkyParams, cos_i: float) -> MockClass:
    others: tuple[tuple[MockClass, float], ...] = (
        ("smooth", params.smooth_fraction),
        ("merger", params.merger_fraction),
        ("irregular", params.irregular_fraction),
        ("artifact", params.artifact_fraction),
    )
    throw, upper = rng.random(), 0.0
    for name, share in others:
        upper += share
        if throw < upper:
            return name
    if cos_i < params.edge_on_cos_max:
        return "edge_on"
    barred = params.strong_bar_fraction + params.weak_bar_fraction
    return "barred" if chance(rng, barred) else "unbarred"


def _colours(rng: Rng, z: float, young: bool) -> tuple[float, float]:
    """Draw g - r and r - i of old or young light, reddened by the redshift (K correction)."""
    if young:
        return rng.normal(0.33, 0.08) + 0.9 * z, rng.normal(0.12, 0.05) + 0.2 * z
    return rng.normal(0.76, 0.05) + 1.5 * z, rng.normal(0.38, 0.03) + 0.4 * z


def _camera(rng: Rng, params: MockSkyParams) -> dict[str, Any]:
    low, high = params.psf_fwhm_arcsec
    fwhm = float(np.clip(1.25 * np.exp(rng.normal(0, 0.14)), low, high))
    # seeing scales as lambda^-0.2; camera columns differ by an optical scatter
    ratios = np.array([1.06, 1.0, 0.96]) * np.exp(rng.normal(0, 0.02, 3))
    depth = np.exp(rng.normal(0, 0.12))
    return {
        "psf_fwhm_arcsec": tuple(float(v) for v in fwhm * ratios),
        "psf_beta": 0.0 if chance(rng, 0.3) else rng.uniform(2.8, 4.5),
        "noise_nmgy": tuple(float(v * depth) for v in params.noise_nmgy),
    }


def draw_galaxy(seed: int, index: int, params: MockSkyParams | None = None) -> MockGalaxy:
    """Draw galaxy `index` of the mock sky `seed`, a pure function of both and of `params`.

    petroR90 is measured on the galaxy's own noiseless r-band image, seeing included. Raises
    ValueError if seed or index is out of range (`catalogues.mocks.sky.object_id`).
    """
    params = params or MockSkyParams()
    identifier = object_id(seed, index)
    rng = generator(seed, index, Stream.POPULATION)
    z, r90 = _size(rng, params)
    cos_i = rng.random()
    kind = _class(rng, params, cos_i)
    tilt = 0.0 if kind in ("smooth", "artifact") else float(np.rad2deg(np.arccos(cos_i)))
    galaxy = MockGalaxy(
        seed=seed,
        index=index,
        object_id=identifier,
        kind=kind,
        image_px=params.image_px,
        z=z,
        ra=rng.uniform(0, 360),
        dec=float(np.rad2deg(np.arcsin(rng.uniform(-0.1, 0.9)))),
        petro_r90_arcsec=r90,
        petro_r50_arcsec=0.45 * r90,
        mag_r=0.0,
        position_angle_deg=rng.uniform(0, 180),
        inclination_deg=tilt,
        colour_old=_colours(rng, z, young=False),
        colour_young=_colours(rng, z, young=True),
        cosmology=params.cosmology,
        trail=chance(rng, params.trail_fraction),
        **_camera(rng, params),
        **draw_parts(rng, params, kind, z, r90, cos_i),
    )  # fmt: skip
    return _with_photometry(rng, galaxy, params)


def _with_photometry(rng: Rng, galaxy: MockGalaxy, params: MockSkyParams) -> MockGalaxy:
    """Add measured radii, and an r magnitude from a mean surface brightness inside petroR50."""
    if galaxy.kind == "artifact":
        return replace(galaxy, mag_r=rng.uniform(8.5, 12.5))
    petro = petrosian_radii(galaxy)
    mean, sigma = (20.1, 0.55) if galaxy.kind == "smooth" else (20.4, 0.5)
    brightness = clipped_normal(rng, mean, sigma, 19.0, 22.4)
    # the Galaxy Zoo 2 sample ends at m_r = 17: it has no fainter galaxies
    mag = min(brightness - 2.5 * np.log10(2 * np.pi * petro.r50**2), 17.3)
    return replace(galaxy, petro_r90_arcsec=petro.r90, petro_r50_arcsec=petro.r50, mag_r=float(mag))
