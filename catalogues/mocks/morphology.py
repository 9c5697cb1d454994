"""Draw the parts of a mock galaxy, given its class, redshift and nominal petroR90."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from catalogues import scales
from catalogues.mocks.galaxy import Bar, Companion, Disc, MockBulge, MockClass, Ring, Spiral
from catalogues.mocks.params import MockSkyParams
from catalogues.mocks.sky import chance, clipped_normal

Rng = np.random.Generator

_H_PER_R90 = 3.6  # 3.8 for a pure exponential disc; bulge and arms pull it in


def _bar(rng: Rng, params: MockSkyParams, z: float, r90: float) -> Bar:
    share = params.strong_bar_fraction / max(
        params.strong_bar_fraction + params.weak_bar_fraction, 1e-9
    )
    weak = not chance(rng, share)
    kpc = float(scales.kpc_per_arcsec(z, params.cosmology))
    median = params.bar_length_over_r90 * (0.8 if weak else 1.0)
    for _ in range(100):
        length = r90 * median * np.exp(rng.normal(0, params.bar_length_scatter))
        if 0.22 * r90 < length < 1.7 * r90 and 1.5 < length * kpc < 16:
            break
    else:
        length = float(np.clip(median * r90, 1.5 / kpc, 16 / kpc))
    light = rng.uniform(0.015, 0.05) if weak else float(np.exp(rng.normal(np.log(0.115), 0.4)))
    # a short bar with the same share of light would be brighter than any real bar
    light = float(np.clip(light * (length / (median * r90)) ** 0.8, 0.012, 0.28))
    profile = rng.choice(["ferrers", "flat", "exponential"], p=[0.4, 0.3, 0.3])
    return Bar(
        light=light,
        semi_major_arcsec=0.5 * length,
        axis_ratio=rng.uniform(0.38, 0.62) if weak else clipped_normal(rng, 0.28, 0.08, 0.13, 0.5),
        angle_deg=rng.uniform(0, 180),
        boxiness=rng.uniform(2.0, 3.6),
        profile=profile,
        slope=rng.uniform(0.3, 0.9) if profile == "ferrers" else rng.uniform(0.5, 1.6),
        weak=weak,
        dust=rng.uniform(0.2, 0.9) if not weak and chance(rng, 0.3) else 0.0,
    )


def _rings(rng: Rng, bar: Bar | None, h: float) -> tuple[Ring, ...]:
    rings = []
    if bar and chance(rng, 0.3):
        rings.append(
            Ring(
                light=rng.uniform(0.03, 0.12),
                radius_arcsec=bar.semi_major_arcsec * rng.uniform(0.98, 1.1),
                width_arcsec=bar.semi_major_arcsec * rng.uniform(0.08, 0.18),
                axis_ratio=rng.uniform(0.78, 0.97),
                angle_deg=bar.angle_deg,
            )
        )
    if chance(rng, 0.12 if bar else 0.06):
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
    if not chance(rng, 0.78 if bar is None or bar.weak else 0.72):
        return None
    flocculent = chance(rng, 0.15 if bar else 0.28)
    attached = bar is not None and chance(rng, 0.75)
    if bar is not None and attached:
        arms = 2 if chance(rng, 0.85) else 4
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
        pitch_deg=clipped_normal(rng, 18, 6.5, 8, 36),
        start_arcsec=start,
        phase_deg=phase,
        winding=1 if chance(rng, 0.5) else -1,
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
    late = spiral is not None and chance(rng, 0.5)
    light = float(np.clip(rng.gamma(1.6, 0.035 if late else 0.085), 0.0, 0.5))
    hole = rng.uniform(0.1, 0.6) if bar and not bar.weak and chance(rng, 0.55) else 0.0
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
    bulge = MockBulge(
        light=light,
        radius_arcsec=h * rng.uniform(0.18, 0.45),
        sersic=clipped_normal(rng, 1.8, 0.9, 0.8, 4.0),
        axis_ratio=1.0,
    )
    return {
        "disc": disc,
        "bulge": bulge if light > 0.01 else None,
        "bar": bar,
        "rings": _rings(rng, bar, h),
        "spiral": spiral,
        "nucleus": rng.uniform(0.005, 0.03) if chance(rng, 0.25) else 0.0,
    }


def _inclined_bulge(bulge: MockBulge | None, cos_i: float) -> MockBulge | None:
    """Project a spheroid of intrinsic axis ratio 0.75 at the disc's inclination."""
    if bulge is None:
        return None
    return replace(bulge, axis_ratio=float(np.sqrt(cos_i**2 + 0.75**2 * (1 - cos_i**2))))


def _edge_on_galaxy(rng: Rng, r90: float) -> dict[str, Any]:
    h = r90 / 3.3
    light = float(np.clip(rng.gamma(1.5, 0.12), 0.0, 0.6))
    boxy = chance(rng, 0.15)
    bulge = MockBulge(
        light=light,
        radius_arcsec=h * rng.uniform(0.2, 0.45),
        sersic=clipped_normal(rng, 1.8, 0.8, 0.8, 4.0),
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
        "edge_dust": rng.uniform(0.3, 1.6) if chance(rng, 0.45) else 0.0,
    }


def _smooth_galaxy(rng: Rng, r90: float) -> dict[str, Any]:
    low, high = ((0.8, 1.0), (0.48, 0.82), (0.22, 0.48))[rng.choice(3, p=[0.45, 0.43, 0.12])]
    q = rng.uniform(low, high)
    n = clipped_normal(rng, 1.6 if q < 0.48 else 3.2, 1.1, 1.0, 6.0)
    # Petrosian R90 / effective radius rises from 2.3 (n = 1) to about 2.8-3 (n = 4 and more)
    return {
        "bulge": MockBulge(light=1.0, radius_arcsec=r90 / (2.1 + 0.2 * n), sersic=n, axis_ratio=q)
    }


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
        tail=rng.uniform(0.15, 0.45) if chance(rng, 0.7) else 0.0,
    )


def draw_parts(
    rng: Rng, params: MockSkyParams, kind: MockClass, z: float, r90: float, cos_i: float
) -> dict[str, Any]:
    """Draw the parts of a galaxy of class `kind`. Returns arguments of MockGalaxy by name.

    r90: nominal petroR90 in arcsec. cos_i: cosine of the inclination.
    """
    if kind == "edge_on":
        return _edge_on_galaxy(rng, r90)
    if kind == "smooth" or (kind == "merger" and chance(rng, 0.3)):
        shape = _smooth_galaxy(rng, r90)
    elif kind == "artifact":
        return {"bulge": MockBulge(light=1.0, radius_arcsec=0.2, sersic=1.0, axis_ratio=1.0)}
    else:
        shape = _disc_galaxy(rng, params, kind, z, r90)
        shape["bulge"] = _inclined_bulge(shape["bulge"], cos_i)
    if kind == "merger":
        shape["companion"] = _companion(rng, r90)
    if kind == "irregular":
        shape |= {"spiral": None, "rings": (), "bulge": None, "clumps": int(rng.integers(6, 22))}
        shape["disc"] = replace(shape["disc"], young_share=rng.uniform(0.6, 0.95))
    return shape
