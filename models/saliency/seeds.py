"""Seeds that belong to a galaxy and to one of its samples."""

from __future__ import annotations


def galaxy_seed(run_seed: int, object_id: int) -> int:
    """Seed of one galaxy's noise from the run's seed and its identifier, in [0, 2^63).

    >>> from models.saliency import galaxy_seed
    >>> galaxy_seed(0, 587722981747982465) == galaxy_seed(0, 587722981747982466)
    False
    """
    return sample_seed(sample_seed(run_seed, 0), object_id)


_MASK = (1 << 63) - 1


def sample_seed(seed: int, sample: int) -> int:
    """Seed of one sample's noise from the galaxy's seed: a splitmix64 step, in [0, 2^63)."""
    z = (seed + (sample + 1) * 0x9E3779B97F4A7C15) & ((1 << 64) - 1)
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & ((1 << 64) - 1)
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & ((1 << 64) - 1)
    return (z ^ (z >> 31)) & _MASK
