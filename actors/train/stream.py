"""Stream training examples from shards by Ray Data; memory holds only a shuffle buffer.

`CanvasSource` is the Ray Data source; its readers need no torch. `CanvasStream` makes batches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import ray
import torch
from numpy.typing import NDArray
from ray.data import Datasource, ReadTask
from ray.data.block import BlockMetadata

from actors.train.examples import ExamplePlan, ShardScan, part_examples, shapes, stacked
from catalogues.columns import one_array
from models.training.examples import Batch, Examples
from models.training.process_group import ALONE, ProcessGroup


class CanvasSource(Datasource):  # type: ignore[misc]  # Ray is not typed
    """Ray Data source of canvases with answers: one read task per shard, which also decodes."""

    def __init__(self, scans: Sequence[ShardScan], plan: ExamplePlan, part: str) -> None:
        super().__init__()
        self._scans, self._plan, self._part = scans, plan, part

    def get_name(self) -> str:
        """Return the name of the source in Ray's progress and logs."""
        return "Canvases"

    def estimate_inmemory_data_size(self) -> int | None:
        """Return the bytes of all canvases."""
        return sum(scan.counts[self._part] for scan in self._scans) * self._bytes_each

    @property
    def _bytes_each(self) -> int:
        return 3 * self._plan.field.canvas_px**2

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, data_context: Any = None
    ) -> list[ReadTask]:
        """Return one task per shard, whatever `parallelism` is."""
        return [self._task(scan, per_task_row_limit) for scan in self._scans]

    def _task(self, scan: ShardScan, limit: int | None) -> ReadTask:
        rows = scan.counts[self._part]
        metadata = BlockMetadata(
            num_rows=rows, size_bytes=rows * self._bytes_each, exec_stats=None,
            input_files=[scan.shard.path],
        )  # fmt: skip
        plan, part = self._plan, self._part

        def read() -> Iterator[pa.Table]:
            for some in part_examples(scan, plan, part):
                if some:
                    yield _table(stacked(some, plan))

        return ReadTask(read, metadata, per_task_row_limit=limit)


def _table(arrays: dict[str, NDArray[Any]]) -> pa.Table:
    """Return arrays (N, ...) as columns of flat fixed-size lists, which every Arrow can read."""
    columns = {}
    for name, array in arrays.items():
        flat = pa.array(np.ascontiguousarray(array).reshape(-1))
        columns[name] = pa.FixedSizeListArray.from_arrays(flat, max(1, array[0].size))
    return pa.table(columns)


_BLOCK_BYTES = 32 * 2**20
_READ_CPUS = 0.5


@dataclass(frozen=True, kw_only=True)
class CanvasStream:
    """ExampleSource (models.training.examples) of one part of many shards; decodes in every pass.

    The processes of a process group divide the shards. A process whose shards hold fewer galaxies
    than its share starts them again.

    Attributes
    ----------
    scans
        Shards, with the number of galaxies that they hold.
    plan
        How rows become examples.
    part
        "train" or "validation".
    buffer
        Number of galaxies that are shuffled among each other, in addition to the order of the
        shards. 10^4 canvases of 144 px take 0.6 GB.
    """

    scans: Sequence[ShardScan]
    plan: ExamplePlan
    part: str
    buffer: int = 4096

    def __len__(self) -> int:
        return sum(scan.counts[self.part] for scan in self.scans)

    def shuffled(
        self, size: int, rng: np.random.Generator, device: torch.device, group: ProcessGroup = ALONE
    ) -> Iterator[Batch]:
        """Yield batches: shards in random order, galaxies shuffled in the buffer.

        Raises ValueError if there are fewer shards than processes, or if the shards of a process do
        not fill one batch.
        """
        order = rng.permutation([i for i, s in enumerate(self.scans) if s.counts[self.part]])
        seed = int(rng.integers(2**31)) + group.rank
        mine = [self.scans[i] for i in order[group.rank :: group.size]]
        steps, share = max(1, len(self) // size), max(1, size // group.size)
        if sum(scan.counts[self.part] for scan in mine) < share:
            raise ValueError(
                f"process {group.rank} of {group.size} has {len(mine)} shards, which do not fill a "
                f"batch of {share} galaxies: make smaller shards (`ansae ingest "
                "--rows-per-shard`) or give fewer --workers-per-member"
            )
        passes = (b for _ in range(steps) for b in self._batches(mine, share, seed))
        for examples in islice(passes, steps):
            yield examples.batch(np.arange(len(examples)), device)

    def ordered(
        self, size: int, device: torch.device, group: ProcessGroup = ALONE
    ) -> Iterator[Batch]:
        """Yield batches of the shards in their order; the processes of a group take turns."""
        for examples in self._batches(self.scans[group.rank :: group.size], size, None):
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
        options.preserve_order = True  # makes a training reproducible
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
