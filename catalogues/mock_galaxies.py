"""What a mock galaxy is: its intrinsic parameters, and the truth that follows from them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np

from catalogues import scales

MockClass = Literal["barred", "unbarred", "edge_on", "smooth", "merger", "irregular", "artifact"]
"""A galaxy's class. 'barred' holds strong and weak bars of discs that are not edge-on."""

BANDS = ("g", "r", "i")


@dataclass(frozen=True, kw_only=True)
class MockSkyParams:
    """The sky that mock galaxies are drawn from and the camera that sees them.

    Fractions: of all galaxies, but for `strong_bar_fraction` and `weak_bar_fraction`, which are of
    discs seen with cos i above `edge_on_cos_max`; discs are what the other classes leave.
    `noise_nmgy` are rms values of the native pixel in nanomaggies, g, r, i, as in SDSS's frames.
    """

    image_px: int = 424
    smooth_fraction: float = 0.40
    merger_fraction: float = 0.025
    irregular_fraction: float = 0.02
    artifact_fraction: float = 0.01
    edge_on_cos_max: float = 0.15
    strong_bar_fraction: float = 0.30
    weak_bar_fraction: float = 0.15
    bar_length_over_r90: float = 0.70
    bar_length_scatter: float = 0.36
    r90_arcsec: tuple[float, float] = (3.0, 30.0)
    z: tuple[float, float] = (0.01, 0.15)
    psf_fwhm_arcsec: tuple[float, float] = (0.9, 1.8)
    native_pixel_arcsec: float = 0.396
    noise_nmgy: tuple[float, float, float] = (0.017, 0.024, 0.033)
    source_density_arcmin2: float = 11.0
    trail_fraction: float = 0.01
    vote_count: int = 40
    jpeg_quality: int = 90
    cosmology: str = scales.DEFAULT_COSMOLOGY

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.endswith("_fraction") and not 0 <= value <= 1:
                raise ValueError(f"{field.name} {value} must lie in [0, 1]: give a share")
        if self.disc_fraction < 0 or self.strong_bar_fraction + self.weak_bar_fraction > 1:
            raise ValueError(
                f"class fractions leave {self.disc_fraction:.3f} for discs and "
                f"{1 - self.strong_bar_fraction - self.weak_bar_fraction:.3f} for unbarred ones; "
                "neither may be negative: lower them"
            )
        if self.image_px < 16:
            raise ValueError(f"image_px {self.image_px} must be at least 16: a galaxy needs pixels")
        for name in ("r90_arcsec", "z", "psf_fwhm_arcsec"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(
                    f"{name} ({low}, {high}) must be positive and ascending: swap them"
                )

    @property
    def disc_fraction(self) -> float:
        """Share of disc galaxies, edge-on or not."""
        return (
            1.0
            - self.smooth_fraction
            - self.merger_fraction
            - self.irregular_fraction
            - self.artifact_fraction
        )


@dataclass(frozen=True, kw_only=True)
class Disc:
    """Exponential disc; beyond `break_over_h` scale lengths the slope is `outer_slope` times as steep.

    `axis_ratio` is the apparent one, from inclination and thickness; `hole` (0-1) is the deficit in
    the region that a bar sweeps, of radius `hole_arcsec`.
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

    `sharpness`: concentration of the arms' von Mises profile. `patchiness` 0 (smooth) to 1 and more.
    `winding` is +1 or -1. `knots`: number of star-forming regions on the arms.
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
    """A second galaxy close by: an inclined exponential or a spheroid, with a tidal tail perhaps."""

    x_arcsec: float
    y_arcsec: float
    flux_ratio: float
    radius_arcsec: float
    sersic: float
    axis_ratio: float
    position_angle_deg: float
    tail: float


@dataclass(frozen=True, kw_only=True)
class MockGalaxy:
    """Everything about one mock galaxy; `render` needs no more.

    `position_angle_deg`: line of nodes, counter-clockwise from image up, the image being mirrored
    nowhere. Truth properties follow in closed form and are NaN for a galaxy without a bar.
    """

    seed: int
    index: int
    object_id: int
    kind: MockClass
    image_px: int
    z: float
    ra: float
    dec: float
    petro_r90_arcsec: float
    petro_r50_arcsec: float
    mag_r: float
    position_angle_deg: float
    inclination_deg: float
    colour_old: tuple[float, float]
    colour_young: tuple[float, float]
    psf_fwhm_arcsec: tuple[float, float, float]
    psf_beta: float
    noise_nmgy: tuple[float, float, float]
    cosmology: str
    disc: Disc | None = None
    bulge: Bulge | None = None
    bar: Bar | None = None
    rings: tuple[Ring, ...] = ()
    spiral: Spiral | None = None
    nucleus: float = 0.0
    companion: Companion | None = None
    edge_dust: float = 0.0
    clumps: int = 0
    trail: bool = False

    @property
    def pixel_scale_arcsec(self) -> float:
        """Of the stored image: the Galaxy Zoo 2 field on image_px pixels."""
        return float(scales.gz2_pixel_scale_arcsec(self.petro_r90_arcsec, self.image_px))

    @property
    def disc_axis_ratio(self) -> float:
        """Apparent axis ratio of the disc's plane: q^2 = cos^2 i + thickness^2 sin^2 i."""
        thickness = self.disc.thickness if self.disc else 0.0
        i = np.deg2rad(self.inclination_deg)
        return float(np.sqrt(np.cos(i) ** 2 + (thickness * np.sin(i)) ** 2))

    @property
    def _projected_bar(self) -> tuple[float, float, float]:
        """Semi-major (arcsec), axis ratio and position angle (deg) of the projected ellipse.

        The plane is shrunk by q across the line of nodes: the ellipse is the image of the unit disc
        under diag(1, q) R(phi) diag(a, b), and its semi-axes are that matrix's singular values.
        """
        if self.bar is None:
            return np.nan, np.nan, np.nan
        phi = np.deg2rad(self.bar.angle_deg)
        rotate = np.array([[np.cos(phi), -np.sin(phi)], [np.sin(phi), np.cos(phi)]])
        a = self.bar.semi_major_arcsec
        shape = (
            np.diag([1.0, self.disc_axis_ratio]) @ rotate @ np.diag([a, a * self.bar.axis_ratio])
        )
        axes, size, _ = np.linalg.svd(shape)
        angle = np.rad2deg(np.arctan2(axes[1, 0], axes[0, 0]))
        return float(size[0]), float(size[1] / size[0]), float(angle + self.position_angle_deg)

    @property
    def bar_length_arcsec(self) -> float:
        """Full projected length."""
        return 2.0 * self._projected_bar[0]

    @property
    def bar_length_px(self) -> float:
        """Full projected length in pixels of the stored image."""
        return self.bar_length_arcsec / self.pixel_scale_arcsec

    @property
    def bar_length_kpc(self) -> float:
        """Full projected length in proper kpc, as published lengths are (not deprojected)."""
        return float(scales.arcsec_to_kpc(self.bar_length_arcsec, self.z, self.cosmology))

    @property
    def bar_position_angle_deg(self) -> float:
        """Of the projected bar, in [0, 180), counter-clockwise from image up."""
        return self._projected_bar[2] % 180.0

    @property
    def bar_axis_ratio(self) -> float:
        """Minor over major axis of the projected ellipse."""
        return self._projected_bar[1]
