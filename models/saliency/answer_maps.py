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
    """The same with at most 64 samples: maps beside the bar's need no more."""
    return replace(params, samples=min(params.samples, _SAMPLES_MAX))


def answer_maps(
    ensemble: Ensemble, image: Tensor, columns: Sequence[int], params: SmoothGradParams, seed: int
) -> NDArray[np.float64]:
    """Maps (len(columns), S, S) in [0, 1] of a normalised image (3, S, S), answers 0-36.

    A map is the mean of the members' scaled maps (paper 1's "average saliency maps"); all 0 where
    no member's says anything. The answers share the forward passes. seed: the galaxy's
    (models.saliency.seeds.galaxy_seed).
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
    """(canvas (S, S, 3) uint8, its `answer_maps`) of an image (H, W, 3), the galaxy's or a canvas
    that was kept of it."""
    cut = canvas(pixels, ensemble.spec.field)
    return cut.pixels, answer_maps(ensemble, ensemble.image(cut), columns, params, seed)
