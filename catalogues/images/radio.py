"""Preprocess radio images for networks that classify FRI and FRII sources, and estimate noise.

The steps are the usual ones for MiraBest (Aniyan & Thorat 2017, ApJS 230, 20; Porter & Scaife 2023,
RASTI 2, 293): pixels that are not finite or below `clip_sigma` times the noise become 0, and the
rest is scaled to [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

CLIP_ROUNDS = 5
CLIP_SIGMA = 3.0
_SOFT = 0.02
"""Where the arcsinh stretch turns from linear to logarithmic, as a share of the peak."""


@dataclass(frozen=True, kw_only=True)
class RadioParams:
    """Preprocessing of one image, in this order.

    clip_sigma: pixels below this multiple of the noise become 0; 0 keeps all pixels. scale: min-max
    to [0, 1], or "none" for unchanged values. stretch: applied to the scaled image. The published
    stretch is linear; "sqrt" and "arcsinh" (x / 0.02) keep faint lobes visible next to a bright
    core.
    """

    clip_sigma: float = 3.0
    scale: Literal["minmax", "none"] = "minmax"
    stretch: Literal["linear", "sqrt", "arcsinh"] = "linear"

    def __post_init__(self) -> None:
        if not 0 <= self.clip_sigma <= 100:
            raise ValueError(f"clip_sigma={self.clip_sigma} must lie in 0..100; 0 clips nothing")
        if self.scale not in ("minmax", "none"):
            raise ValueError(f"scale={self.scale!r} must be 'minmax' or 'none'")
        if self.stretch not in ("linear", "sqrt", "arcsinh"):
            raise ValueError(f"stretch={self.stretch!r} must be 'linear', 'sqrt' or 'arcsinh'")
        if self.stretch != "linear" and self.scale == "none":
            raise ValueError(f"stretch={self.stretch!r} needs values in [0, 1]: scale='minmax'")


def noise(image: ArrayLike) -> float:
    """Compute the standard deviation of the finite pixels after clipping at 3 sigma, <= 5 rounds.

    image: (H, W), any unit. Returns 0 if no pixel is finite or if the remaining pixels are equal.
    """
    from astropy.stats import sigma_clip  # slow to import, and only radio images need it

    values = np.asarray(image, dtype=np.float64)
    values = values[np.isfinite(values)]
    if values.size == 0:
        return 0.0
    kept = sigma_clip(values, sigma=CLIP_SIGMA, maxiters=CLIP_ROUNDS, masked=False, copy=False)
    return float(np.std(kept[np.isfinite(kept)]))


def preprocess(image: ArrayLike, params: RadioParams) -> NDArray[np.float32]:
    """Preprocess (H, W) fluxes in any unit. Returns (H, W) float32, in [0, 1] unless `scale` is
    "none".

    An image that is constant after clipping becomes zeros. Raises ValueError for another shape.
    """
    values = np.array(image, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"an image of shape {values.shape} must be (H, W), one band")
    level = params.clip_sigma * noise(values)
    values[~np.isfinite(values)] = 0.0
    if params.clip_sigma > 0:
        values[values < level] = 0.0
    if params.scale == "none":
        return values.astype(np.float32)
    values -= values.min()
    peak = values.max()
    return _stretched(values / peak if peak > 0 else values, params.stretch).astype(np.float32)


def _stretched(values: Floats, stretch: str) -> Floats:
    if stretch == "sqrt":
        return np.asarray(np.sqrt(values))
    if stretch == "arcsinh":
        return np.asarray(np.arcsinh(values / _SOFT) / np.arcsinh(1.0 / _SOFT))
    return values
