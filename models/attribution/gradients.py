"""Attributions from gradients: at the image, at noisy copies of it, along straight paths."""

from __future__ import annotations

import torch
from captum.attr import IntegratedGradients
from torch import Tensor, nn

from models.attribution.network import gradients
from models.attribution.params import Baseline
from models.saliency.any_network import AnyNetwork
from models.saliency.gradients import finish, gaussian_smoothed, mean_gradients
from models.saliency.noise import draw_noise
from models.saliency.params import SmoothGradParams


def baseline_image(image: Tensor, kind: Baseline, blur_fraction: float) -> Tensor:
    """What an image (C, H, W) is without its evidence: (C, H, W).

    zero: black. mean: every channel's mean. blurred: Gaussian of `blur_fraction` x the shorter
    side, black beyond the edge.
    """
    if kind == "zero":
        return torch.zeros_like(image)
    if kind == "mean":
        return image.mean(dim=(1, 2), keepdim=True).expand_as(image).clone()
    return gaussian_smoothed(image, blur_fraction * min(image.shape[-2:]))


def vanilla_gradient(network: nn.Module, image: Tensor, target: int) -> Tensor:
    """Largest |d logit / d pixel| over channels; (H, W), not negative.

    Simonyan, Vedaldi & Zisserman 2014, arXiv 1312.6034, section 3.
    """
    return gradients(network, image[None], target, 1)[0].abs().amax(dim=0)


def smoothgrad(
    network: nn.Module, image: Tensor, target: int, params: SmoothGradParams, seed: int
) -> Tensor:
    """models.saliency's mean (absolute) gradient of any network; (H, W), not negative.

    Smilkov et al. 2017, arXiv 1706.03825; paper 1, section 3. Absolute: mean |gradient|, the
    largest over channels, not scaled. Signed: `finish`ed as `measure`'s maps are, in [0, 1]; 0
    everywhere if no pixel would make the class more likely. Raises FloatingPointError if a gradient
    is not finite, ValueError if views are asked of an image that is not square.
    """
    if not params.view.identity and image.shape[1] != image.shape[2]:
        raise ValueError(f"views need a square image, not {tuple(image.shape)}: choose no view")
    mean = mean_gradients(AnyNetwork(network, image.shape[-1]), image, [target], params, seed)
    if not bool(torch.isfinite(mean).all()):
        raise FloatingPointError("the network's gradients are not finite")
    if params.gradient == "absolute":
        return mean[0].amax(dim=0)
    return torch.nan_to_num(finish(mean, image, params)[0], nan=0.0)


def integrated_gradients(
    network: nn.Module, image: Tensor, target: int, baseline: Tensor, steps: int, chunk: int
) -> Tensor:
    """Attributions of every pixel and channel, (C, H, W), signed; they add up to
    logit(image) - logit(baseline).

    Sundararajan, Taly & Yan 2017, arXiv 1703.01365, equation 1; Gauss-Legendre by captum.
    """
    attributions: Tensor = IntegratedGradients(network).attribute(
        image[None], baselines=baseline[None], target=target, n_steps=steps,
        internal_batch_size=chunk,
    )  # fmt: skip
    return attributions[0].detach()


def smooth_integrated_gradients(
    network: nn.Module, image: Tensor, target: int, baseline: Tensor, steps: int, chunk: int,
    samples: int, noise_fraction: float, seed: int,
) -> Tensor:  # fmt: skip
    """Mean over noisy copies of the image of their integrated gradients, (C, H, W), signed; they
    add up to the mean over the copies of logit(copy) - logit(baseline).

    Smilkov et al. 2017, section 4, on Sundararajan et al. 2017. Noise as in SmoothGrad: a function
    of the seed and the sample alone.
    """
    sigma = noise_fraction * (image.max() - image.min())
    total = torch.zeros_like(image)
    for sample in range(samples):
        noise = draw_noise(image.shape, seed, sample, 1, image.device)[0].to(image.dtype)
        noisy = image + sigma * noise
        total += integrated_gradients(network, noisy, target, baseline, steps, chunk)
    return total / samples
