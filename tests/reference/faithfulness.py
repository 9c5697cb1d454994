"""Metrics of maps as their papers word them, one pixel, square or image at a time."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


def probability_area_literal(
    network: nn.Module, target: int, begin: Tensor, end: Tensor, saliency: NDArray[np.floating]
) -> float:
    """Petsiuk et al. 2018, algorithm 1, pixel by pixel; no two pixels of the map may be equal."""
    now = begin.clone()
    curve = [float(torch.softmax(network(now[None]), dim=1)[0, target])]
    for place in np.argsort(-saliency.ravel()):
        y, x = divmod(int(place), saliency.shape[1])
        now[:, y, x] = end[:, y, x]
        curve.append(float(torch.softmax(network(now[None]), dim=1)[0, target]))
    return sum((a + b) / 2 for a, b in itertools.pairwise(curve)) / saliency.size


def infidelity_literal(
    network: nn.Module, image: Tensor, target: int, saliency: NDArray[np.floating],
    removed: list[NDArray[np.bool_]],
) -> float:  # fmt: skip
    """Yeh et al. 2019, definition 2.1 with the best factor (its section 2.2), of squares removed
    one after the other, over the mean squared change."""
    said, changed = [], []
    before = float(network(image[None])[0, target])
    for square in removed:
        without = image.clone()
        without[:, torch.from_numpy(square)] = 0.0
        said.append(float(saliency[square].sum()))
        changed.append(before - float(network(without[None])[0, target]))
    a, b = np.array(said), np.array(changed)
    factor = (a * b).mean() / (a * a).mean()
    return float(((factor * a - b) ** 2).mean() / (b * b).mean())
