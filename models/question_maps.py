"""Maps of several answers for one galaxy, for figures: where the networks saw bar, bulge, arms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from models.ensemble import Ensemble
from models.preprocess import canvas
from models.saliency import SmoothGradParams, smoothgrad


def question_maps(
    ensemble: Ensemble,
    pixels: NDArray[np.uint8],
    columns: Sequence[int],
    params: SmoothGradParams,
    seed: int,
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """(canvas (S, S, 3) uint8, maps (len(columns), S, S) in [0, 1]) of an image.

    pixels: (H, W, 3), the galaxy's image or a canvas that was kept of it. columns: answers, 0-36.
    A map is the mean of the members' scaled maps (paper 1's "average saliency maps"); all 0 where
    no member's says anything. seed: the galaxy's (models.saliency.galaxy_seed).
    """
    cut = canvas(pixels, ensemble.spec.field)
    image = ensemble.image(cut)[None]
    made = [smoothgrad(m, image, list(columns), params, [seed])[0] for m in ensemble.members]
    maps = torch.stack(made).double().cpu().numpy()
    said = np.isfinite(maps)
    mean = np.where(said, maps, 0.0).sum(axis=0) / np.maximum(said.sum(axis=0), 1)
    return cut.pixels, np.asarray(mean)
