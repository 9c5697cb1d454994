"""SmoothGrad as paper 1 words it, one sample at a time (section 3; published code's reading)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def smoothgrad_literal(
    network: nn.Module, image: Tensor, column: int, noise_fraction: float, noise: Tensor
) -> Tensor:
    """Map (H, W) in [0, 1] of one image (3, H, W) from given standard normal noise (N, 3, H, W)."""
    sigma = noise_fraction * (image.max() - image.min())
    total = torch.zeros_like(image)
    for sample in noise:
        noisy = (image + sigma * sample).unsqueeze(0).requires_grad_(True)
        score = network(noisy)[0, column]
        (gradient,) = torch.autograd.grad(score, noisy)
        total = total + gradient[0].abs()
    mean = total / len(noise)
    flat = mean.max(dim=0).values
    return (flat - flat.min()) / (flat.max() - flat.min())
