"""Examples straight from the shards, by Ray Data: nothing but a shuffle buffer is in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import ray
import torch

from actors.canvas_source import CanvasSource
from actors.canvases import ExamplePlan, ShardScan, shapes
from catalogues.rows import one_array
from models.examples import Batch, Examples
from models.team import ALONE, Team

_BLOCK_BYTES = 32 * 2**20
_READ_CPUS = 0.5


@dataclass(frozen=True, kw_only=True)
class CanvasStream:
    """A Source (models.examples) of one part of many shards, decoded anew in every pass.

    scans: shards with the galaxies that they hold. buffer: galaxies among which the order is
    shuffled, besides the shards' own order; 10^4 canvases of 144 px take 0.6 GB. The processes of a
    team divide the shards; one whose shards hold fewer galaxies than its share begins them again.
    """

    scans: Sequence[ShardScan]
    plan: ExamplePlan
    part: str
    buffer: int = 4096

    def __len__(self) -> int:
        return sum(scan.counts[self.part] for scan in self.scans)

    def shuffled(
        self, size: int, rng: np.random.Generator, device: torch.device, team: Team = ALONE
    ) -> Iterator[Batch]:
        """Shards in random order, galaxies shuffled in the buffer. Raises ValueError where there
        are fewer shards than processes, or a process's shards do not fill one batch."""
        order = rng.permutation([i for i, s in enumerate(self.scans) if s.counts[self.part]])
        seed = int(rng.integers(2**31)) + team.rank
        mine = [self.scans[i] for i in order[team.rank :: team.size]]
        steps, share = max(1, len(self) // size), max(1, size // team.size)
        if sum(scan.counts[self.part] for scan in mine) < share:
            raise ValueError(
                f"process {team.rank} of {team.size} has {len(mine)} shards, which do not fill a "
                f"batch of {share} galaxies: cut the shards smaller (`ansae ingest "
                "--rows-per-shard`) or take fewer --workers-per-member"
            )
        passes = (b for _ in range(steps) for b in self._batches(mine, share, seed))
        for examples in islice(passes, steps):
            yield examples.batch(np.arange(len(examples)), device)

    def ordered(self, size: int, device: torch.device, team: Team = ALONE) -> Iterator[Batch]:
        """The shards in their order; a team's processes take turns."""
        for examples in self._batches(self.scans[team.rank :: team.size], size, None):
            yield examples.batch(np.arange(len(examples)), device)

    def _batches(
        self, scans: Sequence[ShardScan], size: int, seed: int | None
    ) -> Iterator[Examples]:
        full = [scan for scan in scans if scan.counts[self.part]]
        if not full:
            return
        dataset = ray.data.read_datasource(
            CanvasSource(full, self.plan, self.part),
            num_cpus=_READ_CPUS,
            override_num_blocks=len(full),
        )
        options = dataset.context.execution_options
        options.preserve_order = True  # so that a training can be repeated
        dataset.context.target_max_block_size = _BLOCK_BYTES
        dataset.context.enable_progress_bars = False
        shuffle: dict[str, Any] = {}
        if seed is not None:
            shuffle = {"local_shuffle_buffer_size": self.buffer, "local_shuffle_seed": seed}
        for batch in dataset.iter_batches(
            batch_size=size, batch_format="pyarrow", drop_last=seed is not None, **shuffle
        ):
            yield _examples(batch, self.plan)


def _examples(batch: pa.Table, plan: ExamplePlan) -> Examples:
    arrays = {
        name: one_array(batch.column(name)).flatten().to_numpy(zero_copy_only=False).reshape(shape)
        for name, shape in shapes(len(batch), plan).items()
    }
    return Examples(**arrays)
