"""Train classifiers with cross-validation over sources.

Every network is trained once for each fold, on the sources of all other folds. The recipe has a
fixed end, so that the fold used for scoring does not choose the epoch. Images are rotated by any
angle, mirrored, shifted and rescaled at random: a radio source has no preferred orientation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from models.networks.spec import MemberSpec
from models.training.examples import Batch
from models.training.params import AugmentParams, TrainParams
from models.training.process_group import ALONE, ProcessGroup
from models.view_params import FieldSpec, ViewParams

FLUX_VIEW = ViewParams(width=0.8, rotate=True, reflect=True)
"""The part of a flux cutout that networks see: its edges contain other sources."""

VIEWS = 16
"""Number of views whose probabilities are averaged."""

_ZOOM = 0.85
_FOLD = "-fold"


def class_members(
    specs: Sequence[MemberSpec], classes: int, folds: int, input_px: int | None = None
) -> tuple[MemberSpec, ...]:
    """Return one member for each fold of each network.

    The order is that of models.networks.spec.ClassSpec. input_px: side of the square that they see;
    None: the networks' own.
    """
    return tuple(
        replace(
            spec, name=f"{spec.name}{_FOLD}{fold}", head="classes", outputs=classes,
            input_px=input_px or spec.input_px,
        )
        for spec in specs
        for fold in range(folds)
    )  # fmt: skip


def network_name(member: str) -> str:
    """Return the name of the network that a member of `class_members` is a fold of."""
    return member.rpartition(_FOLD)[0] or member


def class_params(params: TrainParams, view: ViewParams) -> TrainParams:
    """Return a preset's recipe changed for classes: own epochs and rate, annealed to the end.

    It has no added noise, averaged weights or changes of colour: the background of a clipped image
    is exactly zero, and a network that was normalised on noise or on half-trained weights fails on
    it.
    """
    augment = AugmentParams(
        width_range=(_ZOOM * view.width, view.width / _ZOOM), shift=0.05, brightness=(0.8, 1.2),
        saturation=(1.0, 1.0), noise=0.0,
    )  # fmt: skip
    return replace(
        params, epochs=40, batch_size=32, learning_rate=3e-3, weight_decay=0.05,
        loss="cross_entropy", schedule="cosine_to_end", average=0.0, bar_weight=1.0,
        augment=augment, guide=None,
    )  # fmt: skip


def flux_field(side_px: int) -> FieldSpec:
    """Return the field whose canvas is the central square of stored pixels."""
    return FieldSpec(kind="frame", canvas_px=side_px)


@dataclass(frozen=True)
class ClassExamples:
    """An ExampleSource (models.training.examples) of images with classes.

    images: (N, C, S, S) float32, C = 1 or 3. labels: (N,), from 0 to `classes` - 1. rows: the
    examples to use. Arrays may be memory maps.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.int8]
    classes: int
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, which: NDArray[np.int64], device: torch.device) -> Batch:
        """Return canvases (B, 3, S, S) and shares (B, K) of the examples with numbers `which`."""
        rows = self.rows[which]
        images = torch.from_numpy(np.ascontiguousarray(self.images[rows])).to(device)
        shares = np.eye(self.classes, dtype=np.float32)[self.labels[rows]]
        return images.expand(-1, 3, -1, -1), torch.from_numpy(shares).to(device)

    def shuffled(
        self, size: int, rng: np.random.Generator, device: torch.device, group: ProcessGroup = ALONE
    ) -> Iterator[Batch]:
        """Yield batches of a random permutation; an incomplete last batch is left out."""
        order = rng.permutation(len(self))
        for step in range(max(1, len(order) // size)):
            which = order[step * size : (step + 1) * size]
            yield self.batch(which[group.rank :: group.size], device)

    def ordered(
        self, size: int, device: torch.device, group: ProcessGroup = ALONE
    ) -> Iterator[Batch]:
        """Yield batches in stored order; the group's processes take turns."""
        for start in range(group.rank * size, len(self), group.size * size):
            yield self.batch(np.arange(start, min(start + size, len(self))), device)
