"""The sky that mock galaxies are drawn from, and the camera that sees them.

Random numbers that belong to a galaxy: keyed by (seed, index, purpose), whoever draws them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np

from catalogues import scales


@dataclass(frozen=True, kw_only=True)
class MockSkyParams:
    """The sky that mock galaxies are drawn from and the camera that sees them.

    Fractions: of all galaxies, but for `strong_bar_fraction` and `weak_bar_fraction`, which are of
    discs seen with cos i above `edge_on_cos_max`; discs are what the other classes leave.
    `noise_nmgy` are rms values of the native pixel in nanomaggies, g, r, i, as in SDSS's frames.
    """

    image_px: int = 424
    smooth_fraction: float = 0.40
    merger_fraction: float = 0.025
    irregular_fraction: float = 0.02
    artifact_fraction: float = 0.01
    edge_on_cos_max: float = 0.15
    strong_bar_fraction: float = 0.30
    weak_bar_fraction: float = 0.15
    bar_length_over_r90: float = 0.70
    bar_length_scatter: float = 0.36
    r90_arcsec: tuple[float, float] = (3.0, 30.0)
    z: tuple[float, float] = (0.01, 0.15)
    psf_fwhm_arcsec: tuple[float, float] = (0.9, 1.8)
    native_pixel_arcsec: float = 0.396
    noise_nmgy: tuple[float, float, float] = (0.017, 0.024, 0.033)
    source_density_arcmin2: float = 11.0
    trail_fraction: float = 0.01
    vote_count: int = 40
    jpeg_quality: int = 90
    cosmology: str = scales.DEFAULT_COSMOLOGY

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.endswith("_fraction") and not 0 <= value <= 1:
                raise ValueError(f"{field.name} {value} must lie in [0, 1]: give a share")
        if self.disc_fraction < 0 or self.strong_bar_fraction + self.weak_bar_fraction > 1:
            raise ValueError(
                f"class fractions leave {self.disc_fraction:.3f} for discs and "
                f"{1 - self.strong_bar_fraction - self.weak_bar_fraction:.3f} for unbarred ones; "
                "neither may be negative: lower them"
            )
        if self.image_px < 16:
            raise ValueError(f"image_px {self.image_px} must be at least 16: a galaxy needs pixels")
        for name in ("r90_arcsec", "z", "psf_fwhm_arcsec"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(
                    f"{name} ({low}, {high}) must be positive and ascending: swap them"
                )

    @property
    def disc_fraction(self) -> float:
        """Share of disc galaxies, edge-on or not."""
        return (
            1.0
            - self.smooth_fraction
            - self.merger_fraction
            - self.irregular_fraction
            - self.artifact_fraction
        )


SEED_LIMIT, INDEX_LIMIT = 2**31, 2**32


class Stream(IntEnum):
    """Purposes; each has its own numbers, so that one may draw more without disturbing others."""

    POPULATION = 0
    STRUCTURE = 1
    FIELD = 2
    NOISE = 3
    VOTES = 4
    ARTIFACTS = 5


def generator(seed: int, index: int, stream: Stream) -> np.random.Generator:
    """Philox keyed by numpy's SeedSequence of the three numbers."""
    sequence = np.random.SeedSequence((seed, index, int(stream)))
    return np.random.Generator(np.random.Philox(sequence))


def object_id(seed: int, index: int) -> int:
    """seed x 2^32 + index: an int64, unique over all (seed, index).

    Raises ValueError where seed is outside [0, 2^31) or index outside [0, 2^32).
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
    """A normal number, moved to the nearer end of [low, high] where it falls outside."""
    return float(np.clip(rng.normal(mean, sigma), low, high))


def chance(rng: np.random.Generator, probability: float) -> bool:
    """True with `probability`."""
    return bool(rng.random() < probability)
