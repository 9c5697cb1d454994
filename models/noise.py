"""Noise that belongs to a galaxy and to one of its samples, whatever is computed beside it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from models.counter_noise import compiled_normal

_MASK = (1 << 63) - 1


def sample_seed(seed: int, sample: int) -> int:
    """Seed of one sample's noise from the galaxy's seed: a splitmix64 step, in [0, 2^63)."""
    z = (seed + (sample + 1) * 0x9E3779B97F4A7C15) & ((1 << 64) - 1)
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & ((1 << 64) - 1)
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & ((1 << 64) - 1)
    return (z ^ (z >> 31)) & _MASK


def draw_noise(shape: Sequence[int], seed: int, first: int, count: int, device: torch.device) -> Tensor:  # noqa: E501  # fmt: skip
    """Standard normal noise of samples `first` .. `first` + `count` - 1: (count, *shape).

    A function of the galaxy's seed and the sample's number alone (on one kind of device).
    """
    seeds = [sample_seed(seed, first + row) for row in range(count)]
    if device.type == "cuda":
        return compiled_normal(tuple(shape))(torch.tensor(seeds, device=device))
    generator = torch.Generator(device=device)
    out = torch.empty((count, *shape), device=device)
    for row, own in enumerate(seeds):
        out[row].normal_(generator=generator.manual_seed(own))
    return out
