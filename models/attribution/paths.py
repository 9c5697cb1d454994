"""Integrated gradients along curved paths: guided, and through blurred images.

`saliency` 0.2.1 has both, but its Guided IG does not run on NumPy 2.4, and summing by the gradient
at the beginning of every step it missed completeness by factors (3.0 instead of 1 on a small CNN,
whatever the number of steps). The paths here are the library's; the sum is Simpson's rule.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn

from models.attribution.network import gradients

Floats = NDArray[np.float64]
Slopes = Callable[[Floats], Floats]
"""Gradients (B, C, H, W) of the logit at (B, C, H, W) images."""


def slopes_of(network: nn.Module, image: Tensor, target: int, chunk: int) -> Slopes:
    """The network's gradients as a function of arrays, in the image's precision and place."""

    def slopes(points: Floats) -> Floats:
        images = torch.as_tensor(points).to(image)
        return gradients(network, images, target, chunk).double().cpu().numpy()

    return slopes


def blur_integrated_gradients(
    slopes: Slopes, image: Floats, steps: int, blur_fraction: float
) -> Floats:
    """Attributions (C, H, W), signed, along the path on which the image is blurred away.

    Xu, Venugopalan & Sundararajan 2020, arXiv 2004.03383, section 3. The widest Gaussian has sigma
    = `blur_fraction` x the shorter side, beyond the edge the image is black; sigma grows as the
    square of the step, since little blur changes most. The attributions add up to
    logit(image) - logit(image at the widest blur).
    """
    widest = blur_fraction * min(image.shape[1:])
    sigmas = widest * np.linspace(0, 1, steps + 1) ** 2
    path = np.stack([gaussian_filter(image, (0, s, s), mode="constant") for s in sigmas])
    at_ends, at_middles = slopes(path), slopes((path[1:] + path[:-1]) / 2)
    mean = (at_ends[:-1] + 4 * at_middles + at_ends[1:]) / 6
    total: Floats = ((path[:-1] - path[1:]) * mean).sum(axis=0)
    return total


def guided_integrated_gradients(
    slopes: Slopes, image: Floats, baseline: Floats, steps: int, fraction: float, distance: float
) -> Floats:
    """Attributions (C, H, W), signed, along the path that moves the pixels of least slope first.

    Kapishnikov et al. 2021, arXiv 2106.09788, section 4 and algorithm 1. At every step the
    `fraction` of pixels with the smallest |gradient| goes ahead, until the path is 1/steps nearer
    to the image (in L1); no pixel is more than `distance` (of its way) from the straight path. The
    attributions add up to logit(image) - logit(baseline).
    """
    way = image - baseline
    done, total = np.zeros_like(way), np.zeros_like(way)
    here = slopes(baseline[None])[0]
    for step in range(1, steps + 1):
        ahead = _advanced(done, np.abs(way), np.abs(here), step / steps, fraction, distance)
        start, end = baseline + done * way, baseline + ahead * way
        middle, there = slopes(np.stack([(start + end) / 2, end]))
        total += (end - start) * (here + 4 * middle + there) / 6
        done, here = ahead, there
    return total


def _advanced(
    done: Floats, way: Floats, slope: Floats, goal: float, fraction: float, distance: float
) -> Floats:
    """The share of its way that every pixel has gone after a step, from that before it (`done`).

    way, slope: absolute. goal: the share that all have gone together, weighted by their ways.
    """
    low, high = max(goal - distance, 0.0), min(goal + distance, 1.0)
    done = np.maximum(done, low)
    whole = way.sum()
    gap = goal * whole - (way * done).sum()
    slope = np.where(way > 0, slope, np.inf)
    while gap > 1e-9 * whole:
        slope[done >= high] = np.inf
        chosen = (slope <= np.quantile(slope, fraction, method="lower")) & np.isfinite(slope)
        reach = float((way * (high - done))[chosen].sum())
        if reach == 0:
            break
        done[chosen] += (high - done[chosen]) * min(gap / reach, 1.0)
        if reach <= gap:
            done[chosen] = high
        gap -= reach
    return done
