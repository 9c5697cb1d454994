"""The correction of models.barlength.refinement, one pixel, lane and neuron at a time."""

from __future__ import annotations

import math

import numpy as np

from models.barlength.refinement import Refinement


def bilinear(image: np.ndarray, x: float, y: float) -> float:
    """The image between its pixels; beyond its edge the nearest of them."""
    x = min(max(x, 0.0), image.shape[1] - 1.0)
    y = min(max(y, 0.0), image.shape[0] - 1.0)
    left, upper = min(int(x), image.shape[1] - 2), min(int(y), image.shape[0] - 2)
    u, v = x - left, y - upper
    return float(
        (1 - v) * ((1 - u) * image[upper, left] + u * image[upper, left + 1])
        + v * ((1 - u) * image[upper + 1, left] + u * image[upper + 1, left + 1])
    )


def folded(
    image: np.ndarray, x: float, y: float, angle_deg: float, length_px: float
) -> list[float]:
    """Four lanes of twelve stations to one length from the middle, the quadrants' means."""
    up_x, up_y = -math.sin(math.radians(angle_deg)), -math.cos(math.radians(angle_deg))
    out = []
    for lane in (0, 2, 4, 8):
        for station in range(12):
            along = (station + 0.5) / 12 * length_px
            across = lane / 144 * min(image.shape)
            values = []
            for forward in (-1, 1):
                for side in (-1, 1):
                    s, t = forward * along, side * across
                    values.append(bilinear(image, x + s * up_x - t * up_y, y + s * up_y + t * up_x))
            out.append(sum(values) / 4)
    return out


def log_factor(refinement: Refinement, features: list[float]) -> float:
    """The network, neuron by neuron."""
    scaled = [
        min(3.0, max(-3.0, (f - m) / s))
        for f, m, s in zip(features, refinement.middle, refinement.spread, strict=True)
    ]
    total = refinement.out_offset
    for row, offset, out in zip(
        refinement.hidden, refinement.hidden_offset, refinement.out, strict=True
    ):
        inner = offset + sum(w * x for w, x in zip(row, scaled, strict=True))
        total += out * inner / (1 + math.exp(-inner))
    return refinement.limit * math.tanh(total / refinement.limit) + math.log(refinement.scale)
