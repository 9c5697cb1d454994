"""Insertion and deletion curves: the probability as the most important pixels come or go.

Petsiuk, Das & Saenko 2018, arXiv 1806.07421, section 3.3.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.attribution.network import scores
from models.faithfulness.params import Probability


def important_first(saliency: NDArray[np.floating], seed: int) -> NDArray[np.int64]:
    """Place of every pixel of a map (H, W) in the order of decreasing value, first 0: (H, W).

    Pixels of equal value (regions of XRAI, the empty parts of a class activation map) come in an
    order drawn from `seed`, so that none is preferred for where it lies.
    """
    flat = saliency.ravel()
    order = np.lexsort((np.random.default_rng(seed).random(flat.size), -flat))
    places = np.empty(flat.size, dtype=np.int64)
    places[order] = np.arange(flat.size)
    return places.reshape(saliency.shape)


def probability_area(
    network: nn.Module, target: int, begin: Tensor, end: Tensor, places: NDArray[np.int64],
    steps: int, probability: Probability, chunk: int,
) -> float:  # fmt: skip
    """Area, in [0, 1], under P(target) while pixels of `begin` become those of `end`, (C, H, W)
    each, in the order of `places` (H, W), against the share that has: trapezia, steps + 1 points.

    Deletion: from the image to its baseline, low is good. Insertion: from a baseline to the image,
    high is good.
    """
    counts = np.rint(np.linspace(0, places.size, steps + 1)).astype(np.int64)
    order = torch.from_numpy(places).to(begin.device)
    probabilities = []
    for some in np.array_split(counts, -(-len(counts) // chunk)):
        turned = order < torch.from_numpy(some).to(begin.device)[:, None, None]
        logits = scores(network, torch.where(turned[:, None], end, begin), chunk)
        probabilities.append(probabilities_of(logits, probability)[:, target])
    curve = torch.cat(probabilities).double().cpu().numpy()
    return float(np.trapezoid(curve, counts / places.size))


def probabilities_of(logits: Tensor, probability: Probability) -> Tensor:
    """Probabilities (B, K) of logits (B, K). Raises ValueError for the softmax of one logit."""
    if probability == "sigmoid":
        return torch.sigmoid(logits)
    if logits.shape[1] == 1:
        raise ValueError("probability='softmax' of one logit is always 1: choose 'sigmoid'")
    return torch.softmax(logits, dim=1)
