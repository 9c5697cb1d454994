"""Add a bar of known size to the image of a real, unbarred galaxy.

Mock galaxies teach networks where a bar ends (models.training.guidance), but their arms and bulges
are smoother than real ones. A plausible bar in a real galaxy is surrounded by real discs, arms,
dust and noise, as in a survey.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from catalogues.mocks.visual import reach, steps_along
from models.preprocess import Frame, galaxy_frame
from models.training.params import LaidBarParams

Floats = NDArray[np.float64]

_SHORTEST_PX, _THINNEST_PX = 4.0, 0.5  # least half length and half width


@dataclass(frozen=True, kw_only=True)
class LaidBar:
    """An image (H, W, 3) uint8 with a bar about its centre.

    Lengths are full, in its pixels: `length_px` from edge to edge, `visual_length_px` as
    catalogues.mocks.visual defines it.
    """

    pixels: NDArray[np.uint8]
    length_px: float
    visual_length_px: float
    position_angle_deg: float
    axis_ratio: float


def lay_bar(
    pixels: NDArray[np.uint8], rng: np.random.Generator, params: LaidBarParams | None = None
) -> LaidBar:
    """Centre the galaxy on `pixels` (H, W, 3) by cropping, and add a bar about the centre.

    The bar's light is Ferrers-like; flat, falling or brightening outwards; boxy or elliptical; in
    the colour of the galaxy's inner part. Bright parts of the galaxy receive less of it than faint
    parts.
    """
    params = params or LaidBarParams()
    frame = galaxy_frame(pixels)
    image = _centred(pixels, frame)
    sky = np.array(frame.sky)
    galaxy = ((image - sky) / frame.scale).clip(-0.25, 1.5)
    bar = _Bar.drawn(frame.radius_px, rng, params)
    add = _light(bar, galaxy, frame.radius_px, rng)
    laid = (galaxy + add) * frame.scale + sky
    outside = np.abs(image - sky - galaxy * frame.scale) > 0.5  # stars beyond the galaxy's range
    laid = np.where(outside, image, laid)
    return LaidBar(
        pixels=laid.round().clip(0, 255).astype(np.uint8),
        length_px=2 * bar.major,
        visual_length_px=_visual_length_px(bar, add.mean(axis=2)),
        position_angle_deg=bar.angle_deg,
        axis_ratio=bar.minor / bar.major,
    )


def _centred(pixels: NDArray[np.uint8], frame: Frame) -> Floats:
    """Crop the largest part of the image that has the galaxy's centre in its middle pixel."""
    high, wide = pixels.shape[:2]
    x, y = int(np.clip(round(frame.x), 0, wide - 1)), int(np.clip(round(frame.y), 0, high - 1))
    dx, dy = min(x, wide - 1 - x), min(y, high - 1 - y)
    return pixels[y - dy : y + dy + 1, x - dx : x + dx + 1].astype(np.float64)


@dataclass(frozen=True, kw_only=True)
class _Bar:
    """Semi-axes in px and position angle, counter-clockwise from image up."""

    major: float
    minor: float
    angle_deg: float

    @classmethod
    def drawn(cls, radius_px: float, rng: np.random.Generator, params: LaidBarParams) -> _Bar:
        median = params.length_over_diameter * radius_px
        major = median * float(np.exp(params.length_scatter * rng.standard_normal()))
        major = float(np.clip(major, max(0.16 * radius_px, _SHORTEST_PX), 1.1 * radius_px))
        minor = major * float(rng.uniform(*params.axis_ratio))
        return cls(
            major=major, minor=min(max(minor, _THINNEST_PX), 0.8 * major),
            angle_deg=float(rng.uniform(0.0, 180.0)),
        )  # fmt: skip

    def coordinates(self, shape: tuple[int, ...]) -> tuple[Floats, Floats]:
        """Return every pixel's |distance| along and across the bar, in semi-axes."""
        y, x = np.indices(shape[:2], dtype=np.float64)
        dx, dy = x - (shape[1] - 1) / 2, y - (shape[0] - 1) / 2
        turn = np.deg2rad(self.angle_deg)
        along = np.abs(-dx * np.sin(turn) - dy * np.cos(turn)) / self.major
        across = np.abs(dx * np.cos(turn) - dy * np.sin(turn)) / self.minor
        return along, across


def _light(bar: _Bar, galaxy: Floats, radius_px: float, rng: np.random.Generator) -> Floats:
    """Return the bar's light, (H, W, 3), in units of the galaxy's brightness."""
    luminance = galaxy.mean(axis=2)
    centre, middle, end = _levels(luminance, radius_px, bar.major)
    height = rng.uniform(0.5, 1.3) * max(centre - end, 0.08) * rng.uniform(0.5, 1.0) + 0.15 * middle
    light = height * _shape(bar, luminance.shape, radius_px, rng)
    brightest = max(float(galaxy.max()), 1e-3)
    room = (1 - galaxy / (1.05 * brightest)).clip(0.0, 1.0)
    if rng.random() < 0.4:
        room = (1 - 0.8 * galaxy / brightest).clip(0.1, 1.0)
    return np.asarray(light[..., None] * _colour(galaxy, radius_px) * room)


def _visual_length_px(bar: _Bar, light: Floats) -> float:
    """Return the full visual length of a bar whose light is (H, W), about the middle."""
    r = steps_along(bar.major)
    turn = np.deg2rad(bar.angle_deg)
    middle_y, middle_x = (light.shape[0] - 1) / 2, (light.shape[1] - 1) / 2
    both = [
        ndimage.map_coordinates(
            light, [middle_y - s * r * np.cos(turn), middle_x - s * r * np.sin(turn)], order=1
        )
        for s in (1, -1)
    ]
    return 2 * reach(r, both[0] + both[1])


def _shape(bar: _Bar, shape: tuple[int, ...], radius_px: float, rng: np.random.Generator) -> Floats:
    """Return the bar's light from 0 to 1.

    It is (1 - m^2)^n (Ferrers 1877) with m a generalised ellipse (Athanassoula et al. 1990), times
    a trend along the bar, blurred by the seeing.
    """
    along, across = bar.coordinates(shape)
    boxiness, steepness, kind = rng.uniform(2.0, 3.2), rng.uniform(0.15, 1.2), rng.random()
    m = (along**boxiness + across**boxiness) ** (1 / boxiness)
    light = (1 - m**2).clip(0.0) ** steepness
    if kind < 0.4:
        light = light * np.exp(-along * rng.uniform(0.0, 1.6))
    elif kind < 0.55:  # ansae
        light = light * (1 + rng.uniform(0.1, 0.6) * along.clip(max=1.0) ** 4)
    light = ndimage.gaussian_filter(light, rng.uniform(0.015, 0.045) * radius_px)
    return np.asarray(light / max(float(light.max()), 1e-9))


def _radii(shape: tuple[int, ...]) -> Floats:
    y, x = np.indices(shape[:2], dtype=np.float64)
    return np.asarray(np.hypot(x - (shape[1] - 1) / 2, y - (shape[0] - 1) / 2))


def _levels(luminance: Floats, radius_px: float, major: float) -> tuple[float, float, float]:
    """Return median brightness of the galaxy's core, of a ring at half the bar, and at its end."""
    r, ring = _radii(luminance.shape), max(0.03 * radius_px, 1.0)

    def at(radius: float) -> float:
        on_ring = np.abs(r - radius) <= ring
        return float(np.median(luminance[on_ring])) if on_ring.any() else 0.0

    return at(0.0), at(0.5 * major), at(major)


def _colour(galaxy: Floats, radius_px: float) -> Floats:
    """Return the bar's colour, (3,), mean near 1: mostly that of the galaxy's inner part."""
    core = galaxy[_radii(galaxy.shape) <= max(0.1 * radius_px, 1.0)].mean(axis=0)
    whole = galaxy.mean(axis=(0, 1))
    mixed = 0.7 * core / max(core.mean(), 1e-3) + 0.3 * whole / max(whole.mean(), 1e-3)
    return np.asarray(mixed.clip(0.3, 2.0))
