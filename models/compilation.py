"""torch.compile where there is a compiler, the function itself where there is none."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

_LOG = logging.getLogger(__name__)

_MACHINE_ERRORS = (MemoryError, torch.OutOfMemoryError, torch.AcceleratorError)


class Compiled:
    """A function of one tensor, compiled anew for each shape; gradients go through it.

    The first tensor of a shape is tried forward and backward beforehand. If that fails, the
    function is called as it is from then on: `reason` says why, and the log, once. Running out of
    memory is no reason, it is raised.
    """

    def __init__(self, function: Callable[[Tensor], Tensor], name: str, **options: Any) -> None:
        self.function = function
        self.name = name
        self.reason: str | None = None
        self.compiled = torch.compile(function, dynamic=False, **options)
        self.tried: set[tuple[Any, ...]] = set()

    def __call__(self, x: Tensor) -> Tensor:
        if self.reason is None:
            self._try(x)
        return self.compiled(x) if self.reason is None else self.function(x)

    def _try(self, x: Tensor) -> None:
        key = (x.shape, x.stride(), x.dtype, x.device, x.requires_grad)
        if key in self.tried:
            return
        try:
            leaf = x.detach().requires_grad_(x.requires_grad)
            out = self.compiled(leaf)
            if x.requires_grad:
                torch.autograd.grad(out.sum(), leaf)
        except _MACHINE_ERRORS:
            raise
        except Exception as error:
            said = " ".join(str(error).split())[:300]
            self.reason = f"{type(error).__name__}: {said}"
            _LOG.warning("%s is not compiled, it runs as it is: %s", self.name, self.reason)
        self.tried.add(key)
