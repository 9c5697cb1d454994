"""Random numbers and identifiers of mock galaxies, as functions of (seed, index) and the purpose.

Which process draws a galaxy, and in which order, has no effect on its numbers.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

SEED_LIMIT, INDEX_LIMIT = 2**31, 2**32


class Stream(IntEnum):
    """Purposes of random numbers. Each has its own stream, so drawing more for one purpose does
    not change the others."""

    POPULATION = 0
    STRUCTURE = 1
    FIELD = 2
    NOISE = 3
    VOTES = 4
    ARTIFACTS = 5


def generator(seed: int, index: int, stream: Stream) -> np.random.Generator:
    """Make a Philox generator, keyed by numpy's SeedSequence of the three numbers."""
    sequence = np.random.SeedSequence((seed, index, int(stream)))
    return np.random.Generator(np.random.Philox(sequence))


def object_id(seed: int, index: int) -> int:
    """Return seed x 2^32 + index: an int64, unique for every (seed, index).

    Raises ValueError if seed is outside [0, 2^31) or index outside [0, 2^32).
    """
    if not (0 <= seed < SEED_LIMIT and 0 <= index < INDEX_LIMIT):
        raise ValueError(
            f"(seed, index) ({seed}, {index}) must lie in [0, 2^31) x [0, 2^32): "
            "object_id is an int64; choose smaller numbers"
        )
    return seed * INDEX_LIMIT + index


def clipped_normal(
    rng: np.random.Generator, mean: float, sigma: float, low: float, high: float
) -> float:
    """Draw a normal number, clipped to [low, high]."""
    return float(np.clip(rng.normal(mean, sigma), low, high))


def chance(rng: np.random.Generator, probability: float) -> bool:
    """Return True with `probability`."""
    return bool(rng.random() < probability)
