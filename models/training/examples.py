"""Serve training examples in batches: canvases with known answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.networks.ensemble import normalise
from models.training.process_group import ALONE, ProcessGroup

Batch = tuple[Tensor, Tensor]
"""Normalised canvases (B, 3, S, S) and answers (B, 37), or (B, 1) for a control; NaN: unknown."""


class ExampleSource(Protocol):
    """Examples in batches, from any storage. Every process of a group gets its share."""

    def __len__(self) -> int:
        """Return the number of all examples, not of one process's share."""

    def shuffled(
        self, size: int, rng: np.random.Generator, device: torch.device, group: ProcessGroup = ALONE
    ) -> Iterator[Batch]:
        """Yield one pass in an order drawn from `rng`.

        It has len // size batches (at least one), each of `size` examples over the whole group.
        """

    def ordered(
        self, size: int, device: torch.device, group: ProcessGroup = ALONE
    ) -> Iterator[Batch]:
        """Yield every example once over the whole group, in batches of at most `size`."""


@dataclass(frozen=True)
class Examples:
    """An ExampleSource of arrays: pixels (N, S, S, 3) uint8, sky (N, 3), scale (N,), votes (N, 37).

    Votes are cumulative fractions, NaN where unknown. For a control they are (N, 1): bar lengths in
    galaxy radii. Arrays may be memory maps: only the rows of a batch are read.
    """

    pixels: NDArray[np.uint8]
    sky: NDArray[np.float32]
    scale: NDArray[np.float32]
    votes: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.pixels)

    def batch(self, rows: NDArray[np.int64], device: torch.device) -> Batch:
        """Return normalised canvases (B, 3, S, S) and votes (B, 37) on `device`."""
        images = normalise(
            torch.from_numpy(self.pixels[rows]).to(device),
            torch.from_numpy(self.sky[rows]).to(device),
            torch.from_numpy(self.scale[rows]).to(device),
        )
        return images, torch.from_numpy(self.votes[rows]).to(device)

    def shuffled(
        self, size: int, rng: np.random.Generator, device: torch.device, group: ProcessGroup = ALONE
    ) -> Iterator[Batch]:
        """Yield batches of a random permutation; an incomplete last batch is left out."""
        order = rng.permutation(len(self))
        for step in range(max(1, len(order) // size)):
            rows = order[step * size : (step + 1) * size]
            yield self.batch(rows[group.rank :: group.size], device)

    def ordered(
        self, size: int, device: torch.device, group: ProcessGroup = ALONE
    ) -> Iterator[Batch]:
        """Yield batches in stored order; the group's processes take turns."""
        for start in range(group.rank * size, len(self), group.size * size):
            yield self.batch(np.arange(start, min(start + size, len(self))), device)
