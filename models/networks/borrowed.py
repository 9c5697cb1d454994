"""Use a network for gradients, and restore its state afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def borrowed(network: nn.Module) -> Iterator[None]:
    """Put `network` into eval mode with frozen parameters while the context is open.

    Gradients are then taken with respect to images alone. Afterwards modes, requires_grad and
    .grad are as before.
    """
    modes = [(module, module.training) for module in network.modules()]
    kept = [(p, p.requires_grad, p.grad) for p in network.parameters()]
    try:
        network.eval()
        for parameter, _, _ in kept:
            parameter.requires_grad_(False)
            parameter.grad = None
        with torch.enable_grad():
            yield
    finally:
        for module, training in modes:
            module.training = training
        for parameter, required, gradient in kept:
            parameter.requires_grad_(required)
            parameter.grad = gradient
