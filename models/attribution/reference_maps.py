"""Reference maps that bound every metric: uniform noise, and the true mask itself."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

Floats = NDArray[np.float32]
Explain = Callable[[nn.Module, Tensor], Floats]


def noise(seed: int) -> Explain:
    """Maps of uniform noise in [0, 1), each unlike the others, whatever network and image."""
    calls = itertools.count()

    def explain(network: nn.Module, image: Tensor) -> Floats:
        generator = np.random.default_rng([seed, next(calls)])
        return generator.random(tuple(image.shape[-2:]), dtype=np.float32)

    return explain


def oracle(mask: NDArray[np.bool_]) -> Explain:
    """The true mask (H, W) as the map, whatever network and image."""
    return lambda network, image: mask.astype(np.float32)
