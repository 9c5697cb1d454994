"""Class activation maps (Grad-CAM, Grad-CAM++, Score-CAM), by the package `grad-cam`.

All three are upsampled bilinearly to the image and scaled to [0, 1]; they hold no negative
evidence. A map without any evidence is 0 everywhere.
"""

from __future__ import annotations

import contextlib
import io

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.attribution.params import Cam

Floats = NDArray[np.float32]


def class_activation_map(
    network: nn.Module, image: Tensor, target: int, kind: Cam, layer: str | None, chunk: int
) -> Floats:
    """Map (H, W) in [0, 1] of an image (C, H, W), not negative. The network must be `borrowed`.

    grad_cam: Selvaraju et al. 2017, arXiv 1610.02391, equations 1-2. grad_cam_plus_plus:
    Chattopadhyay et al. 2018, arXiv 1710.11063, equations 10-12, 19. score_cam: Wang et al. 2020,
    arXiv 1910.01279, equations 3-5, on logits. layer: see `feature_layer`. Raises its ValueErrors.
    """
    # imported here: the library brings OpenCV and scikit-learn, and only these methods need it
    from pytorch_grad_cam import GradCAM, ScoreCAM  # type: ignore[import-untyped]
    from pytorch_grad_cam.utils.model_targets import (  # type: ignore[import-untyped]
        ClassifierOutputTarget,
    )

    module = network.get_submodule(feature_layer(network, image, layer))
    cam = (ScoreCAM if kind == "score_cam" else GradCAM)(network, [module])
    if kind == "grad_cam_plus_plus":
        cam.get_cam_weights = _plus_plus_weights
    cam.batch_size = chunk
    cam.compute_input_gradient = True  # the parameters are frozen: the graph begins at the image
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # Score-CAM draws a progress bar per image
            found: Floats = cam(image[None], [ClassifierOutputTarget(target)])[0]
    finally:
        cam.activations_and_grads.release()
    peak = float(found.max())
    return found / peak if peak > 0 else found


def _plus_plus_weights(
    _image: Tensor, _layers: object, _targets: object, maps: Floats, slopes: Floats
) -> Floats:
    """Weights (B, K) of feature maps from these and their gradients, (B, K, h, w).

    Equations 10 and 19 with g^2 cancelled. The library's own adds 1e-6 to the denominator, which
    is more than g^2 in any but small maps: its weights then go as g^3, not as g.
    """
    positive = np.maximum(slopes, 0.0)
    below = 2.0 + maps.sum(axis=(2, 3), keepdims=True) * slopes
    parts = np.divide(positive, below, out=np.zeros_like(positive), where=below != 0)
    return np.asarray(parts.sum(axis=(2, 3)))


def feature_layer(network: nn.Module, image: Tensor, layer: str | None) -> str:
    """Name of the module whose output is the feature map: `layer`, if it gives one, or the last.

    The last is that of the last convolution with more than one pixel, behind the normalisation and
    activation modules that directly follow it and keep its shape. Raises ValueError for a network
    without convolutions, a name that does not exist, and a module that does not give one feature
    map (B, C, h, w) per pass.
    """
    ran = _feature_maps(network, image)
    names = [name for name, _ in ran]
    convolutions = [n for n in names if isinstance(network.get_submodule(n), nn.Conv2d)]
    if layer is not None:
        return _named_layer(network, layer, names, convolutions)
    once = [n for n in convolutions if names.count(n) == 1]
    if not once:
        raise ValueError(
            "class activation maps need a convolutional feature map, and this network has none: "
            "choose a gradient method"
        )
    place = names.index(once[-1])
    shape = ran[place][1]
    for name, other in ran[place + 1 :]:
        if other != shape:
            break
        if names.count(name) == 1:  # a module used twice gives no one map
            place = names.index(name)
    return names[place]


def _named_layer(network: nn.Module, layer: str, names: list[str], known: list[str]) -> str:
    if layer not in dict(network.named_modules()) or not layer:
        raise ValueError(
            f"layer={layer!r} does not exist in the network; convolutions: "
            f"{', '.join(known[-5:]) or 'none'}; None takes the last feature map"
        )
    if names.count(layer) != 1:
        raise ValueError(
            f"layer={layer!r} gives {names.count(layer)} feature maps (B, C, h, w) per pass, not "
            f"one; try {known[-1] if known else 'a network with convolutions'!r}"
        )
    return layer


def _feature_maps(network: nn.Module, image: Tensor) -> list[tuple[str, tuple[int, ...]]]:
    """Name and shape of every map of more than one pixel that a module gave, in order."""
    ran: list[tuple[str, tuple[int, ...]]] = []

    def note(name: str, output: object) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and output[0, 0].numel() > 1:
            ran.append((name, tuple(output.shape)))

    handles = [
        module.register_forward_hook(lambda _m, _i, output, name=name: note(name, output))
        for name, module in network.named_modules()
        if name
    ]
    try:
        with torch.no_grad():
            network(image[None])
    finally:
        for handle in handles:
            handle.remove()
    return ran
