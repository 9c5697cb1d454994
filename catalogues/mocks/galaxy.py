"""Describe a mock galaxy: its parts with their parameters, and the true bar that follows from them.

The parts are disc, bulge, bar, rings, spiral and companion. Lengths are in arcsec and angles in
degrees. `light` is a part's share of the galaxy's r-band flux.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from catalogues import scales


@dataclass(frozen=True, kw_only=True)
class Disc:
    """An exponential disc. Beyond `break_over_h` scale lengths it is `outer_slope` times as steep.

    `hole` (0-1) is the deficit of light in the region that a bar sweeps, of radius `hole_arcsec`.
    `young_share` is the share of blue light at about one scale length.
    """

    scale_arcsec: float
    break_over_h: float
    outer_slope: float
    thickness: float
    young_share: float
    hole: float = 0.0
    hole_arcsec: float = 1.0


@dataclass(frozen=True, kw_only=True)
class MockBulge:
    """A Sersic spheroid with the share `light` of the total r-band flux."""

    light: float
    radius_arcsec: float
    sersic: float
    axis_ratio: float
    boxy: float = 2.0


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A bar in the disc's plane. All its light is within its semi-major axis.

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
    """An elliptical ring in the disc's plane, parallel or perpendicular to the bar."""

    light: float
    radius_arcsec: float
    width_arcsec: float
    axis_ratio: float
    angle_deg: float


@dataclass(frozen=True, kw_only=True)
class Spiral:
    """Logarithmic spiral arms.

    Attributes
    ----------
    light : share of the r-band flux.
    arms : number of arms.
    pitch_deg : pitch angle.
    start_arcsec : radius at which the arms begin.
    phase_deg : angle of an arm at that radius.
    winding : sense of winding, +1 or -1.
    sharpness : concentration of the arms' von Mises profile.
    patchiness : 0 (smooth) to 1 and more.
    knots : number of star-forming regions on the arms.
    asymmetry : amplitude of the difference in brightness between the two sides.
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
    """A second, close galaxy: a Sersic ellipse, with the share `tail` of light in a tidal arc."""

    x_arcsec: float
    y_arcsec: float
    flux_ratio: float
    radius_arcsec: float
    sersic: float
    axis_ratio: float
    position_angle_deg: float
    tail: float


MockClass = Literal["barred", "unbarred", "edge_on", "smooth", "merger", "irregular", "artifact"]
"""Class of a mock galaxy. 'barred' are discs with strong or weak bars that are not edge-on."""

BANDS = ("g", "r", "i")


@dataclass(frozen=True, kw_only=True)
class MockGalaxy:
    """All parameters of one mock galaxy, sufficient for `render`.

    `position_angle_deg` is the line of nodes, counter-clockwise from image up; the image is not
    mirrored. The true values of the bar follow in closed form and are NaN for a galaxy without a
    bar.
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
    bulge: MockBulge | None = None
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
        """Pixel scale of the stored image: the Galaxy Zoo 2 field on image_px pixels."""
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

        Projection shrinks the plane by q across the line of nodes. The ellipse is the image of the
        unit disc under diag(1, q) R(phi) diag(a, b); its semi-axes are the singular values of that
        matrix.
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
        """Full projected length in arcsec, end to end."""
        return 2.0 * self._projected_bar[0]

    @property
    def bar_length_px(self) -> float:
        """Full projected length in pixels of the stored image."""
        return self.bar_length_arcsec / self.pixel_scale_arcsec

    @property
    def bar_length_kpc(self) -> float:
        """Full projected length in proper kpc, not deprojected, like published lengths."""
        return float(scales.arcsec_to_kpc(self.bar_length_arcsec, self.z, self.cosmology))

    @property
    def bar_position_angle_deg(self) -> float:
        """Position angle of the projected bar, in [0, 180), counter-clockwise from image up."""
        return self._projected_bar[2] % 180.0

    @property
    def bar_axis_ratio(self) -> float:
        """Axis ratio (minor over major axis) of the projected ellipse."""
        return self._projected_bar[1]
