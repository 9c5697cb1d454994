"""Parameters of the calibration grid of paper 1, and the families of readings. No scipy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Family = Literal["paper", "components", "profile", "levels", "light"]


FAMILIES: tuple[Family, ...] = get_args(Family)
"""paper: Algorithm 1 as published; components: its chord without the known faults; the others are
methods of BarLengthParams."""


@dataclass(frozen=True, kw_only=True)
class GridParams:
    """The axes of paper 1's grid; the defaults are the paper's values."""

    multiply_by_input: tuple[bool, ...] = (False, True)
    """X_input: whether a map is multiplied by the grey image."""
    noise_fractions: tuple[float, ...] = (0.1, 0.15, 0.2, 0.25)
    """S_noise: standard deviation of the noise as a fraction of the image's range."""
    correlations: tuple[float, ...] = (0.7, 0.75, 0.8, 0.85, 0.9)
    """T_c: the correlation above which the threshold stops rising."""
    pixel_minima: tuple[int, ...] = (10, 20, 30, 40, 50)
    """T_1: the number of pixels below which the threshold stops rising."""

    def __post_init__(self) -> None:
        limits = {"noise_fractions": (0, 2), "correlations": (0, 1), "pixel_minima": (1, 10**6)}
        for name in ("multiply_by_input", *limits):
            values = getattr(self, name)
            if not values or len(set(values)) < len(values):
                raise ValueError(f"{name}={values} must hold at least one value, and each once")
            low, high = limits.get(name, (0, 1))
            if not all(low <= value <= high for value in values):
                raise ValueError(f"{name}={values} must lie in {low}..{high}")

    @property
    def points(self) -> int:
        """Number of grid points for each method."""
        maps = len(self.multiply_by_input) * len(self.noise_fractions)
        return maps * len(self.correlations) * len(self.pixel_minima)
