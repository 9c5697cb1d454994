"""Publishing a catalogue, task by task: files -> sorted pieces -> partitions -> margins.

Every task reads and writes storage and returns a receipt of a few kilobytes; none holds more than
a piece, or a partition with a batch of every piece.
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
"""Folder of the output for what lies between the tasks."""


@dataclass(frozen=True, kw_only=True)
class Publication:
    """Where everything lies. `catalogue`: the run's folder of files; `schema`: of those; `output`:
    of the publication; `storage`: how both are reached."""

    catalogue: str
    schema: pa.Schema
    output: str
    storage: StorageOptions

    def place(self, *names: str) -> Place:
        """The output's filesystem, and the path of `names` below it."""
        place = storage.filesystem(self.output, self.storage)
        return Place(place.fs, place.path(*names))


@dataclass(frozen=True, kw_only=True)
class Sorted:
    """Receipt of a piece. `run`: None where no row has a place; `apart`: a file of the rows that
    have none; `pixels`, `counts`: of sky_partitions.count_pixels."""

    run: SortedRun | None
    rows: int
    apart: str | None
    apart_rows: int
    identified_rows: int
    pixels: NDArray[np.int64]
    counts: NDArray[np.int64]
    widths: Widths


def sort_files(item: tuple[int, Sequence[str]], publication: Publication) -> Sorted:
    """Sort the rows of some of the catalogue's files into a numbered piece.

    Raises StorageError, and ValueError where a file's columns are not the first one's.
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
                f"{storage.redact(path)!r} is not a readable Parquet file ({error}): finish the "
                "run with the same `ansae measure` command"
            ) from error
    if table.schema.names != schema.names or table.schema.types != schema.types:
        raise ValueError(
            f"{storage.redact(path)!r} has other columns than the catalogue's first file: all must "
            "be of one run"
        )
    return table.cast(schema)


@dataclass(frozen=True, kw_only=True)
class Slices:
    """What the partitions are made of. `schema`: published; `folder`: of the catalogue; `margin`:
    order of the pixels by which margins are told (sky_partitions.margin_order), None for none."""

    runs: Sequence[SortedRun]
    partitions: Partitions
    schema: pa.Schema
    folder: str
    margin: int | None = None


@dataclass(frozen=True, kw_only=True)
class Written:
    """Receipt of a partition. `beside`: rows of it in the margins of others, by partition: the
    number of the batch in `margin_path` that holds them."""

    leaf: Leaf
    margin_path: str = ""
    beside: Mapping[int, int] = field(default_factory=dict)


def write_partition(number: int, publication: Publication, slices: Slices) -> Written:
    """Write a partition's file, and beside it, for `write_margin`, its rows in the margins of
    others. Raises StorageError."""
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
    """Write the margin of a partition. `item`: its number, and (path, batch) of every partition
    that has rows in it; `slices`: `folder` is the margin cache's. Raises StorageError."""
    number, sources = item
    parts = slices.partitions
    fs, folder = publication.place(slices.folder)
    found = [batch for path, n in sources for batch in read_batches(fs, path, [n])]
    table = pa.Table.from_batches(found).sort_by(SKY_ORDER).cast(slices.schema)
    return write_leaf(fs, folder, int(parts.orders[number]), int(parts.pixels[number]), table)
