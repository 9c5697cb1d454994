"""Train a refinement (models.barlength.refinement) on galaxies with known or graded bars.

Known lengths (mock galaxies, bars laid into real galaxies) give the correction itself. So do
lengths that people measured on real galaxies; if the pixel scale of a group of images is uncertain,
they give it up to one constant for the group. Experts' grades give only how long a bar is relative
to other bars: the loss pulls ln(length) to a + s(grade), with one constant a for all of them.
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
"""Scaled features (N, FEATURES), wanted corrections (N,), number of galaxies in a batch."""

_SPREAD_MIN = 1e-4
_RATE = 3e-3
_DIGITS = 6


@dataclass(frozen=True, kw_only=True)
class RefiningParams:
    """How a refinement is trained.

    Attributes
    ----------
    hidden
        Width of the hidden layer.
    limit
        Refinement.limit.
    steps
        Steps of AdamW at 3e-3, annealed by a cosine.
    batch, graded_batch, measured_batch
        Known, graded and measured bars per step.
    noise
        Noise added to the features, in units of their spreads, so that the network does not depend
        on single features.
    weight_decay
        Weight decay of the layer.
    tolerance, graded_tolerance, measured_tolerance
        Errors of ln(length) beyond which the loss is linear (Huber), for known, graded and measured
        bars.
    graded_weight, measured_weight
        Weights of the losses of graded and of measured bars; that of the known bars is 1.
    further_share
        Share of a batch for further bars, if there are any.
    seed
        Seed of the initial weights, batches and noise.
    """

    hidden: int = 16
    limit: float = 0.35
    steps: int = 3000
    batch: int = 256
    graded_batch: int = 64
    measured_batch: int = 128
    noise: float = 0.5
    weight_decay: float = 0.05
    tolerance: float = 0.03
    graded_tolerance: float = 0.15
    measured_tolerance: float = 0.1
    graded_weight: float = 0.4
    measured_weight: float = 1.0
    further_share: float = 0.25
    seed: int = 0


@dataclass(frozen=True)
class Lessons:
    """Known bars: features (N, FEATURES) and ln(true / first length) (N,)."""

    features: Floats
    target: Floats


@dataclass(frozen=True)
class Graded:
    """Graded bars.

    features: (N, FEATURES). first: ln of the first lengths, (N,), in sides of the map. expected: ln
    of the lengths that the grades stand for, (N,), up to one common constant.
    """

    features: Floats
    first: Floats
    expected: Floats


@dataclass(frozen=True)
class Measured:
    """Real bars whose lengths people measured.

    features: (N, FEATURES). target: ln(measured / first length), (N,). group: (N,) int, the set of
    images that shares one unknown factor of scale; -1 where the scale is known.
    """

    features: Floats
    target: Floats
    group: NDArray[np.int64]


def expected_of_grade(grade: ArrayLike) -> Floats:
    """Return ln of the relative length of an EFIGI grade (0.25 to 1), up to a constant.

    Lengths are proportional to grade + 1/4, that is 2 : 3 : 4 : 5. This is a convention, not a
    measurement.
    """
    return np.asarray(np.log((np.asarray(grade, dtype=np.float64) + 0.25) / 0.75))


def fit_refinement(
    known: Lessons,
    further: Lessons | None = None,
    graded: Graded | None = None,
    params: RefiningParams | None = None,
    measured: Measured | None = None,
) -> Refinement:
    """Train a refinement on known bars, further ones (of another sky), graded and measured ones.

    Its `scale` is the median of the known bars' true over first lengths. The same arguments give
    the same refinement on the same machine.
    """
    params = params or RefiningParams()
    start = float(np.median(known.target))
    middle = np.median(known.features, axis=0)
    low, high = np.percentile(known.features, (16, 84), axis=0)
    spread = (high - low) / 2 + _SPREAD_MIN
    generator = torch.Generator().manual_seed(params.seed)
    groups = 0 if measured is None else int(measured.group.max(initial=-1)) + 1
    network = _Network(params, groups, generator)
    share = params.further_share if further is not None and len(further.target) else 0.0
    count = round(share * params.batch)
    parts = [(known, params.batch - count)]
    if further is not None and count:
        parts.append((further, count))
    batches = [
        (_scaled(part.features, middle, spread), _tensor(part.target - start), size)
        for part, size in parts
    ]
    experts = _graded(graded, middle, spread, params.graded_batch)
    people = None
    if measured is not None and len(measured.target):
        features = _scaled(measured.features, middle, spread)
        group = torch.from_numpy(measured.group)
        people = (features, _tensor(measured.target - start), group)
    _train(network, batches, experts, people, params, generator)
    return network.refinement(middle, spread, math.exp(start))


def _tensor(values: Floats) -> Tensor:
    return torch.from_numpy(np.asarray(values, dtype=np.float32))


def _scaled(features: Floats, middle: Floats, spread: Floats) -> Tensor:
    return _tensor(((features - middle) / spread).clip(-CLIP, CLIP))


def _graded(graded: Graded | None, middle: Floats, spread: Floats, size: int) -> Batches | None:
    """Return the data of graded bars; their wanted corrections are known up to a constant."""
    if graded is None or not len(graded.first):
        return None
    wanted = graded.expected - graded.first
    return _scaled(graded.features, middle, spread), _tensor(wanted), size


class _Network(nn.Module):
    """The network of Refinement.log_factor, for training.

    `level`: the graded bars' constant. `levels`: those of the groups of measured bars.
    """

    def __init__(self, params: RefiningParams, groups: int, generator: torch.Generator) -> None:
        super().__init__()
        self.limit = params.limit
        bound = 1 / math.sqrt(FEATURES)
        start = torch.rand(params.hidden, FEATURES + 1, generator=generator) * 2 * bound - bound
        self.hidden = nn.Parameter(start[:, :-1].clone())
        self.hidden_offset = nn.Parameter(start[:, -1].clone())
        self.out = nn.Parameter(torch.zeros(params.hidden))
        self.out_offset = nn.Parameter(torch.zeros(()))
        self.level = nn.Parameter(torch.zeros(()))
        self.levels = nn.Parameter(torch.zeros(groups))

    def forward(self, scaled: Tensor) -> Tensor:
        inner = functional.silu(scaled @ self.hidden.T + self.hidden_offset)
        raw = inner @ self.out + self.out_offset
        return self.limit * torch.tanh(raw / self.limit)

    def refinement(self, middle: Floats, spread: Floats, scale: float) -> Refinement:
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
            scale=scale,
        )


def _train(
    network: _Network,
    known: list[Batches],
    graded: Batches | None,
    measured: tuple[Tensor, Tensor, Tensor] | None,
    params: RefiningParams,
    generator: torch.Generator,
) -> None:
    if graded is not None:
        network.level.data = -graded[1].median()
    if measured is not None:
        for group in range(len(network.levels)):
            mine = measured[1][measured[2] == group]
            network.levels.data[group] = -mine.median() if len(mine) else 0.0
    layer = [network.hidden, network.hidden_offset, network.out, network.out_offset]
    optimiser = torch.optim.AdamW(
        [
            {"params": layer, "weight_decay": params.weight_decay},
            {"params": [network.level, network.levels], "weight_decay": 0.0},
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
        if measured is not None:
            off = _measured_error(network, measured, params, generator)
            loss = loss + params.measured_weight * _huber(off, params.measured_tolerance)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        decay.step()


def _batch_error(
    network: _Network, data: Batches, noise: float, generator: torch.Generator
) -> Tensor:
    """Return correction minus wanted correction, for galaxies drawn at random."""
    features, wanted, size = data
    rows = torch.randint(len(wanted), (size,), generator=generator)
    added = noise * torch.randn(size, FEATURES, generator=generator)
    found: Tensor = network(features[rows] + added)
    return found - wanted[rows]


def _measured_error(
    network: _Network,
    data: tuple[Tensor, Tensor, Tensor],
    params: RefiningParams,
    generator: torch.Generator,
) -> Tensor:
    """Return correction minus wanted correction minus the group's constant, of random bars."""
    features, wanted, group = data
    rows = torch.randint(len(wanted), (params.measured_batch,), generator=generator)
    added = params.noise * torch.randn(len(rows), FEATURES, generator=generator)
    levels = torch.cat([network.levels, network.levels.new_zeros(1)])  # -1: no constant
    found: Tensor = network(features[rows] + added)
    return found - wanted[rows] - levels[group[rows]]


def _huber(off: Tensor, tolerance: float) -> Tensor:
    return functional.huber_loss(off, torch.zeros_like(off), delta=tolerance) / tolerance
