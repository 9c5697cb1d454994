"""Noise for SmoothGrad that depends on the galaxy and the sample alone.

Normal numbers from a counter: one pass over a whole chunk, the same on every kind of device.

torch's own generator needs one call per sample to give a sample numbers of its own; on a GPU those
calls take longer than the numbers. Here number k of a sample is a function of the sample's seed and
of k: the splitmix64 generator (Steele, Lea & Flood 2014) at place k, and Box & Muller (1958).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache, partial

import torch
from torch import Tensor

from models.networks.fast_gradients import Compiled
from models.saliency.seeds import sample_seed

_STEP, _MIX_1, _MIX_2 = (v - (1 << 64) for v in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))  # noqa: E501  # fmt: skip
"""splitmix64's constants as signed 64-bit integers."""


def counter_normal(shape: Sequence[int], seeds: Tensor) -> Tensor:
    """Standard normal numbers of every sample, (B, *shape) float32; at most 5.8 off zero.

    seeds: of the samples, (B,) int64; on their device the numbers are made.
    """
    size = math.prod(shape)
    bits = _splitmix64(seeds.unsqueeze(1), (size + 1) // 2)
    radius = torch.sqrt(-2 * torch.log((((bits >> 40) & 0xFFFFFF) + 1) * 2.0**-24))
    angle = (bits & 0xFFFFFF) * (2 * math.pi * 2.0**-24)
    pairs = torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], dim=1)
    return pairs.flatten(1)[:, :size].reshape(len(seeds), *shape)


@cache
def compiled_normal(shape: tuple[int, ...]) -> Compiled:
    """counter_normal for samples of `shape`, one kernel where it can be compiled."""
    return Compiled(partial(counter_normal, shape), f"noise of shape {shape}")


def _splitmix64(seeds: Tensor, count: int) -> Tensor:
    """The first `count` numbers of each seed's stream, int64; sums and products wrap."""
    z = seeds + torch.arange(1, count + 1, device=seeds.device) * _STEP
    z = (z ^ _shifted(z, 30)) * _MIX_1
    z = (z ^ _shifted(z, 27)) * _MIX_2
    return z ^ _shifted(z, 31)


def _shifted(z: Tensor, by: int) -> Tensor:
    """Right, with zeros: torch shifts a sign in."""
    return (z >> by) & ((1 << (64 - by)) - 1)


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
