"""A plain mock galaxy to vary: a face-on exponential disc, with a bar if asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from catalogues.mocks.galaxy import Bar, Disc, MockGalaxy

PLAIN_DISC = Disc(
    scale_arcsec=2.5, break_over_h=99.0, outer_slope=1.0, thickness=0.0, young_share=0.3
)

PLAIN_BAR = Bar(
    light=0.15,
    semi_major_arcsec=3.0,
    axis_ratio=0.25,
    angle_deg=20.0,
    boxiness=2.0,
    profile="flat",
    slope=1.0,
    weak=False,
)

PLAIN_GALAXY = MockGalaxy(
    seed=1,
    index=1,
    object_id=2**32 + 1,
    kind="unbarred",
    image_px=424,
    z=0.05,
    ra=10.0,
    dec=20.0,
    petro_r90_arcsec=9.55,
    petro_r50_arcsec=4.2,
    mag_r=15.5,
    position_angle_deg=0.0,
    inclination_deg=0.0,
    colour_old=(0.8, 0.4),
    colour_young=(0.3, 0.1),
    psf_fwhm_arcsec=(1.3, 1.25, 1.2),
    psf_beta=3.5,
    noise_nmgy=(0.017, 0.024, 0.033),
    cosmology="FlatH70Om03",
    disc=PLAIN_DISC,
)


def barred(inclination_deg: float = 0.0, position_angle_deg: float = 0.0, **bar: Any) -> MockGalaxy:
    """PLAIN_GALAXY with PLAIN_BAR changed by `bar`."""
    return replace(
        PLAIN_GALAXY,
        kind="barred",
        inclination_deg=inclination_deg,
        position_angle_deg=position_angle_deg,
        bar=replace(PLAIN_BAR, **bar),
    )
