"""From fluxes to a picture: the arcsinh stretch of Lupton et al. 2004 (PASP 116, 133).

Sky and noise are measured on the image itself, so any flux unit will do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SOFT_SIGMA = 2.0
"""Where the stretch turns from linear to logarithmic, in units of the sky noise."""

_WHITE_PERCENTILE = 99.9
_WHITE_MIN_SIGMA = 10.0
"""The white point is that percentile, but never so low that sky noise looks like a galaxy."""

_COLOUR_WEIGHTS = (7.8, 5.7, 4.9)
"""Of g, r, i: those of the SDSS colour cutouts (idlutils' djs_rgb_make scales)."""

_SAMPLE_MAX = 1_000_000


def grey(flux: Floats) -> NDArray[np.uint8]:
    """(H, W) fluxes, with at least two different finite values -> (H, W, 3) uint8.

    Black is one sigma below the sky; non-finite pixels take the sky's value.
    """
    signal, sigma = _sky_subtracted(flux)
    value = np.clip(_stretched(signal / sigma), 0.0, 1.0)
    return np.repeat(_bytes(value)[..., None], 3, axis=2)


def rgb(bands: Floats) -> NDArray[np.uint8]:
    """(3, H, W) fluxes in order of wavelength (g, r, i) -> (H, W, 3) uint8, i as red.

    The mean of the three is stretched; the ratios between them, hence colours, are kept: a channel
    that would exceed white dims the other two with it. At least one band must vary.
    """
    signals = np.stack(
        [w * _sky_subtracted(b)[0] for w, b in zip(_COLOUR_WEIGHTS, bands, strict=True)]
    )
    mean, sigma = _sky_subtracted(signals.mean(axis=0))
    value = np.clip(_stretched(mean / sigma), 0.0, None)
    level = mean / sigma + 1
    ratio = np.divide(value, level, out=np.zeros_like(level), where=level > 0)
    channels = np.clip((signals / sigma + 1) * ratio, 0.0, None)
    channels /= np.maximum(channels.max(axis=0), 1.0)
    return _bytes(np.moveaxis(channels[::-1], 0, 2))


def _stretched(in_sigma: Floats) -> Floats:
    white = max(float(np.percentile(_sample(in_sigma), _WHITE_PERCENTILE)), _WHITE_MIN_SIGMA)
    curve: Floats = np.arcsinh((in_sigma + 1) / _SOFT_SIGMA)
    return curve / float(np.arcsinh((white + 1) / _SOFT_SIGMA))


def _sky_subtracted(flux: Floats) -> tuple[Floats, float]:
    """The fluxes above the sky (non-finite ones: 0), and the noise; by three rounds of clipping.

    The noise of a noiseless image is a fiftieth of its range, so that it still has a stretch; of a
    constant one it is 1.
    """
    good = _sample(flux[np.isfinite(flux)])
    if good.size == 0:
        return np.zeros_like(flux), 1.0
    sky, sigma, kept = 0.0, 0.0, good
    for _ in range(3):
        sky = float(np.median(kept))
        sigma = 1.4826 * float(np.median(np.abs(kept - sky)))
        kept = kept[np.abs(kept - sky) <= 3 * sigma]
    if sigma <= 1e-12 * float(np.abs(good).max()):
        whole = flux[np.isfinite(flux)]
        sigma = max(float(np.percentile(good, 99.5)) - sky, 0.0) / 50
        sigma = sigma or float(whole.max() - whole.min()) / 50 or 1.0
    return np.where(np.isfinite(flux), flux - sky, 0.0), sigma


def _sample(values: Floats) -> Floats:
    flat = values.reshape(-1)
    return flat[:: -(-flat.size // _SAMPLE_MAX) or 1]


def _bytes(value: Floats) -> NDArray[np.uint8]:
    return np.rint(value * 255).astype(np.uint8)
