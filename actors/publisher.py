"""Ray tasks of `ansae publish`: catalogue files -> sorted runs -> partitions -> margins.

Each task reads and writes storage and returns a receipt of a few kilobytes. No task holds more than
one sorted run, or one partition and a batch of every run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from catalogues import storage
from catalogues.hats.collection import Leaf, write_leaf
from catalogues.hats.external_sort import (
    SortedRun,
    read_batches,
    read_slice,
    write_batches,
    write_run,
)
from catalogues.hats.partitions import Partitions, count_pixels, margin_pairs
from catalogues.hats.rows import INDEX, SKY_ORDER, Widths, published_rows
from catalogues.storage import FileSystem, Place, StorageError, StorageOptions

WORK = ".publishing"
"""Folder of the output for intermediate files."""


@dataclass(frozen=True, kw_only=True)
class Publication:
    """Where a publication is read from and written to.

    Attributes
    ----------
    catalogue
        Folder of the run's catalogue files.
    schema
        Schema of these files.
    output
        Folder of the publication.
    storage
        How both folders are reached.
    """

    catalogue: str
    schema: pa.Schema
    output: str
    storage: StorageOptions

    def place(self, *names: str) -> Place:
        """Return the output's filesystem and the path of `names` below the output."""
        place = storage.filesystem(self.output, self.storage)
        return Place(place.fs, place.path(*names))


@dataclass(frozen=True, kw_only=True)
class Sorted:
    """Receipt of `sort_files`.

    Attributes
    ----------
    run
        The sorted run on disk; None if no row has coordinates.
    rows
        Number of rows with coordinates.
    apart
        File of the rows without coordinates; None if there are none.
    apart_rows
        Number of rows without coordinates.
    identified_rows
        Number of rows without coordinates that have an object_id.
    pixels, counts
        Result of catalogues.hats.partitions.count_pixels.
    widths
        Largest widths of the text and list columns.
    """

    run: SortedRun | None
    rows: int
    apart: str | None
    apart_rows: int
    identified_rows: int
    pixels: NDArray[np.int64]
    counts: NDArray[np.int64]
    widths: Widths


def sort_files(item: tuple[int, Sequence[str]], publication: Publication) -> Sorted:
    """Sort the rows of some catalogue files by their place on the sky into a numbered run.

    Raises StorageError, and ValueError if a file has other columns than the first file.
    """
    number, paths = item
    fs, _ = storage.filesystem(publication.catalogue, publication.storage)
    rows = pa.concat_tables([_read(fs, path, publication.schema) for path in paths])
    placed, apart = published_rows(rows)
    run = path = None
    if len(placed):
        run = write_run(*publication.place(WORK, f"run-{number:05d}.arrow"), placed)
    if len(apart):
        out_fs, path = publication.place(WORK, f"apart-{number:05d}.arrow")
        write_batches(out_fs, path, apart.combine_chunks().to_batches())
    pixels, counts = count_pixels(placed.column(INDEX).to_numpy())
    return Sorted(
        run=run,
        rows=len(placed),
        apart=path,
        apart_rows=len(apart),
        identified_rows=len(apart) - apart.column("object_id").null_count,
        pixels=pixels,
        counts=counts,
        widths=Widths.widest([Widths.of(placed), Widths.of(apart)]),
    )


def _read(fs: FileSystem, path: str, schema: pa.Schema) -> pa.Table:
    with storage.open_random(fs, path) as file, storage.explained("read", path):
        try:
            table = pq.ParquetFile(file).read()
        except pa.ArrowInvalid as error:
            raise StorageError(
                f"{storage.redact(path)!r} is not a readable Parquet file ({error}): run the same "
                "`ansae measure` command again to write it"
            ) from error
    if table.schema.names != schema.names or table.schema.types != schema.types:
        raise ValueError(
            f"{storage.redact(path)!r} has other columns than the catalogue's first file: all "
            "files must be from one run; remove those of other runs"
        )
    return table.cast(schema)


@dataclass(frozen=True, kw_only=True)
class Slices:
    """What the partitions are made from.

    Attributes
    ----------
    runs
        The sorted runs.
    partitions
        Pixels of the partitions, and their ranges of the sorted rows.
    schema
        Published schema.
    folder
        Folder of the published catalogue, or of its margin cache, below the output.
    margin
        HEALPix order of the pixels that define margins (catalogues.hats.partitions.margin_order);
        None for no margins.
    """

    runs: Sequence[SortedRun]
    partitions: Partitions
    schema: pa.Schema
    folder: str
    margin: int | None = None


@dataclass(frozen=True, kw_only=True)
class Written:
    """Receipt of a partition.

    `margin_path` is a file with the rows of this partition that lie in the margins of other
    partitions. `beside` maps the number of such a partition to the number of its batch in the file.
    """

    leaf: Leaf
    margin_path: str = ""
    beside: Mapping[int, int] = field(default_factory=dict)


def write_partition(number: int, publication: Publication, slices: Slices) -> Written:
    """Write a partition's file and, for `write_margin`, its rows in the margins of others.

    Raises StorageError.
    """
    parts = slices.partitions
    fs, folder = publication.place(slices.folder)
    start, end = int(parts.starts[number]), int(parts.ends[number])
    table = read_slice(fs, slices.runs, start, end).cast(slices.schema)
    leaf = write_leaf(fs, folder, int(parts.orders[number]), int(parts.pixels[number]), table)
    if slices.margin is None:
        return Written(leaf=leaf)
    rows, target = margin_pairs(table.column(INDEX).to_numpy(), number, parts, slices.margin)
    others = np.unique(target)
    batches = [
        table.take(pa.array(rows[target == other])).combine_chunks().to_batches()[0]
        for other in others
    ]
    fs, path = publication.place(WORK, f"margin-{number:05d}.arrow")
    if batches:
        write_batches(fs, path, batches)
    beside = {int(other): batch for batch, other in enumerate(others)}
    return Written(leaf=leaf, margin_path=path, beside=beside)


def write_margin(
    item: tuple[int, Sequence[tuple[str, int]]], publication: Publication, slices: Slices
) -> Leaf:
    """Write the margin of a partition. Raises StorageError.

    `item` is the partition's number and the (path, batch) of each partition that has rows in its
    margin. `slices.folder` is the folder of the margin cache.
    """
    number, sources = item
    parts = slices.partitions
    fs, folder = publication.place(slices.folder)
    found = [batch for path, n in sources for batch in read_batches(fs, path, [n])]
    table = pa.Table.from_batches(found).sort_by(SKY_ORDER).cast(slices.schema)
    return write_leaf(fs, folder, int(parts.orders[number]), int(parts.pixels[number]), table)
