"""Shards with answers as a Ray Data source of canvases; its readers need no torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from ray.data import Datasource, ReadTask
from ray.data.block import BlockMetadata

from actors.canvases import ExamplePlan, ShardScan, part_examples, stacked


class CanvasSource(Datasource):
    """One read task per shard, which decodes."""

    def __init__(self, scans: Sequence[ShardScan], plan: ExamplePlan, part: str) -> None:
        super().__init__()
        self._scans, self._plan, self._part = scans, plan, part

    def get_name(self) -> str:
        """What Ray calls the reading."""
        return "Canvases"

    def estimate_inmemory_data_size(self) -> int | None:
        """Bytes of the canvases."""
        return sum(scan.counts[self._part] for scan in self._scans) * self._bytes_each

    @property
    def _bytes_each(self) -> int:
        return 3 * self._plan.field.canvas_px**2

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, data_context: Any = None
    ) -> list[ReadTask]:
        """One task per shard, whatever parallelism is asked for."""
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
    """Arrays (N, ...) as columns of flat fixed-size lists: plain Arrow, any version reads it."""
    columns = {}
    for name, array in arrays.items():
        flat = pa.array(np.ascontiguousarray(array).reshape(-1))
        columns[name] = pa.FixedSizeListArray.from_arrays(flat, max(1, array[0].size))
    return pa.table(columns)
