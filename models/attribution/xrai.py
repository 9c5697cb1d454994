"""XRAI: attributions of image regions instead of pixels."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def xrai(image: Floats, attributions: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Map (H, W), signed, and the rank of every pixel's region, (H, W), 1 for the first.

    Kapishnikov et al. 2019, arXiv 1906.02825, algorithm 1, by `saliency`. image, attributions:
    (C, H, W); the latter integrated gradients, of which the largest over channels counts. Regions
    are Felzenszwalb's at six scales, widened by 5 px; the one with the densest attribution is taken
    first, then the densest of what is left of each; fewer than 50 px are not worth a region of
    their own. A region's value is its mean attribution, so the map adds up to what the pixels do.
    The image must vary.
    """
    # imported here: scikit-image is heavy, and only this method needs it
    from saliency.core import XRAI, XRAIParameters  # type: ignore[import-untyped]

    flat = attributions.max(axis=0)
    seen = image if len(image) == 3 else np.repeat(image.mean(axis=0)[None], 3, axis=0)
    found = XRAI().GetMaskWithDetails(
        np.moveaxis(seen, 0, -1),
        None,
        base_attribution=np.repeat(flat[..., None], 3, axis=2),
        segments=_segments(seen.tobytes(), seen.shape),
        extra_parameters=XRAIParameters(return_xrai_segments=True),
    )
    return found.attribution_mask, found.segments


@lru_cache(maxsize=1)
def _segments(pixels: bytes, shape: tuple[int, ...]) -> list[NDArray[np.bool_]]:
    """Those of an image (3, H, W), float64, that XRAI looks for itself where none are given: most
    of its time, and an image is explained again before a random network."""
    from saliency.core.xrai import _get_segments_felzenszwalb  # type: ignore[import-untyped]

    image = np.frombuffer(pixels, dtype=np.float64).reshape(shape)
    found: list[NDArray[np.bool_]] = _get_segments_felzenszwalb(np.moveaxis(image, 0, -1))
    return found
