"""Measure spiral arms and the bulge on saliency maps. No torch.

Spiral arms: a saliency map of "spiral arms: yes" shows the arms without the disc that carries them.
Deprojected into the disc's plane, logarithmic arms are straight lines in (ln r, angle), and a
Fourier transform finds them: A(p, m) = sum of w exp(-i (m angle + p ln r)) / sum of w peaks where
tan(pitch) = -m / p (Considere & Athanassoula 1982, A&A 111, 28; Puerari & Dottori 1992, A&AS 93,
469). The accuracy was measured on mock galaxies only: docs/science.md.

Bulge: the map explains "the bulge is obvious" and "the bulge is dominant" (questions 5.3 and 5.4)
together. Neither extent nor angle is that of the bulge itself; docs/science.md, section 6, says
what they were found to be.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catalogues.galaxyzoo import DOMINANT_BULGE, OBVIOUS_BULGE, SPIRAL, conditional
from models.barlength.axis import position_angle

Floats = NDArray[np.float64]

_SEEN_MIN = 0.5  # fraction of the volunteers who are asked about arms
_LIGHT_MIN = 0.08  # fraction of the galaxy's bright end: fainter pixels are sky
_STRENGTH_CLEAR, _AXIS_RATIO_CLEAR = 0.25, 0.5
_RINGS, _SECTORS = 64, 128
_STEP = 0.125  # step of p
_AXIS_RATIO_MIN = 0.2  # in a thinner ellipse, arms could not be seen


@dataclass(frozen=True, kw_only=True)
class ArmParams:
    """Where and how arms are searched.

    Attributes
    ----------
    inner, outer
        Radii in the disc's plane between which arms are searched, as fractions of the map's
        shorter side. Bulge and bar lie inside `inner`.
    arms
        Fewest and most arms. A map with one arm is lopsided.
    pitch_deg
        Tightest and most open pitch angle. The upper bound keeps straight structures, such as a
        bar, from being taken for arms.
    """

    inner: float = 0.055
    outer: float = 0.42
    arms: tuple[int, int] = (2, 4)
    pitch_deg: tuple[float, float] = (8.0, 45.0)

    def __post_init__(self) -> None:
        if not 0 < self.inner < self.outer <= 1:
            raise ValueError(
                f"inner={self.inner} and outer={self.outer} must be ascending fractions of the "
                "map's side, 0 to 1"
            )
        if not 1 <= self.arms[0] <= self.arms[1] < _SECTORS // 2:
            raise ValueError(
                f"arms={self.arms} must be (fewest, most), between 1 and {_SECTORS // 2 - 1}"
            )
        if not 2 <= self.pitch_deg[0] < self.pitch_deg[1] < 90:
            raise ValueError(
                f"pitch_deg={self.pitch_deg} must be (tightest, most open), between 2 and 90"
            )


@dataclass(frozen=True, kw_only=True)
class SpiralArms:
    """Spiral arms measured on one map; NaN and 0 arms where the map shows none.

    Attributes
    ----------
    pitch_deg
        Pitch angle; positive if an arm, followed outward, turns counter-clockwise on the image.
    arms
        m, the number of arms.
    strength
        |A(p, m)|, 0 to 1: the share of the map that lies on such arms and nowhere else.
    radius_px
        Mean radius of the map in the disc's plane.
    disc_axis_ratio
        Apparent axis ratio of the ellipse that represents the disc.
    """

    pitch_deg: float = math.nan
    arms: int = 0
    strength: float = math.nan
    radius_px: float = math.nan
    disc_axis_ratio: float = math.nan

    @property
    def is_clear(self) -> bool:
        """Whether number and winding sense can be trusted (docs/science.md, section 6)."""
        return self.strength > _STRENGTH_CLEAR and self.disc_axis_ratio > _AXIS_RATIO_CLEAR


_DEFAULT = ArmParams()


def arms_seen(votes: ArrayLike) -> bool:
    """Return whether half of the volunteers who are asked see arms, from a galaxy's votes (37,)."""
    return bool(conditional(votes, SPIRAL) >= _SEEN_MIN)


def read_arms(saliency: Floats, light: Floats, params: ArmParams = _DEFAULT) -> SpiralArms:
    """Measure the arms in a map (H, W) of non-negative values, centred on the disc.

    light: (H, W), the galaxy's light (models.preprocess.brightness); its ellipse gives the disc's
    inclination.
    """
    if not np.isfinite(saliency).all() or not saliency.max() > 0:
        return SpiralArms()
    ratio, tilt = _ellipse(light)
    radius, angle = _plane(light.shape, ratio, tilt)
    mean_radius = float((radius * saliency).sum() / saliency.sum())
    side = min(saliency.shape)
    inner, outer = params.inner * side, params.outer * side
    ring = (radius > inner) & (radius < outer)
    polar, _, _ = np.histogram2d(
        np.log(radius[ring] / inner), angle[ring], bins=(_RINGS, _SECTORS),
        range=((0, math.log(outer / inner)), (-math.pi, math.pi)), weights=saliency[ring],
    )  # fmt: skip
    if not polar.sum() > 0:
        return SpiralArms(radius_px=mean_radius, disc_axis_ratio=ratio)
    strength, arms, pitch = _strongest(polar, math.log(outer / inner), params)
    return SpiralArms(
        pitch_deg=pitch, arms=arms, strength=strength, radius_px=mean_radius, disc_axis_ratio=ratio
    )


def _coordinates(shape: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return x (to the right) and y (up) of every pixel, from the map's middle."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return columns - (shape[1] - 1) / 2, (shape[0] - 1) / 2 - rows


def _ellipse(light: Floats) -> tuple[float, float]:
    """Return axis ratio and angle of the major axis (radians from the right) of the light.

    They come from the light's second moments about the middle. Without light, returns a circle.
    """
    weight = np.where(light > _LIGHT_MIN, light, 0.0)
    total = float(weight.sum())
    if not total > 0:
        return 1.0, 0.0
    x, y = _coordinates(light.shape)
    xx, yy, xy = (float((weight * v).sum()) / total for v in (x * x, y * y, x * y))
    half = math.hypot((xx - yy) / 2, xy)
    largest, smallest = (xx + yy) / 2 + half, (xx + yy) / 2 - half
    ratio = math.sqrt(max(smallest, 0.0) / largest) if largest > 0 else 1.0
    return max(ratio, _AXIS_RATIO_MIN), 0.5 * math.atan2(2 * xy, xx - yy)


def _plane(shape: tuple[int, ...], ratio: float, tilt: float) -> tuple[Floats, Floats]:
    """Return radius (px) and angle of every pixel in the plane of a round disc.

    The disc is seen as an ellipse; angles are counter-clockwise on the image.
    """
    x, y = _coordinates(shape)
    along = x * math.cos(tilt) + y * math.sin(tilt)
    across = (y * math.cos(tilt) - x * math.sin(tilt)) / ratio
    return np.hypot(along, across), np.arctan2(across, along)


def _strongest(polar: Floats, log_range: float, params: ArmParams) -> tuple[float, int, float]:
    """Return strength, number of arms and pitch (deg) of the largest |A(p, m)|.

    polar: the map in (ln r, angle).
    """
    around = np.fft.fft(polar, axis=1) / polar.sum()
    middles = (np.arange(_RINGS) + 0.5) / _RINGS * log_range
    best = (-1.0, 0, math.nan)
    for arms in range(params.arms[0], params.arms[1] + 1):
        open_, tight = (arms / math.tan(math.radians(v)) for v in reversed(params.pitch_deg))
        one_way = np.arange(open_, tight, _STEP)
        p = np.concatenate([-one_way, one_way])
        size = np.abs(np.exp(-1j * np.outer(p, middles)) @ around[:, arms])
        k = int(size.argmax())
        if size[k] > best[0]:
            best = (float(size[k]), arms, math.degrees(math.atan(-arms / p[k])))
    return best


BULGE_ANSWERS = (OBVIOUS_BULGE, DOMINANT_BULGE)
"""The answers that a bulge map explains: it is the mean of their maps."""

_LEVEL = 0.5  # fraction of the map's maximum
_ROUND = 1e-9  # relative difference of the axes' squares


@dataclass(frozen=True, kw_only=True)
class BulgeMeasurement:
    """Bulge measured on one map; NaN where the map shows none.

    extent_px: full extent, 4 times the standard deviation along the major axis of the pixels above
    half the map's maximum. This is a uniform disc's diameter, a uniform ellipse's full major axis,
    a Gaussian's full width at half maximum. position_angle_deg: angle of that axis, [0, 180),
    counter-clockwise from image up; NaN also if the pixels form a round shape.
    """

    extent_px: float = math.nan
    position_angle_deg: float = math.nan


def read_bulge(saliency: NDArray[np.float64]) -> BulgeMeasurement:
    """Measure the bulge in a map (H, W) of non-negative values; each pixel is a unit square."""
    if not np.isfinite(saliency).all() or not saliency.max() > 0:
        return BulgeMeasurement()
    rows, columns = np.nonzero(saliency > _LEVEL * saliency.max())
    spread = np.cov(np.stack([columns, -rows]), bias=True) + np.eye(2) / 12
    squares, axes = np.linalg.eigh(spread)
    extent = 4 * math.sqrt(squares[1])
    if squares[1] - squares[0] <= _ROUND * squares[1]:
        return BulgeMeasurement(extent_px=extent)
    right, up = axes[:, 1]
    angle = position_angle(math.degrees(math.atan2(-right, up)))
    return BulgeMeasurement(extent_px=extent, position_angle_deg=angle)
