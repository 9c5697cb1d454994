"""Render the image of a mock galaxy: light, seeing, noise, SDSS's colours, and the 424 px cutout.

The steps are those of a real Galaxy Zoo 2 image. The camera's 0.396 arcsec pixels are stretched to
an 8-bit colour frame first; then the cutout is interpolated from that frame to 0.02 petroR90 per
pixel.
"""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from catalogues.mocks.field import add_artifacts, field_sources, nanomaggies
from catalogues.mocks.galaxy import MockGalaxy
from catalogues.mocks.light import band_images, galaxy_light
from catalogues.mocks.optics import convolve, psf_transfer
from catalogues.mocks.params import MockSkyParams
from catalogues.mocks.profiles import Grid
from catalogues.mocks.sky import Stream, generator

Plane = NDArray[np.float32]
Pixels = NDArray[np.uint8]

ASINH_Q = 6.0
"""Softening Q of the colour stretch, which is linear below 1/Q of `STRETCH_NMGY`."""

STRETCH_NMGY = 0.9
"""Surface brightness that a linear stretch would show white, nanomaggies per 0.396 arcsec pixel."""

BAND_SCALES = (1.5, 1.0, 0.80)
"""Weights of g, r, i, which become blue, green, red (about SDSS's 7.8 : 5.7 : 4.6)."""


def stretch(bands: NDArray[np.float32]) -> Pixels:
    """Convert (3, H, W) g, r, i in nanomaggies per native pixel to a picture, (H, W, 3) uint8.

    Following Lupton et al. (2004), I is the mean of the weighted bands, and each band is multiplied
    by asinh(Q I / s) / (Q I / s), which keeps the colour. If a band exceeds white, all three are
    divided by the 0.7th power of the largest and clipped, so bright cores become pale as in SDSS's
    frames. As there, values below zero are black.
    """
    red_first = bands[::-1] * np.array(BAND_SCALES[::-1], np.float32)[:, None, None]
    red_first = red_first / np.float32(STRETCH_NMGY)
    intensity = np.maximum(red_first.mean(axis=0), np.float32(1e-6))
    scaled = red_first * (np.arcsinh(ASINH_Q * intensity) / (ASINH_Q * intensity)).astype(
        np.float32
    )
    scaled /= np.maximum(scaled.max(axis=0), 1) ** np.float32(0.7)
    levels = np.clip(255 * scaled + 0.5, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(levels.transpose(1, 2, 0))


@lru_cache(maxsize=8)
def _interpolation(n_out: int, n_in: int, ratio: float) -> Plane:
    """Compute (n_out, n_in) Catmull-Rom weights for interpolation about the centre.

    Output pixel j lies at ratio (j - centre) + centre of the input.
    """
    position = (np.arange(n_out) - (n_out - 1) / 2) * ratio + (n_in - 1) / 2
    position = np.clip(position, 0, n_in - 1)  # repeat the edge pixels outward
    distance = np.abs(position[:, None] - np.arange(n_in))
    near = ((1.5 * distance - 2.5) * distance) * distance + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    weights = np.where(distance < 1, near, np.where(distance < 2, far, 0.0))
    total = weights.sum(axis=1, keepdims=True)
    return (weights / np.where(np.abs(total) > 0.5, total, 1)).astype(np.float32)


def _grid(galaxy: MockGalaxy) -> Grid:
    return Grid(n=galaxy.image_px, pixel_arcsec=galaxy.pixel_scale_arcsec)


def native_pixel_arcsec(galaxy: MockGalaxy, params: MockSkyParams) -> float:
    """Return the camera's pixel scale, or the cutout's if that is larger (the frame is binned)."""
    return max(params.native_pixel_arcsec, galaxy.pixel_scale_arcsec)


def render_noiseless(
    galaxy: MockGalaxy, params: MockSkyParams | None = None, field: bool = False
) -> NDArray[np.float32]:
    """Render g, r, i without noise but with seeing, (3, image_px, image_px), on the cutout's grid.

    The unit is nanomaggies per pixel of the cutout. `field` adds stars, faint galaxies, trails and
    spikes.
    """
    params = params or MockSkyParams()
    grid = _grid(galaxy)
    native = native_pixel_arcsec(galaxy, params)
    images = band_images(galaxy, galaxy_light(galaxy, grid))
    total = np.float32(nanomaggies(galaxy.mag_r))
    planes = [images[band] * total for band in ("g", "r", "i")]
    if field:
        sources = field_sources(galaxy, grid, params.source_density_arcmin2)
        planes = [plane + source for plane, source in zip(planes, sources, strict=True)]
    planes = [
        convolve(plane, psf_transfer(galaxy, band, grid, native))
        for band, plane in enumerate(planes)
    ]
    if field:
        add_artifacts(galaxy, grid, planes)
    return np.stack(planes)


def render_native(galaxy: MockGalaxy, params: MockSkyParams | None = None) -> NDArray[np.float32]:
    """Render g, r, i with noise, (3, n, n), in nanomaggies per native pixel of 0.396^2 arcsec^2."""
    params = params or MockSkyParams()
    scene = render_noiseless(galaxy, params, field=True)
    native, pixel = native_pixel_arcsec(galaxy, params), galaxy.pixel_scale_arcsec
    ratio = native / pixel
    n = int(np.ceil(galaxy.image_px / ratio)) + 4
    weights = _interpolation(n, galaxy.image_px, ratio)
    per_native = np.float32((params.native_pixel_arcsec / pixel) ** 2)
    rng = generator(galaxy.seed, galaxy.index, Stream.NOISE)
    sky = rng.normal(0.15, 0.35, 3) * np.array(galaxy.noise_nmgy)
    binned = native / params.native_pixel_arcsec
    out = np.empty((3, n, n), np.float32)
    for band, sigma in enumerate(galaxy.noise_nmgy):
        noise = rng.standard_normal((n, n), dtype=np.float32) * np.float32(sigma / binned)
        out[band] = weights @ scene[band] @ weights.T * per_native + noise + np.float32(sky[band])
    return out


def render(galaxy: MockGalaxy, params: MockSkyParams | None = None) -> Pixels:
    """Render the cutout that a volunteer sees, (image_px, image_px, 3) uint8 RGB, row 0 on top."""
    params = params or MockSkyParams()
    frame = stretch(render_native(galaxy, params))
    n, out = frame.shape[0], galaxy.image_px
    side = out * galaxy.pixel_scale_arcsec / native_pixel_arcsec(galaxy, params)
    low, high = (n - side) / 2, (n + side) / 2
    image = Image.fromarray(frame).resize(
        (out, out), Image.Resampling.BICUBIC, box=(low, low, high, high)
    )
    return np.asarray(image)


def encode_jpeg(pixels: Pixels, quality: int = 90) -> bytes:
    """Encode (H, W, 3) uint8 as a JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
