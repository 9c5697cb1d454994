"""Infidelity and max-sensitivity (Yeh et al. 2019, arXiv 1901.09392), by captum.metrics, seeded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from captum.metrics import infidelity as captum_infidelity
from captum.metrics import sensitivity_max
from numpy.typing import NDArray
from torch import Tensor, nn

Explain = Callable[[nn.Module, Tensor], NDArray[np.float32]]
"""A map (H, W) of what a network makes of an image (C, H, W)."""


def infidelity(
    network: nn.Module, image: Tensor, target: int, saliency: NDArray[np.floating],
    baseline: Tensor, samples: int, side_px: int, seed: int, chunk: int,
) -> float:  # fmt: skip
    """Share, in [0, 1], of the logit's changes that the map does not foretell; 0 is best.

    Definition 2.1 with the paper's square removal: random squares of `side_px` are replaced by
    `baseline` (C, H, W), and the map (H, W), summed over the square and scaled by the factor that
    suits it best, is the change that it foretells. The mean squared error is divided by the mean
    squared change, so that images compare; NaN where no square changes the logit.
    """
    generator = torch.Generator().manual_seed(seed)
    map_ = torch.as_tensor(saliency).to(image).expand_as(image)
    # the second row, a map of zeros, leaves the changes themselves as its error
    both, maps = torch.stack([image, image]), torch.stack([map_, torch.zeros_like(map_)])

    def without_squares(inputs: Tensor) -> tuple[Tensor, Tensor]:
        squares = _squares(len(inputs) // 2, image, side_px, generator).repeat(2, 1, 1, 1)
        inside = squares.expand_as(inputs)
        return inside.to(inputs), torch.where(inside, baseline, inputs)

    error, change = captum_infidelity(
        network, without_squares, both, maps, target=target, n_perturb_samples=samples,
        max_examples_per_batch=max(chunk, 2), normalize=True,
    ).tolist()  # fmt: skip
    return max(error, 0.0) / change if change > 0 else float("nan")


def _squares(count: int, image: Tensor, side_px: int, generator: torch.Generator) -> Tensor:
    """Masks (count, 1, H, W), true in a square anywhere within the image."""
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
    """Largest change of the map over the map (both as Euclidean norms); 0 is best.

    Definition 3.1: every pixel of the image (C, H, W) is changed by up to `radius` times the
    image's range, drawn uniformly, `samples` times; the method's own seed stays.
    """
    generator = torch.Generator().manual_seed(seed)
    reach = radius * float(image.max() - image.min())

    def maps(inputs: Tensor | tuple[Tensor, ...]) -> Tensor | tuple[Tensor, ...]:
        if isinstance(inputs, tuple):  # the image itself, whose map is known; captum wants a tuple
            return (torch.as_tensor(saliency).float()[None],)
        return torch.stack([torch.from_numpy(explain(network, one)).float() for one in inputs])

    def shaken(inputs: Tensor) -> Tensor:
        noise = torch.rand(inputs.shape, generator=generator).to(inputs)
        return inputs + reach * (2 * noise - 1)

    found: Tensor = sensitivity_max(
        maps, image[None], shaken, n_perturb_samples=samples, max_examples_per_batch=1
    )
    return float(found)
