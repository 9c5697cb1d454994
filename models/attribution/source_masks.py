"""Mask of the source of a radio image: its islands above the noise. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from catalogues.images.radio import noise

_BLANKED = 0.5
"""From this share of pixels that are exactly 0 an image counts as clipped already: what is left of
its noise cannot be measured on the rest."""


@dataclass(frozen=True, kw_only=True)
class IslandParams:
    """Which pixels are the source's.

    island_sigma: of the pixels of an island, in units of the noise. peak_sigma: of the highest of
    them, so that noise makes no island. pixels_min: of an island. central: only the islands that
    reach within `centre_radius` x the shorter side of the image's centre; otherwise all, since the
    lobes of one source may be islands of their own, far from the core.
    """

    island_sigma: float = 3.0
    peak_sigma: float = 5.0
    pixels_min: int = 4
    central: bool = False
    centre_radius: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.island_sigma <= self.peak_sigma:
            raise ValueError(
                f"island_sigma={self.island_sigma} must lie above 0, up to "
                f"peak_sigma={self.peak_sigma}"
            )
        if self.pixels_min < 1:
            raise ValueError(f"pixels_min={self.pixels_min} must be at least 1")
        if not 0 < self.centre_radius <= 1:
            raise ValueError(f"centre_radius={self.centre_radius} must lie above 0, up to 1")


_USUAL = IslandParams()


def island_mask(image: ArrayLike, params: IslandParams = _USUAL) -> NDArray[np.bool_]:
    """Pixels of the source of an image (H, W), in any unit: (H, W), empty where there is none.

    Pixels above 3 times the sigma-clipped noise, joined by sides or corners, with a peak above 5:
    the islands of radio source finders (PyBDSF: Mohan & Rafferty 2015, ASCL 1502.007). Of an image
    that is clipped already (most pixels exactly 0) every pixel above 0 is above the noise. Pixels
    that are not finite are none of the source's. Raises ValueError for another shape.
    """
    values = np.array(image, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"an image of shape {values.shape} must be (H, W), one band")
    finite = np.isfinite(values)
    if np.unique(values[finite]).size < 2:
        return np.zeros(values.shape, dtype=bool)
    blanked = np.mean(values == 0) >= _BLANKED
    rms = 0.0 if blanked else noise(values)
    values[~finite] = -np.inf
    labels, _ = ndimage.label(values > params.island_sigma * rms, structure=np.ones((3, 3)))
    kept = np.bincount(labels.ravel()) >= params.pixels_min
    peaks = np.full(len(kept), -np.inf)
    np.maximum.at(peaks, labels.ravel(), values.ravel())
    kept &= peaks > params.peak_sigma * rms
    if params.central:
        kept &= np.isin(np.arange(len(kept)), labels[_centre(values.shape, params)])
    kept[0] = False
    return np.asarray(kept[labels])


def _centre(shape: tuple[int, ...], params: IslandParams) -> NDArray[np.bool_]:
    y, x = np.indices(shape)
    distance = np.hypot(y - (shape[0] - 1) / 2, x - (shape[1] - 1) / 2)
    return np.asarray(distance <= params.centre_radius * min(shape))
