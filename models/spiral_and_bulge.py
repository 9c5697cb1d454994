"""The spiral arms that a saliency map shows: how tightly they wind, which way, how many. No torch.

A map explained for "spiral arms: yes" holds the arms without the disc that carries them. Laid
into the disc's plane, logarithmic arms are straight lines in (ln r, angle), and a Fourier transform
there finds them: A(p, m) = sum of w exp(-i (m angle + p ln r)) / sum of w peaks where
tan(pitch) = -m / p (Considere & Athanassoula 1982, A&A 111, 28; Puerari & Dottori 1992, A&AS 93,
469). How good the numbers are was measured on mock galaxies alone: docs/science.md.

The bulge that a saliency map shows: how far it reaches, and along which line. No torch.

The map is of "the bulge is obvious" and "the bulge is dominant" (questions 5.3 and 5.4) together.
Neither number is the bulge's own: what they were measured to be stands in docs/science.md,
section 6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catalogues.galaxyzoo import DOMINANT_BULGE, OBVIOUS_BULGE, SPIRAL, conditional
from models.barlength.axis import position_angle

Floats = NDArray[np.float64]

_SEEN_MIN = 0.5  # of those who are asked
_LIGHT_MIN = 0.08  # of the galaxy's bright end: fainter pixels are sky
_STRENGTH_CLEAR, _AXIS_RATIO_CLEAR = 0.25, 0.5
_RINGS, _SECTORS = 64, 128
_STEP = 0.125  # of p
_AXIS_RATIO_MIN = 0.2  # a thinner ellipse is no disc that arms could be seen in


@dataclass(frozen=True, kw_only=True)
class ArmParams:
    """Where and how arms are looked for.

    inner, outer: radii in the disc's plane between which they are, of the map's shorter side;
    within lie bulge and bar. arms: fewest and most; a map with one is lopsided. pitch_deg: tightest
    and most open winding; the latter keeps what is straight, a bar, from being taken for arms.
    """

    inner: float = 0.055
    outer: float = 0.42
    arms: tuple[int, int] = (2, 4)
    pitch_deg: tuple[float, float] = (8.0, 45.0)

    def __post_init__(self) -> None:
        if not 0 < self.inner < self.outer <= 1:
            raise ValueError(
                f"inner={self.inner} and outer={self.outer} must be ascending shares of the map's "
                "side, 0 to 1"
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
    """What a map shows; NaN and 0 arms where it shows nothing.

    pitch_deg: above 0 where an arm that is followed outward turns counter-clockwise on
    the image. arms: m, the arms' number. strength: |A(p, m)|, 0 to 1: the share of the map that
    lies on such arms and nowhere else. radius_px: mean radius of the map in the disc's plane.
    disc_axis_ratio: apparent, of the ellipse that was taken for the disc's.
    """

    pitch_deg: float = math.nan
    arms: int = 0
    strength: float = math.nan
    radius_px: float = math.nan
    disc_axis_ratio: float = math.nan

    @property
    def is_clear(self) -> bool:
        """Whether number and sense of winding can be trusted (docs/science.md, section 6)."""
        return self.strength > _STRENGTH_CLEAR and self.disc_axis_ratio > _AXIS_RATIO_CLEAR


_DEFAULT = ArmParams()


def arms_seen(votes: ArrayLike) -> bool:
    """Whether half of those who are asked see arms, by a galaxy's votes (37,)."""
    return bool(conditional(votes, SPIRAL) >= _SEEN_MIN)


def read_arms(saliency: Floats, light: Floats, params: ArmParams = _DEFAULT) -> SpiralArms:
    """The arms in a map (H, W) of values that are not negative; the disc's centre is its middle.

    light: (H, W), the galaxy's own (models.preprocess.brightness), whose ellipse gives the
    disc's inclination.
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
    """x to the right and y up of every pixel, from the middle."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return columns - (shape[1] - 1) / 2, (shape[0] - 1) / 2 - rows


def _ellipse(light: Floats) -> tuple[float, float]:
    """Axis ratio, and angle of the major axis from the right in radians, by the light's second
    moments about the middle; a circle where there is no light."""
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
    """Radius, px, and angle, counter-clockwise on the image, of every pixel in the plane of a round
    disc that is seen as an ellipse."""
    x, y = _coordinates(shape)
    along = x * math.cos(tilt) + y * math.sin(tilt)
    across = (y * math.cos(tilt) - x * math.sin(tilt)) / ratio
    return np.hypot(along, across), np.arctan2(across, along)


def _strongest(polar: Floats, log_range: float, params: ArmParams) -> tuple[float, int, float]:
    """Strength, number of arms and pitch in degrees of the largest |A(p, m)| of a map in
    (ln r, angle)."""
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
"""What the map is explained for: the mean of these answers' maps."""

_LEVEL = 0.5  # of the map's maximum
_ROUND = 1e-9  # relative difference of the axes' squares


@dataclass(frozen=True, kw_only=True)
class BulgeMeasurement:
    """What a map shows; NaN where it shows nothing.

    extent_px: full, 4 times the standard deviation along the major axis of the pixels above half
    the map's maximum: a uniform disc's diameter, a uniform ellipse's full major axis, a Gaussian's
    full width at half maximum. position_angle_deg: of that axis, [0, 180), counter-clockwise from
    image up; NaN also where they are round.
    """

    extent_px: float = math.nan
    position_angle_deg: float = math.nan


def read_bulge(saliency: NDArray[np.float64]) -> BulgeMeasurement:
    """The bulge in a map (H, W) of values that are not negative; each pixel is a unit square."""
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
