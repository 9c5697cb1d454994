"""Parameters of a SmoothGrad map. No torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from models.view_params import ViewParams


@dataclass(frozen=True, kw_only=True)
class SmoothGradParams:
    """How a map is made.

    samples: N. noise_fraction: S_noise. gradient: "absolute" (paper) or "signed". channels: how
    the channels are reduced, "max" (paper) or "sum". multiply_by_input: X_input, the scaled map
    times the grey image (paper's option). view: how each sample looks at the canvas. smoothing_px:
    Gaussian sigma applied to the finished map, canvas pixels. antithetic: samples in pairs, of one
    view, with e and -e for noise; what of the gradient is odd in the noise cancels. groups: how
    many the samples fall into for a length's sampling error (models.saliency.jackknife). chunk:
    samples computed at once; it bounds the memory and changes no result beyond rounding.
    """

    samples: int = 256
    noise_fraction: float = 0.1
    gradient: Literal["absolute", "signed"] = "signed"
    channels: Literal["max", "sum"] = "sum"
    multiply_by_input: bool = False
    view: ViewParams = field(default_factory=ViewParams)
    smoothing_px: float = 1.0
    antithetic: bool = False
    groups: int = 8
    chunk: int = 32

    def __post_init__(self) -> None:
        if self.samples < 1 or self.chunk < 1:
            raise ValueError(f"samples={self.samples} and chunk={self.chunk} must be at least 1")
        if self.groups < 2:
            raise ValueError(f"groups={self.groups} must be at least 2")
        if not 0 <= self.noise_fraction <= 2:
            raise ValueError(f"noise_fraction={self.noise_fraction} must lie in 0..2")
        if self.gradient not in ("absolute", "signed"):
            raise ValueError(f"gradient={self.gradient!r} must be 'absolute' or 'signed'")
        if self.channels not in ("max", "sum"):
            raise ValueError(f"channels={self.channels!r} must be 'max' or 'sum'")

    @classmethod
    def paper(cls, noise_fraction: float = 0.1, *, multiply_by_input: bool = False) -> SmoothGradParams:  # noqa: E501  # fmt: skip
        """Paper 1: N = 256, absolute gradients, largest channel, no views, no smoothing."""
        return cls(
            noise_fraction=noise_fraction, gradient="absolute", channels="max", smoothing_px=0.0,
            multiply_by_input=multiply_by_input,
        )  # fmt: skip
