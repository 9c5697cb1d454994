"""The kinds of saliency map that calibration compares: gradient sign, channels, views, crop, noise.

Paper 1 varies only the noise and X_input. Other choices change a map far more: whether gradients
keep their sign, how channels are reduced, whether samples are averaged over the symmetries of the
sky, and how much sky the network sees.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from itertools import product
from typing import Literal

from models.calibration.params import FAMILIES, Family
from models.saliency.params import SmoothGradParams
from models.view_params import ViewParams

Gradient = Literal["absolute", "signed"]
Channels = Literal["max", "sum"]

_WIDTH_SPREAD = math.sqrt(1 / 0.58)  # widths about their middle: 0.58 to 1 about 0.76


@dataclass(frozen=True, kw_only=True)
class MapKind:
    """One kind of map, made once per galaxy.

    `views`: whether every sample has its own rotation, reflection and width, the widths being
    spread about `width`. Otherwise all samples see the central square of `width`. The other fields
    are explained in `MapAxes`.
    """

    gradient: Gradient
    channels: Channels
    views: bool
    width: float
    noise_fraction: float
    smoothing_px: float

    @property
    def name(self) -> str:
        """Name of the kind, and of its folder on disk."""
        views = "views" if self.views else "still"
        return (
            f"{self.gradient}-{self.channels}-{views}-{self.width:g}"
            f"-noise-{self.noise_fraction:g}-smooth-{self.smoothing_px:g}"
        )

    @property
    def view(self) -> ViewParams:
        """The views of the canvas that samples see."""
        if not self.views:
            return ViewParams(width=self.width)
        ends = round(self.width / _WIDTH_SPREAD, 2), round(self.width * _WIDTH_SPREAD, 2)
        return ViewParams(width=self.width, width_range=ends, rotate=True, reflect=True)

    def smoothgrad(self, samples: int, *, multiply_by_input: bool = False) -> SmoothGradParams:
        """Return the SmoothGrad parameters that make this kind of map."""
        return SmoothGradParams(
            samples=samples, noise_fraction=self.noise_fraction, gradient=self.gradient,
            channels=self.channels, multiply_by_input=multiply_by_input, view=self.view,
            smoothing_px=self.smoothing_px,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class MapAxes:
    """What is tried: every combination of these values as a kind of map, with every reading."""

    gradients: tuple[Gradient, ...] = ("absolute", "signed")
    """Gradient of each sample: |gradient| as in the paper, or the signed gradient; then the map is
    the positive part of the mean."""
    channels: tuple[Channels, ...] = ("max", "sum")
    """How colours are reduced: their largest value (paper) or their sum."""
    multiply_by_input: tuple[bool, ...] = (False, True)
    """X_input: whether a map is multiplied by the grey image."""
    views: tuple[bool, ...] = (False, True)
    """Whether every sample has its own rotation, reflection and crop."""
    widths: tuple[float, ...] = (0.58, 0.76, 1.0)
    """The crop: width that a network sees, in canvas widths; with views, the middle of a range."""
    noise_fractions: tuple[float, ...] = (0.1,)
    """S_noise: standard deviation of the noise as a fraction of the image's range."""
    smoothings_px: tuple[float, ...] = (1.0,)
    """Gaussian sigma that smooths a finished map, canvas pixels."""
    readings: tuple[Family, ...] = FAMILIES
    """Algorithm 1 as published, its longest chord on connected components, and three readings of
    the profile along the bar's axis."""

    def __post_init__(self) -> None:
        for name, values in asdict(self).items():
            if not values or len(set(values)) < len(values):
                raise ValueError(f"{name}={values} must hold at least one value, and each once")
        for kind in self.kinds:
            kind.smoothgrad(1)  # checks its values
        for smoothing in self.smoothings_px:
            if not 0 <= smoothing <= 20:
                raise ValueError(f"smoothings_px={smoothing} must lie in 0..20")

    @property
    def kinds(self) -> list[MapKind]:
        """The kinds of map to make. X_input is a product, applied when maps are measured."""
        return [
            MapKind(gradient=g, channels=c, views=v, width=w, noise_fraction=n, smoothing_px=s)
            for g, c, v, w, n, s in product(
                self.gradients, self.channels, self.views, self.widths, self.noise_fractions,
                self.smoothings_px,
            )
        ]  # fmt: skip
