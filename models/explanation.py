"""One galaxy before the ensemble: its votes, and the maps that explain its bar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from catalogues.galaxyzoo import BAR, conditional
from models.ensemble import Ensemble
from models.saliency import SmoothGradParams, smoothgrad


@dataclass(frozen=True, kw_only=True)
class Votes:
    """The ensemble's votes for one galaxy.

    mean, std: (37,) float32, mean and (population) standard deviation over members. bar_fraction:
    share of bars among those who reach the question, by the mean votes; NaN where nobody does.
    """

    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    bar_fraction: float


def vote(ensemble: Ensemble, image: Tensor) -> Votes:
    """Votes for a normalised image (3, S, S). Raises FloatingPointError if one is not finite."""
    votes = ensemble.votes(image[None])[:, 0].cpu().numpy()
    if not np.isfinite(votes).all():
        raise FloatingPointError("the networks' votes are not finite")
    mean = votes.mean(axis=0)
    return Votes(mean=mean, std=votes.std(axis=0), bar_fraction=float(conditional(mean, BAR)))


def bar_maps(
    ensemble: Ensemble, image: Tensor, params: SmoothGradParams, seed: int
) -> NDArray[np.float32]:
    """Every member's map of a normalised image (3, S, S) for "bar: yes": (M, S, S) in [0, 1].

    `seed`: the galaxy's (models.saliency.galaxy_seed). A map that says nothing is NaN.
    """
    maps = [smoothgrad(m, image[None], BAR, params, [seed])[0] for m in ensemble.members]
    return np.stack([m.float().cpu().numpy() for m in maps])
