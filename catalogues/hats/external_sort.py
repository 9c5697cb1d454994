"""Sort rows by sky position when they do not fit into memory: write sorted pieces, read slices.

A piece is an Arrow file of small batches. To read a slice of the sky, only the batches that overlap
it are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.ipc
from numpy.typing import NDArray

from catalogues import storage
from catalogues.hats.rows import INDEX, SKY_ORDER
from catalogues.storage import FileSystem

_BATCH_ROWS = 2048


@dataclass(frozen=True, kw_only=True)
class SortedRun:
    """A written piece. `firsts`: first `_healpix_29` of every batch. `last`: its last one."""

    path: str
    firsts: NDArray[np.int64]
    last: int


def write_run(fs: FileSystem, path: str, table: pa.Table) -> SortedRun:
    """Write one or more rows that are sorted by `_healpix_29`. Raises StorageError."""
    write_batches(fs, path, table.combine_chunks().to_batches(max_chunksize=_BATCH_ROWS))
    places = table.column(INDEX).to_numpy()
    return SortedRun(path=path, firsts=places[::_BATCH_ROWS].copy(), last=int(places[-1]))


def read_slice(fs: FileSystem, runs: Sequence[SortedRun], start: int, end: int) -> pa.Table:
    """Read the rows with start <= `_healpix_29` < end from all pieces, in SKY_ORDER.

    Raises StorageError.
    """
    found = []
    for run in runs:
        if run.last < start or run.firsts[0] >= end:
            continue
        first = max(int(np.searchsorted(run.firsts, start, "left")) - 1, 0)
        numbers = range(first, int(np.searchsorted(run.firsts, end, "left")))
        for batch in read_batches(fs, run.path, numbers):
            places = batch.column(INDEX).to_numpy()
            low, high = np.searchsorted(places, [start, end], "left")
            if high > low:  # copy, because a slice would keep its whole batch in memory
                found.append(batch.take(pa.array(np.arange(low, high))))
    return pa.Table.from_batches(found).combine_chunks().sort_by(SKY_ORDER)


def write_batches(fs: FileSystem, path: str, batches: Sequence[pa.RecordBatch]) -> None:
    """Write an Arrow file whose batches can be read one by one. Raises StorageError."""
    options = pa.ipc.IpcWriteOptions(compression="lz4")

    def write(file: BinaryIO) -> None:
        with pa.ipc.new_file(file, batches[0].schema, options=options) as writer:
            for batch in batches:
                writer.write_batch(batch)

    storage.write_whole(fs, path, write)


def read_batches(
    fs: FileSystem, path: str, numbers: Iterable[int] | None = None
) -> Iterator[pa.RecordBatch]:
    """Iterate over some or all batches of an Arrow file, reading one at a time.

    Raises StorageError.
    """
    with storage.open_random(fs, path) as file, storage.explained("read", path):
        reader = pa.ipc.open_file(file)
        for number in range(reader.num_record_batches) if numbers is None else numbers:
            yield reader.get_batch(number)
