"""Compute infidelity and max-sensitivity (Yeh et al. 2019, arXiv 1901.09392), with fixed seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from captum.metrics import sensitivity_max
from numpy.typing import NDArray
from torch import Tensor, nn

from models.attribution.network import scores

Explain = Callable[[nn.Module, Tensor], NDArray[np.float32]]
"""A function of a network and an image (C, H, W) that returns a map (H, W)."""


@dataclass(frozen=True, kw_only=True)
class Removals:
    """Squares (N, H, W) of an image, and the fall of the logit without each, (N,) float64."""

    squares: Tensor
    falls: Tensor


def removals(
    network: nn.Module, image: Tensor, target: int, baseline: Tensor, samples: int, side_px: int,
    seed: int, chunk: int,
) -> Removals:  # fmt: skip
    """Replace random squares of `side_px` in an image (C, H, W) by `baseline` (C, H, W)."""
    squares = _squares(samples, image, side_px, torch.Generator().manual_seed(seed))
    whole = scores(network, image[None], 1)[:, target]
    without = torch.cat([
        scores(network, torch.where(some, baseline, image), chunk)[:, target]
        for some in torch.split(squares, chunk)
    ])  # fmt: skip
    return Removals(squares=squares[:, 0], falls=(whole - without).double())


def infidelity(saliency: NDArray[np.floating], removed: Removals) -> float:
    """Return the share, in [0, 1], of the logit's changes that the map does not predict; 0 is best.

    Definition 2.1 with the paper's square removal: the map (H, W), summed over the square and
    multiplied by the best common factor, predicts the change. The mean squared error is divided by
    the mean squared change, so that images can be compared. NaN if no square changes the logit.
    captum's `infidelity(normalize=True)` gives the same, but runs the network for every map.
    """
    values = torch.as_tensor(saliency).to(removed.falls)
    predicted = (removed.squares * values).sum(dim=(1, 2))
    changed, size = removed.falls.square().sum(), predicted.square().sum()
    if changed == 0:
        return float("nan")
    common = float((predicted * removed.falls).sum())
    return max(0.0, 1 - common**2 / float(changed * size)) if size > 0 else 1.0


def _squares(count: int, image: Tensor, side_px: int, generator: torch.Generator) -> Tensor:
    """Return masks (count, 1, H, W), each true in a square at a random place in the image."""
    inside = []
    for size in image.shape[-2:]:
        first = torch.randint(0, max(size - side_px, 0) + 1, (count, 1), generator=generator)
        pixel = torch.arange(size)[None]
        inside.append((pixel >= first) & (pixel < first + side_px))
    return (inside[0][:, None, :, None] & inside[1][:, None, None, :]).to(image.device)


def max_sensitivity(
    network: nn.Module, image: Tensor, saliency: NDArray[np.floating], explain: Explain,
    samples: int, radius: float, seed: int,
) -> float:  # fmt: skip
    """Return the largest change of the map divided by the map (Euclidean norms); 0 is best.

    Definition 3.1, computed by captum: every pixel of the image (C, H, W) is changed by up to
    `radius` times the image's range, drawn uniformly, `samples` times. The method's own seed stays
    the same.
    """
    generator = torch.Generator().manual_seed(seed)
    reach = radius * float(image.max() - image.min())

    def maps(inputs: Tensor | tuple[Tensor, ...]) -> Tensor | tuple[Tensor, ...]:
        if isinstance(inputs, tuple):  # the image itself: its map is known, captum needs a tuple
            return (torch.as_tensor(saliency).float()[None],)
        return torch.stack([torch.from_numpy(explain(network, one)).float() for one in inputs])

    def shaken(inputs: Tensor) -> Tensor:
        noise = torch.rand(inputs.shape, generator=generator).to(inputs)
        return inputs + reach * (2 * noise - 1)

    found: Tensor = sensitivity_max(
        maps, image[None], shaken, n_perturb_samples=samples, max_examples_per_batch=1
    )
    return float(found)
