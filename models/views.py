"""Rotate, reflect, scale and shift a canvas by differentiable resampling.

A galaxy has no preferred orientation and no preferred crop. Training draws views at random; votes
and SmoothGrad average over them. Because the resampling is differentiable, a gradient through a
view arrives in the frame of the galaxy's own image.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from models.view_params import ViewParams

# Steps of additive low-discrepancy sequences: inverses of the golden ratio and the plastic number.
_GOLDEN = 0.6180339887498949
_PLASTIC = 0.7548776662466927


def affine(angle: Tensor, width: Tensor, mirror: Tensor, shift: Tensor | None = None) -> Tensor:
    """Return matrices for `functional.affine_grid`, (B, 2, 3).

    angle (rad), width and mirror (+1 or -1) are (B,); shift is (B, 2), in units of half a canvas.
    """
    cos, sin = torch.cos(angle) * width, torch.sin(angle) * width
    if shift is None:
        shift = angle.new_zeros(len(angle), 2)
    rows = [
        torch.stack([cos * mirror, -sin, shift[:, 0]], dim=1),
        torch.stack([sin * mirror, cos, shift[:, 1]], dim=1),
    ]
    return torch.stack(rows, dim=1)


def sequence(params: ViewParams, first: int, count: int, phase: tuple[float, float]) -> Tensor:
    """Return matrices of views number `first` to `first + count - 1` of one galaxy, (count, 2, 3).

    Angles and widths follow low-discrepancy sequences that begin at the galaxy's own `phase` (two
    numbers in [0, 1)). So view i depends neither on the number of views nor on chunks.
    """
    i = torch.arange(first, first + count, dtype=torch.float64)
    turn = torch.frac(i * _GOLDEN + phase[0]) if params.rotate else torch.zeros_like(i)
    if params.width_range is None:
        width = torch.full_like(i, params.width)
    else:
        low, high = params.width_range
        width = low * (high / low) ** torch.frac(i * _PLASTIC + phase[1])
    odd = torch.arange(first, first + count) % 2
    mirror = 1.0 - 2.0 * odd.double() if params.reflect else torch.ones_like(i)
    return affine(2 * torch.pi * turn, width, mirror)


def resample(images: Tensor, matrices: Tensor, out_px: int) -> Tensor:
    """Resample `images` (B, C, S, S) by `matrices` (B, 2, 3): returns (B, C, out_px, out_px).

    Bilinear. Beyond the canvas is sky, that is zero.
    """
    size = [len(matrices), images.shape[1], out_px, out_px]
    grid = functional.affine_grid(matrices.to(images.dtype), size, align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="zeros", align_corners=False)


def plain_view(images: Tensor, view: ViewParams, out_px: int) -> Tensor:
    """Resample canvases (B, 3, S, S) at the view's width, without rotation or reflection.

    Returns (B, 3, out_px, out_px); the canvases themselves if the view is the whole canvas.
    """
    if view.identity:
        return images
    matrices = sequence(ViewParams(width=view.width), 0, 1, (0.0, 0.0)).to(images.device)
    return resample(images, matrices.expand(len(images), 2, 3), out_px)
