"""Cut the square of an image that a classifier sees."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalogues.images.radio import preprocess
from models.networks.spec import ClassSpec
from models.preprocess import canvas
from models.view_params import FieldSpec


def class_canvas(
    image: NDArray[Any], spec: ClassSpec, field_spec: FieldSpec
) -> NDArray[np.float32]:
    """Return the square that views are taken from, (C, S, S) float32.

    C is 1 if `spec.reads` is "flux" (image: (H, W) fluxes) and 3 if it is "picture" (image:
    (H, W, 3) uint8). Raises ValueError for an image of another shape.
    """
    if spec.reads == "flux":
        return central_square(preprocess(image, spec.radio), field_spec.canvas_px)[None]
    if image.ndim != 3:
        raise ValueError(
            f"an image of shape {image.shape} must be (H, W, 3): this classifier reads pictures"
        )
    cut = canvas(image, field_spec)
    values = (cut.pixels.astype(np.float32) - np.array(cut.sky, np.float32)) / cut.scale
    return np.ascontiguousarray(np.clip(values, -0.25, 1.5).transpose(2, 0, 1), np.float32)


def central_square(plane: NDArray[Any], side_px: int) -> NDArray[np.float32]:
    """Return the central `side_px` x `side_px` pixels of a plane (H, W).

    A smaller plane is padded with zeros.
    """
    out = np.zeros((side_px, side_px), np.float32)
    places = [_overlap(size, side_px) for size in plane.shape]
    (from_y, to_y), (from_x, to_x) = places
    out[to_y, to_x] = plane[from_y, from_x]
    return out


def _overlap(size: int, side: int) -> tuple[slice, slice]:
    """Return, for one axis, the slice of the source (`size`) and of the target (`side`)."""
    count, first, start = min(size, side), max(0, (size - side) // 2), max(0, (side - size) // 2)
    return slice(first, first + count), slice(start, start + count)
