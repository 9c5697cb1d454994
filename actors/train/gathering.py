"""Scan many shards and write their training examples to disk, by a few Ray tasks at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import ray

from actors.train.examples import (
    PARTS,
    ExamplePlan,
    ShardScan,
    kind_of,
    scan_shard,
    shapes,
    shard_examples,
)
from catalogues.shards.reading import Shard

Item = TypeVar("Item")


def bounded(work: Callable[..., Any], items: Sequence[Item], most: int, *constant: Any) -> Iterator[tuple[Item, Any]]:  # noqa: E501  # fmt: skip
    """Yield (item, work(item, *constant)) as the results come; each is computed by a Ray task.

    At most `most` tasks run at once. Raises what a task raises.
    """
    task, running, waiting = ray.remote(work), {}, iter(items)
    while True:
        for item in waiting:
            running[task.remote(item, *constant)] = item
            if len(running) >= most:
                break
        if not running:
            return
        (ready,), _ = ray.wait(list(running), num_returns=1)
        try:
            result = ray.get(ready)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None
        yield running.pop(ready), result
        del ready, result


def scan_item(item: tuple[int, tuple[str, Shard]], plan: ExamplePlan) -> ShardScan:
    """Run `scan_shard` on a numbered shard and its address, for `bounded`."""
    return scan_shard(*item[1], plan)


def gather_examples(folder: Path, scans: Sequence[ShardScan], plan: ExamplePlan, most: int) -> Iterator[ShardScan]:  # noqa: E501  # fmt: skip
    """Write all examples to <part>_<name>.npy below `folder`, in the shards' order.

    Yields each shard when it is done. At most `most` shards are in memory.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        (part, name): np.lib.format.open_memmap(
            folder / f"{part}_{name}.npy", mode="w+", dtype=kind_of(name), shape=shape
        )
        for part in PARTS
        for name, shape in shapes(sum(s.counts[part] for s in scans), plan).items()
    }
    first: dict[tuple[int, str], int] = {}
    for part in PARTS:
        ends = np.cumsum([0, *(s.counts[part] for s in scans)]).tolist()
        first |= {(id(scan), part): start for scan, start in zip(scans, ends, strict=False)}
    for scan, arrays in bounded(shard_examples, scans, most, plan):
        for (part, name), file in files.items():
            start = first[id(scan), part]
            file[start : start + scan.counts[part]] = arrays[part][name]
        yield scan
    for file in files.values():
        file.flush()
