"""Draw a mock galaxy: classes, sizes, bars and arms as often as the sky has them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from catalogues import scales
from catalogues.mock_galaxies import (
    Bar,
    Bulge,
    Companion,
    Disc,
    MockClass,
    MockGalaxy,
    MockSkyParams,
    Ring,
    Spiral,
)
from catalogues.mock_optics import petrosian_radii
from catalogues.mock_random import Stream, generator, object_id

Rng = np.random.Generator

_H_PER_R90 = 3.6  # 3.8 for a pure exponential disc; bulge and arms pull it in


def _clipped_normal(rng: Rng, mean: float, sigma: float, low: float, high: float) -> float:
    return float(np.clip(rng.normal(mean, sigma), low, high))


def _chance(rng: Rng, probability: float) -> bool:
    return bool(rng.random() < probability)


def _size(rng: Rng, params: MockSkyParams) -> tuple[float, float]:
    """Redshift and nominal petroR90 (arcsec): physical radius log-normal about 10.5 kpc."""
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
    return "barred" if _chance(rng, barred) else "unbarred"


def _bar(rng: Rng, params: MockSkyParams, z: float, r90: float) -> Bar:
    share = params.strong_bar_fraction / max(
        params.strong_bar_fraction + params.weak_bar_fraction, 1e-9
    )
    weak = not _chance(rng, share)
    kpc = float(scales.kpc_per_arcsec(z, params.cosmology))
    median = params.bar_length_over_r90 * (0.8 if weak else 1.0)
    for _ in range(100):
        length = r90 * median * np.exp(rng.normal(0, params.bar_length_scatter))
        if 0.22 * r90 < length < 1.7 * r90 and 1.5 < length * kpc < 16:
            break
    else:
        length = float(np.clip(median * r90, 1.5 / kpc, 16 / kpc))
    light = rng.uniform(0.015, 0.05) if weak else float(np.exp(rng.normal(np.log(0.115), 0.4)))
    # a short bar of the same share of light would outshine any real one
    light = float(np.clip(light * (length / (median * r90)) ** 0.8, 0.012, 0.28))
    profile = rng.choice(["ferrers", "flat", "exponential"], p=[0.4, 0.3, 0.3])
    return Bar(
        light=light,
        semi_major_arcsec=0.5 * length,
        axis_ratio=rng.uniform(0.38, 0.62) if weak else _clipped_normal(rng, 0.28, 0.08, 0.13, 0.5),
        angle_deg=rng.uniform(0, 180),
        boxiness=rng.uniform(2.0, 3.6),
        profile=profile,
        slope=rng.uniform(0.3, 0.9) if profile == "ferrers" else rng.uniform(0.5, 1.6),
        weak=weak,
        dust=rng.uniform(0.2, 0.9) if not weak and _chance(rng, 0.3) else 0.0,
    )


def _rings(rng: Rng, bar: Bar | None, h: float) -> tuple[Ring, ...]:
    rings = []
    if bar and _chance(rng, 0.3):
        rings.append(
            Ring(
                light=rng.uniform(0.03, 0.12),
                radius_arcsec=bar.semi_major_arcsec * rng.uniform(0.98, 1.1),
                width_arcsec=bar.semi_major_arcsec * rng.uniform(0.08, 0.18),
                axis_ratio=rng.uniform(0.78, 0.97),
                angle_deg=bar.angle_deg,
            )
        )
    if _chance(rng, 0.12 if bar else 0.06):
        radius = bar.semi_major_arcsec * rng.uniform(1.9, 2.4) if bar else h * rng.uniform(1.2, 2.6)
        rings.append(
            Ring(
                light=rng.uniform(0.05, 0.16),
                radius_arcsec=float(np.clip(radius, 1.0 * h, 3.6 * h)),
                width_arcsec=h * rng.uniform(0.15, 0.35),
                axis_ratio=rng.uniform(0.82, 1.0),
                angle_deg=(bar.angle_deg if bar else rng.uniform(0, 180)) + 90.0,
            )
        )
    return tuple(rings)


def _spiral(rng: Rng, bar: Bar | None, h: float) -> Spiral | None:
    if not _chance(rng, 0.78 if bar is None or bar.weak else 0.72):
        return None
    flocculent = _chance(rng, 0.15 if bar else 0.28)
    attached = bar is not None and _chance(rng, 0.75)
    if bar is not None and attached:
        arms = 2 if _chance(rng, 0.85) else 4
        start, phase = bar.semi_major_arcsec * rng.uniform(0.9, 1.05), bar.angle_deg
        phase += rng.normal(0, 6)
    else:
        arms = int(rng.choice([1, 2, 3, 4], p=[0.04, 0.6, 0.2, 0.16]))
        start, phase = h * rng.uniform(0.3, 0.9), rng.uniform(0, 360)
        start = max(start, 0.9 * bar.semi_major_arcsec) if bar else start
    if flocculent:
        arms = int(rng.integers(3, 7))
    return Spiral(
        light=float(np.clip(rng.gamma(3.2, 0.07), 0.04, 0.5)),
        arms=arms,
        pitch_deg=_clipped_normal(rng, 18, 6.5, 8, 36),
        start_arcsec=start,
        phase_deg=phase,
        winding=1 if _chance(rng, 0.5) else -1,
        sharpness=rng.uniform(0.8, 2.0) if flocculent else rng.uniform(1.5, 6.0),
        patchiness=rng.uniform(0.9, 1.5) if flocculent else rng.uniform(0.15, 0.9),
        knots=int(rng.poisson(rng.choice([0, 12, 30, 50]))),
        asymmetry=rng.uniform(0, 0.5),
    )


def _disc_galaxy(
    rng: Rng, params: MockSkyParams, kind: MockClass, z: float, r90: float
) -> dict[str, Any]:
    h = r90 / _H_PER_R90
    bar = _bar(rng, params, z, r90) if kind == "barred" else None
    spiral = _spiral(rng, bar, h)
    late = spiral is not None and _chance(rng, 0.5)
    light = float(np.clip(rng.gamma(1.6, 0.035 if late else 0.085), 0.0, 0.5))
    hole = rng.uniform(0.1, 0.6) if bar and not bar.weak and _chance(rng, 0.55) else 0.0
    disc = Disc(
        scale_arcsec=h,
        break_over_h=rng.uniform(2.2, 4.2),
        outer_slope=float(rng.choice([1.0, 1.8, 0.7], p=[0.3, 0.55, 0.15])),
        thickness=rng.uniform(0.1, 0.2),
        young_share=float(np.clip(rng.normal(0.75 if late else 0.45, 0.15), 0.05, 0.95))
        if spiral
        else rng.uniform(0.0, 0.25),
        hole=hole,
        hole_arcsec=bar.semi_major_arcsec if bar else 1.0,
    )
    bulge = Bulge(
        light=light,
        radius_arcsec=h * rng.uniform(0.18, 0.45),
        sersic=_clipped_normal(rng, 1.8, 0.9, 0.8, 4.0),
        axis_ratio=1.0,
    )
    return {
        "disc": disc,
        "bulge": bulge if light > 0.01 else None,
        "bar": bar,
        "rings": _rings(rng, bar, h),
        "spiral": spiral,
        "nucleus": rng.uniform(0.005, 0.03) if _chance(rng, 0.25) else 0.0,
    }


def _inclined_bulge(bulge: Bulge | None, cos_i: float) -> Bulge | None:
    """A spheroid of intrinsic flattening 0.75, seen under the disc's inclination."""
    if bulge is None:
        return None
    return replace(bulge, axis_ratio=float(np.sqrt(cos_i**2 + 0.75**2 * (1 - cos_i**2))))


def _edge_on_galaxy(rng: Rng, r90: float) -> dict[str, Any]:
    h = r90 / 3.3
    light = float(np.clip(rng.gamma(1.5, 0.12), 0.0, 0.6))
    boxy = _chance(rng, 0.15)
    bulge = Bulge(
        light=light,
        radius_arcsec=h * rng.uniform(0.2, 0.45),
        sersic=_clipped_normal(rng, 1.8, 0.8, 0.8, 4.0),
        axis_ratio=rng.uniform(0.55, 0.9),
        boxy=rng.uniform(3.0, 4.5) if boxy else 2.0,
    )
    return {
        "disc": Disc(
            scale_arcsec=h,
            break_over_h=rng.uniform(2.2, 4.0),
            outer_slope=rng.uniform(1.0, 2.2),
            thickness=rng.uniform(0.07, 0.2),
            young_share=rng.uniform(0.0, 0.7),
        ),
        "bulge": bulge if light > 0.03 else None,
        "edge_dust": rng.uniform(0.3, 1.6) if _chance(rng, 0.45) else 0.0,
    }


def _smooth_galaxy(rng: Rng, r90: float) -> dict[str, Any]:
    low, high = ((0.8, 1.0), (0.48, 0.82), (0.22, 0.48))[rng.choice(3, p=[0.45, 0.43, 0.12])]
    q = rng.uniform(low, high)
    n = _clipped_normal(rng, 1.6 if q < 0.48 else 3.2, 1.1, 1.0, 6.0)
    # Petrosian R90 over effective radius runs from 2.3 (n = 1) to about 2.8-3 (n = 4 and more)
    return {"bulge": Bulge(light=1.0, radius_arcsec=r90 / (2.1 + 0.2 * n), sersic=n, axis_ratio=q)}


def _companion(rng: Rng, r90: float) -> Companion:
    distance, angle = r90 * rng.uniform(0.35, 1.1), rng.uniform(0, 2 * np.pi)
    return Companion(
        x_arcsec=distance * np.cos(angle),
        y_arcsec=distance * np.sin(angle),
        flux_ratio=float(np.exp(rng.uniform(np.log(0.25), np.log(1.1)))),
        radius_arcsec=r90 * rng.uniform(0.15, 0.35),
        sersic=rng.uniform(0.9, 3.0),
        axis_ratio=rng.uniform(0.35, 0.95),
        position_angle_deg=rng.uniform(0, 180),
        tail=rng.uniform(0.15, 0.45) if _chance(rng, 0.7) else 0.0,
    )


def _colours(rng: Rng, z: float, young: bool) -> tuple[float, float]:
    """g - r and r - i of old or young light, reddened by the redshift (K correction)."""
    if young:
        return rng.normal(0.33, 0.08) + 0.9 * z, rng.normal(0.12, 0.05) + 0.2 * z
    return rng.normal(0.76, 0.05) + 1.5 * z, rng.normal(0.38, 0.03) + 0.4 * z


def _camera(rng: Rng, params: MockSkyParams) -> dict[str, Any]:
    low, high = params.psf_fwhm_arcsec
    fwhm = float(np.clip(1.25 * np.exp(rng.normal(0, 0.14)), low, high))
    # seeing goes as lambda^-0.2, with an optical scatter from camera column to camera column
    ratios = np.array([1.06, 1.0, 0.96]) * np.exp(rng.normal(0, 0.02, 3))
    depth = np.exp(rng.normal(0, 0.12))
    return {
        "psf_fwhm_arcsec": tuple(float(v) for v in fwhm * ratios),
        "psf_beta": 0.0 if _chance(rng, 0.3) else rng.uniform(2.8, 4.5),
        "noise_nmgy": tuple(float(v * depth) for v in params.noise_nmgy),
    }


def _shape(
    rng: Rng, params: MockSkyParams, kind: MockClass, z: float, r90: float, cos_i: float
) -> dict[str, Any]:
    if kind == "edge_on":
        return _edge_on_galaxy(rng, r90)
    if kind == "smooth" or (kind == "merger" and _chance(rng, 0.3)):
        shape = _smooth_galaxy(rng, r90)
    elif kind == "artifact":
        return {"bulge": Bulge(light=1.0, radius_arcsec=0.2, sersic=1.0, axis_ratio=1.0)}
    else:
        shape = _disc_galaxy(rng, params, kind, z, r90)
        shape["bulge"] = _inclined_bulge(shape["bulge"], cos_i)
    if kind == "merger":
        shape["companion"] = _companion(rng, r90)
    if kind == "irregular":
        shape |= {"spiral": None, "rings": (), "bulge": None, "clumps": int(rng.integers(6, 22))}
        shape["disc"] = replace(shape["disc"], young_share=rng.uniform(0.6, 0.95))
    return shape


def draw_galaxy(seed: int, index: int, params: MockSkyParams | None = None) -> MockGalaxy:
    """Galaxy `index` of the mock sky `seed`: a pure function of both and of `params`.

    petroR90 is measured on the galaxy's own noiseless r-band image, seeing included.
    Raises ValueError where seed or index is out of range (`mock_random.object_id`).
    """
    params = params or MockSkyParams()
    identifier = object_id(seed, index)
    rng = generator(seed, index, Stream.POPULATION)
    z, r90 = _size(rng, params)
    cos_i = rng.random()
    kind = _class(rng, params, cos_i)
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
        inclination_deg=0.0 if kind in ("smooth", "artifact") else float(np.rad2deg(np.arccos(cos_i))),
        colour_old=_colours(rng, z, young=False),
        colour_young=_colours(rng, z, young=True),
        cosmology=params.cosmology,
        trail=_chance(rng, params.trail_fraction),
        **_camera(rng, params),
        **_shape(rng, params, kind, z, r90, cos_i),
    )  # fmt: skip
    return _with_photometry(rng, galaxy, params)


def _with_photometry(rng: Rng, galaxy: MockGalaxy, params: MockSkyParams) -> MockGalaxy:
    """Measured radii, and an r magnitude from a mean surface brightness inside petroR50."""
    if galaxy.kind == "artifact":
        return replace(galaxy, mag_r=rng.uniform(8.5, 12.5))
    petro = petrosian_radii(galaxy)
    mean, sigma = (20.1, 0.55) if galaxy.kind == "smooth" else (20.4, 0.5)
    brightness = _clipped_normal(rng, mean, sigma, 19.0, 22.4)
    # the Galaxy Zoo 2 sample ends at m_r = 17: fainter galaxies would not be in it
    mag = min(brightness - 2.5 * np.log10(2 * np.pi * petro.r50**2), 17.3)
    return replace(galaxy, petro_r90_arcsec=petro.r90, petro_r50_arcsec=petro.r50, mag_r=float(mag))
