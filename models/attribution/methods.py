"""Apply any of eleven saliency methods to a classifier and an image, by one function.

The ten of paper 2 (three named there, seven taken from the same group's earlier benchmark) and the
signed SmoothGrad of `measure`. What is explained is the logit of the class.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.attribution import gradients
from models.attribution.cams import class_activation_map
from models.attribution.gradients import baseline_image
from models.attribution.network import placed
from models.attribution.params import (
    NEEDS_CONTRAST,
    SIGNED,
    AttributionParams,
)
from models.attribution.paths import (
    blur_integrated_gradients,
    guided_integrated_gradients,
    slopes_of,
)
from models.attribution.xrai import xrai
from models.networks.borrowed import borrowed
from models.saliency.params import SmoothGradParams


def attribute(
    network: nn.Module, image: Tensor, target: int, params: AttributionParams, seed: int
) -> NDArray[np.float32]:
    """Map (H, W), float32 and finite, of the evidence for class `target` in an image (C, H, W).

    Parameters
    ----------
    network
        Any module that maps (B, C, H, W) images to (B, K) logits. It is run in eval mode and left
        as it was found.
    image
        (C, H, W), with the values that the network is used to.
    target
        The class that is explained, 0 to K - 1; the logit is.
    params
        The method (one of `METHODS`) and how it is run; `AttributionParams.usual(method)` are the
        parameters of `ansae compare`.
    seed
        Of the noise, in [0, 2^63) (`models.saliency.galaxy_seed`); no global generator is used. On
        one kind of device the same arguments give the same map.

    Returns
    -------
    NDArray[np.float32]
        vanilla_gradient and smoothgrad are absolute values (the largest channel), in units of the
        logit per unit of the image. The four integrated gradients are sums over channels, signed,
        in units of the logit; xrai is signed, too, the mean of a region. The class activation maps
        and signed_smoothgrad keep the positive part and are scaled to [0, 1].

    Raises
    ------
    ValueError
        For a class that the network lacks; an image that is not finite or, where the method is
        undefined then, blank; for a CAM method, a network without convolutions or a layer that does
        not exist.
    FloatingPointError
        If the network's gradients are not finite.

    Notes
    -----
    Sources: `CITATIONS[method]`. `models.barlength.bar_of_map(unit_map(map))` reads a bar's length.

    Examples
    --------
    >>> import torch
    >>> from models.attribution import AttributionParams, attribute
    >>> network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 8 * 8, 4))
    >>> params = AttributionParams(method="smoothgrad", samples=4)
    >>> attribute(network, torch.rand(3, 8, 8), 1, params, seed=7).shape
    (8, 8)
    """
    with borrowed(network):
        here = placed(network, image, target)
        blank = float(here.max() - here.min()) == 0
        if blank and params.method in NEEDS_CONTRAST:
            raise ValueError(
                f"the image is blank (every pixel {float(here.max()):g}): {params.method} is "
                "undefined there; leave blank images out"
            )
        found = _map(network, here, target, params, seed)
    if isinstance(found, Tensor):
        found = found.double().cpu().numpy()
    if not np.isfinite(found).all():
        raise FloatingPointError("the network's gradients are not finite")
    return np.ascontiguousarray(found, dtype=np.float32)


def _map(
    network: nn.Module, image: Tensor, target: int, p: AttributionParams, seed: int
) -> Tensor | NDArray[Any]:
    match p.method:
        case "vanilla_gradient":
            return gradients.vanilla_gradient(network, image, target)
        case "smoothgrad" | "signed_smoothgrad":
            return gradients.smoothgrad(network, image, target, _smoothgrad_params(p), seed)
        case "grad_cam" | "grad_cam_plus_plus" | "score_cam":
            return class_activation_map(network, image, target, p.method, p.layer, p.chunk)
        case "blur_integrated_gradients" | "guided_integrated_gradients":
            return _curved(network, image, target, p)
        case "xrai":
            return xrai(image.double().cpu().numpy(), _between(network, image, target, p))[0]
        case "integrated_gradients":
            base = baseline_image(image, p.baseline, p.blur_fraction)
            return gradients.integrated_gradients(
                network, image, target, base, p.steps, p.chunk
            ).sum(dim=0)
        case "smooth_integrated_gradients":
            base = baseline_image(image, p.baseline, p.blur_fraction)
            return gradients.smooth_integrated_gradients(
                network, image, target, base, p.steps, p.chunk, p.samples, p.noise_fraction, seed
            ).sum(dim=0)
    raise NotImplementedError(f"method={p.method!r} has no case here: add one")


def _smoothgrad_params(p: AttributionParams) -> SmoothGradParams:
    if p.method == SIGNED:
        return SmoothGradParams(
            samples=p.samples, noise_fraction=p.noise_fraction, smoothing_px=p.smoothing_px,
            view=p.view, chunk=p.chunk,
        )  # fmt: skip
    return SmoothGradParams(
        samples=p.samples, noise_fraction=p.noise_fraction, gradient="absolute", channels="max",
        smoothing_px=0.0, chunk=p.chunk,
    )  # fmt: skip


def _curved(
    network: nn.Module, image: Tensor, target: int, p: AttributionParams
) -> NDArray[np.float64]:
    slopes = slopes_of(network, image, target, p.chunk)
    pixels = image.double().cpu().numpy()
    if p.method == "blur_integrated_gradients":
        found = blur_integrated_gradients(slopes, pixels, p.steps, p.blur_fraction)
    else:
        start = baseline_image(image, p.baseline, p.blur_fraction).double().cpu().numpy()
        found = guided_integrated_gradients(
            slopes, pixels, start, p.steps, p.guided_fraction, p.guided_distance
        )
    flat: NDArray[np.float64] = found.sum(axis=0)
    return flat


def _between(
    network: nn.Module, image: Tensor, target: int, p: AttributionParams
) -> NDArray[np.float64]:
    """XRAI's pixel attributions (its section 3.1): the mean of integrated gradients from black and
    from white, that is from the image's smallest and from its largest value."""
    both = [
        gradients.integrated_gradients(
            network, image, target, torch.full_like(image, float(level)), p.steps, p.chunk
        )
        for level in (image.min(), image.max())
    ]
    return torch.stack(both).mean(dim=0).double().cpu().numpy()
