"""Teaching a refinement (models.barlength.refinement) on galaxies whose bars are known, or graded.

Known lengths (mock galaxies, bars laid into real ones) say what the correction must be. Experts'
grades of real bars say less, how long a bar is beside the others, but they say it of real galaxies:
ln(length) is asked to lie near a + s(grade), with one a for all of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch.nn import functional

from models.barlength.refinement import CLIP, FEATURES, Refinement

Floats = NDArray[np.float64]
Batches = tuple[Tensor, Tensor, int]
"""Scaled features (N, FEATURES), what the correction should be (N,), galaxies of a batch."""

_SPREAD_MIN = 1e-4
_RATE = 3e-3
_DIGITS = 6


@dataclass(frozen=True, kw_only=True)
class RefiningParams:
    """How a refinement is taught.

    hidden: width of its layer. limit: Refinement.limit. steps: of AdamW at 3e-3, annealed by a
    cosine. batch, graded_batch: known and graded bars of a step. noise: added to the features, in
    their spreads, so that none is leant on. weight_decay: of the layer. tolerance,
    graded_tolerance: of ln(length), beyond which errors count in proportion and no more (Huber).
    graded_weight: of the grades beside the known lengths. further_share: of a batch, of further
    bars where there are any.
    """

    hidden: int = 16
    limit: float = 0.35
    steps: int = 3000
    batch: int = 256
    graded_batch: int = 64
    noise: float = 0.3
    weight_decay: float = 0.05
    tolerance: float = 0.03
    graded_tolerance: float = 0.15
    graded_weight: float = 0.4
    further_share: float = 0.25
    seed: int = 0


@dataclass(frozen=True)
class Lessons:
    """Bars whose lengths are known: features (N, FEATURES) and ln(true / first length) (N,)."""

    features: Floats
    target: Floats


@dataclass(frozen=True)
class Graded:
    """Bars with grades: features (N, FEATURES), ln of their first lengths (N,) in sides of the map,
    and the ln of the length that the grade stands for (N,), but for one constant."""

    features: Floats
    first: Floats
    expected: Floats


def expected_of_grade(grade: ArrayLike) -> Floats:
    """ln of the length relative to the galaxy that an EFIGI grade (0.25 to 1) stands for, but for a
    constant: lengths as grade + 1/4, which is 2 : 3 : 4 : 5. A convention, not a measurement."""
    return np.asarray(np.log((np.asarray(grade, dtype=np.float64) + 0.25) / 0.75))


def fit_refinement(
    known: Lessons,
    further: Lessons | None = None,
    graded: Graded | None = None,
    params: RefiningParams | None = None,
) -> Refinement:
    """The refinement that known bars teach, together with further ones (of another sky) and graded
    ones. The same arguments give the same refinement on the same machine."""
    params = params or RefiningParams()
    middle = np.median(known.features, axis=0)
    low, high = np.percentile(known.features, (16, 84), axis=0)
    spread = (high - low) / 2 + _SPREAD_MIN
    generator = torch.Generator().manual_seed(params.seed)
    network = _Network(params, generator)
    share = params.further_share if further is not None and len(further.target) else 0.0
    count = round(share * params.batch)
    parts = [(known, params.batch - count)]
    if further is not None and count:
        parts.append((further, count))
    batches = [
        (_scaled(part.features, middle, spread), _tensor(part.target), size) for part, size in parts
    ]
    _train(
        network, batches, _graded(graded, middle, spread, params.graded_batch), params, generator
    )
    return network.refinement(middle, spread)


def _tensor(values: Floats) -> Tensor:
    return torch.from_numpy(np.asarray(values, dtype=np.float32))


def _scaled(features: Floats, middle: Floats, spread: Floats) -> Tensor:
    return _tensor(((features - middle) / spread).clip(-CLIP, CLIP))


def _graded(graded: Graded | None, middle: Floats, spread: Floats, size: int) -> Batches | None:
    """What the correction should be is known but for a constant here."""
    if graded is None or not len(graded.first):
        return None
    wanted = graded.expected - graded.first
    return _scaled(graded.features, middle, spread), _tensor(wanted), size


class _Network(nn.Module):
    """What Refinement.log_factor computes; `level`: the graded bars' constant."""

    def __init__(self, params: RefiningParams, generator: torch.Generator) -> None:
        super().__init__()
        self.limit = params.limit
        bound = 1 / math.sqrt(FEATURES)
        start = torch.rand(params.hidden, FEATURES + 1, generator=generator) * 2 * bound - bound
        self.hidden = nn.Parameter(start[:, :-1].clone())
        self.hidden_offset = nn.Parameter(start[:, -1].clone())
        self.out = nn.Parameter(torch.zeros(params.hidden))
        self.out_offset = nn.Parameter(torch.zeros(()))
        self.level = nn.Parameter(torch.zeros(()))

    def forward(self, scaled: Tensor) -> Tensor:
        inner = functional.silu(scaled @ self.hidden.T + self.hidden_offset)
        raw = inner @ self.out + self.out_offset
        return self.limit * torch.tanh(raw / self.limit)

    def refinement(self, middle: Floats, spread: Floats) -> Refinement:
        def row(values: ArrayLike) -> tuple[float, ...]:
            return tuple(float(f"{v:.{_DIGITS}g}") for v in np.asarray(values).tolist())

        plain = {n: p.detach().double().numpy() for n, p in self.named_parameters()}
        return Refinement(
            middle=row(middle),
            spread=row(spread),
            hidden=tuple(row(r) for r in plain["hidden"]),
            hidden_offset=row(plain["hidden_offset"]),
            out=row(plain["out"]),
            out_offset=float(plain["out_offset"]),
            limit=self.limit,
        )


def _train(
    network: _Network,
    known: list[Batches],
    graded: Batches | None,
    params: RefiningParams,
    generator: torch.Generator,
) -> None:
    if graded is not None:
        network.level.data = -graded[1].median()
    layer = [network.hidden, network.hidden_offset, network.out, network.out_offset]
    optimiser = torch.optim.AdamW(
        [
            {"params": layer, "weight_decay": params.weight_decay},
            {"params": [network.level], "weight_decay": 0.0},
        ],
        lr=_RATE,
    )
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, params.steps)
    for _ in range(params.steps):
        off = torch.cat([_batch_error(network, part, params.noise, generator) for part in known])
        loss = _huber(off, params.tolerance)
        if graded is not None:
            off = _batch_error(network, graded, params.noise, generator)
            graded_loss = _huber(off - network.level, params.graded_tolerance)
            loss = loss + params.graded_weight * graded_loss
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        decay.step()


def _batch_error(
    network: _Network, data: Batches, noise: float, generator: torch.Generator
) -> Tensor:
    """Correction minus what it should be, of galaxies drawn at random."""
    features, wanted, size = data
    rows = torch.randint(len(wanted), (size,), generator=generator)
    added = noise * torch.randn(size, FEATURES, generator=generator)
    found: Tensor = network(features[rows] + added)
    return found - wanted[rows]


def _huber(off: Tensor, tolerance: float) -> Tensor:
    return functional.huber_loss(off, torch.zeros_like(off), delta=tolerance) / tolerance
