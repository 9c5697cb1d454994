"""Attribution methods as their papers word them, one step and one feature map at a time."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn


def integrated_gradients_literal(
    network: nn.Module, image: Tensor, target: int, baseline: Tensor, steps: int
) -> Tensor:
    """Sundararajan et al. 2017, equation 3, summed at the middle of every step: (C, H, W)."""
    total = torch.zeros_like(image)
    for step in range(steps):
        point = baseline + (step + 0.5) / steps * (image - baseline)
        point = point.detach().requires_grad_(True)
        (slope,) = torch.autograd.grad(network(point[None])[0, target], point)
        total = total + slope / steps
    return total * (image - baseline)


def _scaled(cam: Tensor) -> Tensor:
    cam = torch.relu(cam)
    return (cam - cam.min()) / (cam.max() - cam.min())


def grad_cam_literal(maps: Tensor, slopes: Tensor) -> Tensor:
    """Selvaraju et al. 2017, equations 1-2, of feature maps and their gradients (K, h, w)."""
    cam = torch.zeros_like(maps[0])
    for one, slope in zip(maps, slopes, strict=True):
        cam = cam + slope.sum() / slope.numel() * one
    return _scaled(cam)


def grad_cam_plus_plus_literal(maps: Tensor, slopes: Tensor) -> Tensor:
    """Chattopadhyay et al. 2018, equations 10-12 and 19."""
    cam = torch.zeros_like(maps[0])
    for one, slope in zip(maps, slopes, strict=True):
        weight = 0.0
        for g in slope.flatten().tolist():
            alpha = g**2 / (2 * g**2 + float(one.sum()) * g**3) if g else 0.0
            weight += alpha * max(g, 0.0)
        cam = cam + weight * one
    return _scaled(cam)


def score_cam_literal(network: nn.Module, image: Tensor, target: int, maps: Tensor) -> Tensor:
    """Wang et al. 2020, algorithm 1, of feature maps (K, H, W) of the image's size."""
    increase = []
    for one in maps:
        mask = (one - one.min()) / (one.max() - one.min())
        increase.append(float(network((image * mask)[None])[0, target].detach()))
    weights = np.exp(np.array(increase) - max(increase))
    weights /= weights.sum()
    return _scaled(sum(float(w) * one for w, one in zip(weights, maps, strict=True)))  # type: ignore[arg-type]
