"""Make a picture from fluxes with the arcsinh stretch of Lupton et al. 2004 (PASP 116, 133).

Sky and noise are measured on the image itself, so the fluxes may have any unit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SOFT_SIGMA = 2.0
"""Flux at which the stretch changes from linear to logarithmic, in units of the sky noise."""

_WHITE_PERCENTILE = 99.9
_WHITE_MIN_SIGMA = 10.0
"""The white point is this percentile, but at least 10 sigma: sky noise must not look like a
galaxy."""

_COLOUR_WEIGHTS = (7.8, 5.7, 4.9)
"""Weights of g, r, i: the scales of the SDSS colour cutouts (djs_rgb_make in idlutils)."""

_SAMPLE_MAX = 1_000_000


def grey(flux: Floats) -> NDArray[np.uint8]:
    """Make a grey picture, (H, W, 3) uint8, of (H, W) fluxes with two different finite values.

    Black is one sigma below the sky. Pixels that are not finite get the sky's value.
    """
    signal, sigma = _sky_subtracted(flux)
    value = np.clip(_stretched(signal / sigma), 0.0, 1.0)
    return np.repeat(_bytes(value)[..., None], 3, axis=2)


def rgb(bands: Floats) -> NDArray[np.uint8]:
    """Make a colour picture, (H, W, 3) uint8, of (3, H, W) fluxes in g, r, i; i becomes red.

    The mean of the three bands is stretched, and their ratios, hence the colours, are kept: if a
    channel would exceed white, all three are dimmed. At least one band must vary.
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
    """Subtract the sky (fluxes that are not finite: 0). Returns also the noise, clipped 3 times.

    The noise of a noiseless image is a fiftieth of its range, so that it can be stretched; the
    noise of a constant image is 1.
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
