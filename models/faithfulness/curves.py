"""Compute insertion and deletion curves: the probability as important pixels are added or removed.

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
    """Return every pixel's place in the order of decreasing value, from 0: (H, W) for a map (H, W).

    Pixels of equal value (regions of XRAI, the empty parts of a class activation map) are in an
    order drawn from `seed`, so that no position is preferred.
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
    """Return the area, in [0, 1], under P(target) while `begin` changes pixel by pixel to `end`.

    begin, end: (C, H, W). Pixels change in the order of `places` (H, W). The area is that under
    P(target) against the share of changed pixels, by trapezia through steps + 1 points.

    Deletion goes from the image to its baseline; low is good. Insertion goes from a baseline to the
    image; high is good.
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
    """Return probabilities (B, K) of logits (B, K). Raises ValueError for softmax of one logit."""
    if probability == "sigmoid":
        return torch.sigmoid(logits)
    if logits.shape[1] == 1:
        raise ValueError("probability='softmax' of one logit is always 1: choose 'sigmoid'")
    return torch.softmax(logits, dim=1)
