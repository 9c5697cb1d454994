"""Saliency maps of other answers: bulge and spiral arms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.networks.ensemble import Ensemble
from models.preprocess import canvas
from models.saliency.gradients import smoothgrad
from models.saliency.params import SmoothGradParams

_SAMPLES_MAX = 64


def with_few_samples(params: SmoothGradParams) -> SmoothGradParams:
    """Limit the samples to 64: maps of other answers than the bar need no more."""
    return replace(params, samples=min(params.samples, _SAMPLES_MAX))


def answer_maps(
    ensemble: Ensemble, image: Tensor, columns: Sequence[int], params: SmoothGradParams, seed: int
) -> NDArray[np.float64]:
    """Compute one map for each answer in `columns` (0-36): (len(columns), S, S) in [0, 1].

    `image` is normalised, (3, S, S). A map is the mean of the members' scaled maps (paper 1:
    "average saliency maps"), and 0 everywhere if all members' maps are constant. The answers share
    the forward passes. `seed` is the galaxy's (models.saliency.seeds.galaxy_seed).
    """
    made = [smoothgrad(m, image[None], list(columns), params, [seed])[0] for m in ensemble.members]
    maps = torch.stack(made).double().cpu().numpy()
    said = np.isfinite(maps)
    return np.asarray(np.where(said, maps, 0.0).sum(axis=0) / np.maximum(said.sum(axis=0), 1))


def question_maps(
    ensemble: Ensemble,
    pixels: NDArray[np.uint8],
    columns: Sequence[int],
    params: SmoothGradParams,
    seed: int,
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Cut an image (H, W, 3) to its canvas, and compute the `answer_maps` of it.

    Returns the canvas, (S, S, 3) uint8, and the maps. `pixels` may also be a canvas that was kept.
    """
    cut = canvas(pixels, ensemble.spec.field)
    return cut.pixels, answer_maps(ensemble, ensemble.image(cut), columns, params, seed)
