"""Cut the canvas that the networks see from a decoded image. No torch.

A network can measure a galaxy only at a size it was trained for. `galaxy_frame` measures the
galaxy's position and size; `canvas` cuts a square of a fixed number of galaxy radii around it and
resizes it once, antialiased. The paper resizes the whole frame to 224 px: `FieldSpec.paper()`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from models.view_params import FieldSpec

_WORKING_PX = 160  # measuring a galaxy's size needs no more pixels than this
_MIN_RADIUS_PX = 4.0
_OFFSET_MAX = 0.25  # in radii: distance of the island's centre from the image's
_PIECE_MIN_PX = 9


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A galaxy's position and size on its image, with its sky level and brightness.

    Attributes
    ----------
    x, y
        Centre in pixels of the image (first pixel centre 0).
    radius_px
        Semi-major radius: twice the standard deviation of the light along the major axis (exact
        for a uniform ellipse).
    sky
        Background level per channel, (3,), in 0..255.
    scale
        The galaxy's bright end above the sky, in 0..255.
    """

    x: float
    y: float
    radius_px: float
    sky: tuple[float, float, float]
    scale: float


@dataclass(frozen=True, kw_only=True)
class Canvas:
    """The input of the networks, with the way back to the image.

    A canvas position c (first pixel centre 0) is the image position
    x0 - 0.5 + (c + 0.5) * factor_x, and likewise for y.

    Attributes
    ----------
    pixels
        (S, S, 3) uint8.
    sky, scale
        Level to subtract, (3,), and value to divide by, in 0..255 units.
    x0, y0
        The canvas's upper left corner in image pixels.
    factor_x, factor_y
        Image pixels per canvas pixel.
    radius_px
        The galaxy's radius in image pixels (`Frame`).
    """

    pixels: NDArray[np.uint8]
    sky: tuple[float, float, float]
    scale: float
    x0: float
    y0: float
    factor_x: float
    factor_y: float
    radius_px: float


def _sky_and_noise(luminance: NDArray[np.float64]) -> tuple[float, float]:
    """Return sigma-clipped median and standard deviation of the image's border.

    The border is 1/12 of the shorter side wide, at least 2 px.
    """
    border = max(2, min(luminance.shape) // 12)
    ring = np.ones(luminance.shape, dtype=bool)
    ring[border:-border, border:-border] = False
    values = luminance[ring]
    for _ in range(4):
        median = float(np.median(values))
        sigma = 1.4826 * float(np.median(np.abs(values - median))) + 1e-6
        kept = values[np.abs(values - median) <= 3 * sigma]
        if kept.size == values.size or kept.size < 16:
            break
        values = kept
    return float(np.median(values)), max(sigma, 0.5)


def _central_island(light: NDArray[np.float64], noise: float) -> NDArray[np.bool_]:
    """Return the connected pixels of the central source: above the noise and 6 % of its peak."""
    h, w = light.shape
    core = light[int(0.4 * h) : int(0.6 * h) + 1, int(0.4 * w) : int(0.6 * w) + 1]
    level = max(2.0 * noise, 0.06 * float(core.max()))
    labels, count = ndimage.label(light > level)
    if count == 0:
        return np.zeros(light.shape, dtype=bool)
    inside = labels[int(0.4 * h) : int(0.6 * h) + 1, int(0.4 * w) : int(0.6 * w) + 1]
    sizes = np.bincount(inside.ravel(), minlength=count + 1)
    sizes[0] = 0
    if not sizes.any():
        return np.zeros(light.shape, dtype=bool)
    return np.asarray(ndimage.binary_fill_holes(labels == int(sizes.argmax())), dtype=bool)


_Moments = tuple[float, float, float]


def _moments(light: NDArray[np.float64], island: NDArray[np.bool_]) -> _Moments:
    """Return centroid (x, y) and largest standard deviation of the light in the island, pixels."""
    ys, xs = np.nonzero(island)
    weight = np.clip(light[island], 0, None)
    total = weight.sum()
    x, y = float((weight * xs).sum() / total), float((weight * ys).sum() / total)
    dx, dy = xs - x, ys - y
    xx, yy, xy = ((weight * product).sum() / total for product in (dx * dx, dy * dy, dx * dy))
    xx, yy = xx + 1 / 12, yy + 1 / 12  # a pixel has an extent of its own
    spread = 0.5 * (xx + yy) + np.hypot(0.5 * (xx - yy), xy)
    return x, y, float(np.sqrt(spread))


def _central_source(light: NDArray[np.float64], island: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the part of the island that belongs to the source nearest the image's centre.

    At the lowest level that splits the island into pieces, each pixel is given to the nearest
    piece. If no level splits it, returns the whole island.
    """
    middle_y, middle_x = (light.shape[0] - 1) / 2, (light.shape[1] - 1) / 2
    faintest = max(float(light[island].min()), 1e-9)
    for level in np.geomspace(faintest, 0.7 * float(light[island].max()), 40):
        labels, count = ndimage.label(island & (light > level))
        sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
        if (sizes >= _PIECE_MIN_PX).sum() < 2:
            continue
        pieces = np.isin(labels, 1 + np.flatnonzero(sizes >= _PIECE_MIN_PX))
        ys, xs = ndimage.distance_transform_edt(
            ~pieces, return_distances=False, return_indices=True
        )
        nearest = labels[ys, xs]
        central = nearest[round(middle_y), round(middle_x)]
        return np.asarray(island & (nearest == central))
    return island


def _off_centre(light: NDArray[np.float64], moments: _Moments) -> bool:
    """Return whether an island lies too far off centre to be the central source alone."""
    x, y, sigma = moments
    middle_y, middle_x = (light.shape[0] - 1) / 2, (light.shape[1] - 1) / 2
    return bool(np.hypot(y - middle_y, x - middle_x) > _OFFSET_MAX * 2.0 * sigma)


def galaxy_frame(pixels: NDArray[np.uint8]) -> Frame:
    """Measure position, size and brightness of the central galaxy on its image.

    pixels: (H, W, 3) uint8. The smoothed luminance above the border's sky is thresholded; the
    island at the image's centre gives the moments of the galaxy's light. Where no source stands
    out, returns the image's centre with a quarter of its side as radius. Raises ValueError for
    another shape.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(f"pixels of shape {pixels.shape} must be (H, W, 3)")
    h, w = pixels.shape[:2]
    step = max(1.0, max(h, w) / _WORKING_PX)
    small_size = (max(8, round(w / step)), max(8, round(h / step)))
    small = Image.fromarray(pixels).resize(small_size, Image.Resampling.BOX)
    rgb = np.asarray(small, dtype=np.float64)
    luminance = rgb.mean(axis=2)
    sky, _ = _sky_and_noise(luminance)
    channel_sky = (
        _sky_and_noise(rgb[..., 0])[0],
        _sky_and_noise(rgb[..., 1])[0],
        _sky_and_noise(rgb[..., 2])[0],
    )
    smooth = ndimage.gaussian_filter(luminance - sky, 1.0)
    _, noise = _sky_and_noise(smooth + sky)
    island = _central_island(smooth, noise)
    step_x, step_y = w / small_size[0], h / small_size[1]
    step = 0.5 * (step_x + step_y)
    if island.sum() < 9:
        radius = max(_MIN_RADIUS_PX, 0.25 * min(h, w))
        return Frame(x=(w - 1) / 2, y=(h - 1) / 2, radius_px=radius, sky=channel_sky, scale=255.0)
    moments = _moments(smooth, island)
    if _off_centre(smooth, moments):  # the island includes a star or companion
        island = _central_source(smooth, island)
        moments = _moments(smooth, island)
    x, y, sigma = moments
    scale = float(np.percentile((luminance - sky)[island], 98.0))
    return Frame(
        x=(x + 0.5) * step_x - 0.5,
        y=(y + 0.5) * step_y - 0.5,
        radius_px=max(_MIN_RADIUS_PX, 2.0 * sigma * step),
        sky=channel_sky,
        scale=max(scale, 8.0),
    )


def canvas(pixels: NDArray[np.uint8], spec: FieldSpec, frame: Frame | None = None) -> Canvas:
    """Cut and resize (antialiased, once) the square that `spec` describes.

    pixels: (H, W, 3) uint8. If `frame` is None, it is measured. Parts of the square beyond the
    image are filled with the sky. Returns the canvas with the way back to image pixels.
    """
    h, w = pixels.shape[:2]
    frame = galaxy_frame(pixels) if frame is None else frame
    size = (spec.canvas_px, spec.canvas_px)
    image = Image.fromarray(pixels)
    if spec.kind == "frame":
        out = image if (w, h) == size else image.resize(size, Image.Resampling.BILINEAR)
        return Canvas(
            pixels=np.asarray(out), sky=(0.0, 0.0, 0.0), scale=255.0, x0=0.0, y0=0.0,
            factor_x=w / size[0], factor_y=h / size[1], radius_px=frame.radius_px,
        )  # fmt: skip
    half = spec.half_width_radii * frame.radius_px
    left, upper = frame.x + 0.5 - half, frame.y + 0.5 - half
    pad = int(np.ceil(max(0.0, -left, -upper, left + 2 * half - w, upper + 2 * half - h))) + 1
    background = tuple(round(s) for s in frame.sky)
    padded = Image.new("RGB", (w + 2 * pad, h + 2 * pad), background)
    padded.paste(image, (pad, pad))
    box = (left + pad, upper + pad, left + pad + 2 * half, upper + pad + 2 * half)
    out = padded.resize(size, Image.Resampling.BICUBIC, box=box)
    factor = 2 * half / spec.canvas_px
    return Canvas(
        pixels=np.asarray(out), sky=frame.sky, scale=frame.scale, x0=left, y0=upper,
        factor_x=factor, factor_y=factor, radius_px=frame.radius_px,
    )  # fmt: skip


def brightness(
    pixels: NDArray[np.uint8], sky: NDArray[np.floating], scale: float
) -> NDArray[np.float64]:
    """Return the light above the sky, (S, S), 1 at the galaxy's bright end.

    pixels: a canvas (S, S, 3) with its sky (3,) and scale. Values are clipped like the networks'
    images.
    """
    return np.asarray(((pixels.astype(np.float64) - sky) / scale).clip(-0.25, 1.5).mean(axis=2))
