"""Kinds of saliency map to compare: sign of the gradient, channels, views, crop, noise.

Paper 1 varies the noise and X_input alone. Whether gradients keep their sign, how channels are
reduced, whether samples are averaged over the symmetries of the sky and how much sky the network
sees changes a map far more.
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

_WIDTH_SPREAD = math.sqrt(1 / 0.58)  # of the widths about their middle: 0.58 to 1 about 0.76


@dataclass(frozen=True, kw_only=True)
class MapKind:
    """One kind of map that is made once per galaxy. `views`: whether every sample has a rotation,
    reflection and width of its own, the widths about `width`; else all see the middle `width`."""

    gradient: Gradient
    channels: Channels
    views: bool
    width: float
    noise_fraction: float
    smoothing_px: float

    @property
    def name(self) -> str:
        """Also of its folder on disk."""
        views = "views" if self.views else "still"
        return (
            f"{self.gradient}-{self.channels}-{views}-{self.width:g}"
            f"-noise-{self.noise_fraction:g}-smooth-{self.smoothing_px:g}"
        )

    @property
    def view(self) -> ViewParams:
        """How samples look at the canvas."""
        if not self.views:
            return ViewParams(width=self.width)
        ends = round(self.width / _WIDTH_SPREAD, 2), round(self.width * _WIDTH_SPREAD, 2)
        return ViewParams(width=self.width, width_range=ends, rotate=True, reflect=True)

    def smoothgrad(self, samples: int, *, multiply_by_input: bool = False) -> SmoothGradParams:
        """How it is made."""
        return SmoothGradParams(
            samples=samples, noise_fraction=self.noise_fraction, gradient=self.gradient,
            channels=self.channels, multiply_by_input=multiply_by_input, view=self.view,
            smoothing_px=self.smoothing_px,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class MapAxes:
    """What is tried: every combination of kinds of map, and every reading of each."""

    gradients: tuple[Gradient, ...] = ("absolute", "signed")
    """Of each sample: |gradient| as in the paper, or with its sign, of whose mean the positive part
    is taken."""
    channels: tuple[Channels, ...] = ("max", "sum")
    """How colours are reduced: the largest (paper) or their sum."""
    multiply_by_input: tuple[bool, ...] = (False, True)
    """X_input: whether a map is multiplied by the grey image."""
    views: tuple[bool, ...] = (False, True)
    """Whether every sample has a rotation, reflection and crop of its own."""
    widths: tuple[float, ...] = (0.58, 0.76, 1.0)
    """The crop: width of what a network sees, over the canvas; with views the middle of a range."""
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
        """The kinds of map that are made; X_input is a product, done where they are read."""
        return [
            MapKind(gradient=g, channels=c, views=v, width=w, noise_fraction=n, smoothing_px=s)
            for g, c, v, w, n, s in product(
                self.gradients, self.channels, self.views, self.widths, self.noise_fractions,
                self.smoothings_px,
            )
        ]  # fmt: skip
