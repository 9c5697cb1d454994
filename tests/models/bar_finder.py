"""A small network that has learned whether a short bar in noise lies along a row or a column."""

from __future__ import annotations

import copy
import functools

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

SIDE = 24


def bars(count: int, seed: int) -> tuple[Tensor, NDArray[np.bool_], Tensor]:
    """Images (B, 1, 24, 24), where their bars are (B, 24, 24), and their classes (B,): 1 along a
    column."""
    random = np.random.default_rng(seed)
    inside = np.zeros((count, SIDE, SIDE), dtype=bool)
    classes = random.integers(0, 2, count)
    for mask, upright in zip(inside, classes, strict=True):
        y, x = random.integers(2, SIDE - 9, 2)
        mask[y : y + (7 if upright else 3), x : x + (3 if upright else 7)] = True
    pixels = 0.8 * inside + random.normal(0.1, 0.05, inside.shape)
    return torch.from_numpy(pixels).float()[:, None], inside, torch.from_numpy(classes)


def bar_finder() -> nn.Module:
    """A copy of the network: (B, 1, 24, 24) -> (B, 2) logits; frozen, in eval mode."""
    return copy.deepcopy(_trained())


@functools.cache
def _trained() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(
            nn.Conv2d(1, 8, 5, padding=2), nn.SiLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 12, 5, padding=2), nn.BatchNorm2d(12), nn.SiLU(),
            nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(12, 2),
        )  # fmt: skip
    images, _, classes = bars(1000, seed=1)
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
    for step in range(80):
        some = slice(step % 20 * 50, step % 20 * 50 + 50)
        loss = functional.cross_entropy(network(images[some]), classes[some])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network.eval().requires_grad_(False)
