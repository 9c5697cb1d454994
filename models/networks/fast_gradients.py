"""Compute the gradients of members fast; by default their votes stay the same, bit for bit.

The function differs from the member's by rounding only. Batch normalisations are folded into
convolutions; GPUs with half-precision units use half precision (sums in float32) and compiled
kernels. Which of these pays on which device was measured (tests/benchmarks); `SpeedParams.of` says
what is used. Without a working compiler, the function runs uncompiled.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor, nn

from models.networks.folding import folded
from models.networks.member import Member

_MACHINE_ERRORS = (MemoryError, torch.OutOfMemoryError, torch.AcceleratorError)


class Compiled:
    """A function of one tensor, compiled for each shape; gradients pass through it.

    The first tensor of a shape is tried forward and backward beforehand. If that fails, the
    function runs uncompiled from then on: `reason` says why, and the log says it once. Running out
    of memory is not such a failure: the error is raised.
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
            message = " ".join(str(error).split())[:300]
            self.reason = f"{type(error).__name__}: {message}"
            _LOG.warning("%s is not compiled, it runs as it is: %s", self.name, self.reason)
        self.tried.add(key)


_LOG = logging.getLogger(__name__)

Precision = Literal["float32", "bfloat16", "float16"]

_DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}
_LOSS_SCALE = 1024.0  # lifts float16 gradients above its smallest numbers; a power of 2 is exact
_MOST_AT_ONCE = 256


@dataclass(frozen=True, kw_only=True)
class SpeedParams:
    """How gradients are computed. No choice changes a map by more than rounding does.

    Attributes
    ----------
    fold
        Whether batch normalisations are folded into convolutions (models.networks.folding).
    precision
        Precision of weights and activations. The hardware sums products in float32; samples are
        always summed in float32.
    compile
        Whether torch.compile is used, where it works.
    graphs
        Whether compiled kernels are recorded as CUDA graphs and launched together. Off by default,
        because it was never measured.
    lower_votes
        Whether votes are computed this way too, and change by its rounding.
    """

    fold: bool = True
    precision: Precision = "float32"
    compile: bool = False
    graphs: bool = False
    lower_votes: bool = False

    def __post_init__(self) -> None:
        if self.graphs and not self.compile:
            raise ValueError("graphs=True records compiled kernels: it needs compile=True")
        if self.precision not in ("float32", *_DTYPES):
            raise ValueError(
                f"precision={self.precision!r} must be 'float32', 'bfloat16' or 'float16'"
            )

    @classmethod
    def of(
        cls, device: torch.device, precision: Precision | Literal["auto"] = "auto",
        lower_votes: bool = False,
    ) -> SpeedParams:  # fmt: skip
        """Return the parameters for a device; "auto": half precision on GPUs, float32 elsewhere."""
        if device.type != "cuda":
            precision = "float32" if precision == "auto" else precision
            return cls(precision=precision, lower_votes=lower_votes)
        if precision == "auto":
            precision = "bfloat16" if torch.cuda.is_bf16_supported(False) else "float16"
        return cls(precision=precision, compile=True, lower_votes=lower_votes)

    @classmethod
    def none(cls) -> SpeedParams:
        """Return parameters that leave the members unchanged."""
        return cls(fold=False)


class _ScaledGradient(torch.autograd.Function):
    """The identity, with a gradient multiplied by a factor."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, factor: float) -> Tensor:
        ctx.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0] * ctx.factor, None


class FastMember(Member):
    """A member that computes its logits in a faster way.

    `notes` says which speed-ups were asked for and could not be made, and why.
    """

    def __init__(self, member: Member, speed: SpeedParams) -> None:
        nn.Module.__init__(self)
        self.spec = member.spec
        self.exact = member
        self.speed = speed
        self.lowered = _DTYPES.get(speed.precision)
        self.answers_share_a_pass = not speed.compile  # compiled kernels overwrite their buffers
        self.notes: list[str] = []

    @cached_property
    def network(self) -> Callable[[Tensor], Tensor]:
        """The function from images in lowered precision to logits, built at the first gradient."""
        if not self.speed.compile:
            return self.plain
        mode = "reduce-overhead" if self.speed.graphs else "default"
        return Compiled(self.plain, self.spec.name, mode=mode)

    @cached_property
    def plain(self) -> nn.Module:
        """The same function as `network`, not compiled."""
        network: nn.Module = self.exact
        if self.speed.fold:
            try:
                network = folded(self.exact)
            except Exception as error:
                self.notes.append(f"not folded: {type(error).__name__}: {error}")
                _LOG.warning("member %s is %s", self.spec.name, self.notes[-1])
        return copy.deepcopy(network).to(self.lowered) if self.lowered else network

    def forward(self, images: Tensor) -> Tensor:
        """Return logits, (B, 37), in float32 or the images' precision."""
        if self.lowered is None:
            return self.network(images)
        scale = _LOSS_SCALE if self.lowered is torch.float16 else 1.0
        inside: Tensor = _ScaledGradient.apply(images, 1 / scale)  # type: ignore[no-untyped-call]
        logits = self.network(inside.to(self.lowered)).to(images.dtype)
        scaled: Tensor = _ScaledGradient.apply(logits, scale)  # type: ignore[no-untyped-call]
        return scaled

    def votes(self, images: Tensor) -> Tensor:
        """Return vote fractions, (B, 37), of the exact member unless `lower_votes` is set."""
        return super().votes(images) if self.speed.lower_votes else self.exact.votes(images)


def fast(member: Member, speed: SpeedParams, device: torch.device) -> Member:
    """Return the member with gradients computed as `speed` says, in chunks that fit `device`."""
    if speed == SpeedParams.none():
        return member
    made = FastMember(member, speed)
    if device.type == "cuda":
        free = torch.cuda.mem_get_info(device)[0]
        made.samples_at_once = samples_that_fit(free, _bytes_per_sample(made))
    return made


def samples_that_fit(free_bytes: float, bytes_per_sample: float) -> int:
    """Return the number of samples that fit into memory: a power of two, 1 to 256.

    A power of two, so that slightly fuller memory does not change the rounding. A third of the
    memory is left for other processes, workspaces and fragments.
    """
    most = min(_MOST_AT_ONCE, int(free_bytes / 1.5 / max(bytes_per_sample, 1)))
    return 1 << (max(1, most).bit_length() - 1)


def _bytes_per_sample(member: FastMember) -> float:
    """Measure one sample's gradient memory on the GPU: (peak of 8 samples - peak of 4) / 4."""
    peaks = []
    for count in (4, 8):
        shape = (count, 3, member.spec.input_px, member.spec.input_px)
        images = torch.zeros(shape, device="cuda", requires_grad=True)
        torch.cuda.reset_peak_memory_stats()
        inputs = images if member.lowered is None else images.to(member.lowered)
        torch.autograd.grad(member.plain(inputs).sum(), images)
        peaks.append(torch.cuda.max_memory_allocated())
    return (peaks[1] - peaks[0]) / 4
