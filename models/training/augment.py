"""Augment training images by random changes that do not change the answers.

Paper 1, section 4.3: rotation by any angle, flips, shifts of up to 5 %, brightness 70-130 %. Other
changes (off in the paper preset) are scale, stretch (gamma), saturation and pixel noise. With them,
a network trained on one survey works on another, and has seen the noise that SmoothGrad adds.
"""

from __future__ import annotations

import torch
from torch import Tensor

from models.training.params import AugmentParams
from models.views import affine, resample


def _uniform(count: int, span: tuple[float, float], generator: torch.Generator) -> Tensor:
    return span[0] + (span[1] - span[0]) * torch.rand(count, generator=generator)


def random_views(count: int, params: AugmentParams, generator: torch.Generator) -> Tensor:
    """Draw matrices (count, 2, 3) of random views: width, angle, mirror, shift (models.views)."""
    low, high = params.width_range
    width = low * (high / low) ** torch.rand(count, generator=generator)
    angle = 2 * torch.pi * torch.rand(count, generator=generator)
    mirror = 1.0 - 2.0 * torch.randint(0, 2, (count,), generator=generator)
    shift = params.shift * width[:, None] * (2 * torch.rand(count, 2, generator=generator) - 1)
    return affine(angle, width, mirror, shift)


def augment(
    images: Tensor, params: AugmentParams, out_px: int, generator: torch.Generator
) -> Tensor:
    """Draw random views of canvases (B, 3, S, S): (B, 3, out_px, out_px), on the same device.

    Random numbers are drawn on the CPU from `generator` alone.
    """
    count, device = len(images), images.device
    matrices = random_views(count, params, generator).to(device)
    seen = resample(images, matrices, out_px)
    draws = {
        name: _uniform(count, span, generator).view(-1, 1, 1, 1).to(device)
        for name, span in (("b", params.brightness), ("g", params.gamma), ("s", params.saturation))
    }
    grey = seen.mean(dim=1, keepdim=True)
    seen = grey + draws["s"] * (seen - grey)
    if params.gamma != (1.0, 1.0):
        seen = torch.sign(seen) * seen.abs().clamp(min=1e-6) ** draws["g"]
    seen = draws["b"] * seen
    if params.noise > 0:
        sigma = params.noise * torch.rand(count, generator=generator).view(-1, 1, 1, 1).to(device)
        span = seen.amax(dim=(1, 2, 3), keepdim=True) - seen.amin(dim=(1, 2, 3), keepdim=True)
        noise = torch.randn(seen.shape, generator=generator).to(device)
        seen = seen + sigma * span * noise
    return seen
