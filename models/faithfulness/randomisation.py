"""Randomisation check (Adebayo et al. 2018, arXiv 1810.03292): does a map depend on the network?"""

from __future__ import annotations

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.statistics import spearman

_WINDOW_PX = 7
"""Side of the structural similarity's windows (Wang et al. 2004)."""


def randomised(network: nn.Module, seed: int) -> nn.Module:
    """Return a copy of the network with new random weights from `seed`, and the same modes.

    A layer draws its weights as at the beginning of training (reset_parameters, which also resets
    the statistics of a normalisation). Parameters of other modules have their values shuffled. The
    state of the global generators does not change.
    """
    copied = copy.deepcopy(network)
    devices = sorted({p.device.index for p in copied.parameters() if p.device.type == "cuda"})
    with torch.random.fork_rng(devices=devices), torch.no_grad():
        torch.manual_seed(seed)
        for module in copied.modules():
            reset = getattr(module, "reset_parameters", None)
            if callable(reset):
                reset()
                continue
            for parameter in module.parameters(recurse=False):
                order = torch.randperm(parameter.numel()).to(parameter.device)
                parameter.copy_(parameter.flatten()[order].view_as(parameter))
    return copied


def rank_correlation(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Return Spearman's correlation of the pixels of two maps (H, W); NaN if one is constant."""
    return spearman(one.ravel(), other.ravel())


def structural_similarity(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Return SSIM (Wang et al. 2004, IEEE TIP 13, 600) of two maps (H, W), by scikit-image.

    Each map is scaled to [0, 1]. NaN if one is constant or smaller than a window.
    """
    # imported here: scikit-image is heavy
    from skimage.metrics import structural_similarity as ssim

    spans = [float(np.ptp(m)) for m in (one, other)]
    if min(spans) <= 0 or min(one.shape) < _WINDOW_PX:
        return float("nan")
    a, b = ((m.astype(np.float64) - m.min()) / s for m, s in zip((one, other), spans, strict=True))
    return float(ssim(a, b, win_size=_WINDOW_PX, data_range=1.0))  # type: ignore[no-untyped-call]
