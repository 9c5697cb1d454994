"""Steps of a publication: sort the rows, divide the sky, write partitions, margin and one file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from actors.publisher import (
    Publication,
    Slices,
    Sorted,
    Written,
    sort_files,
    write_margin,
    write_partition,
)
from catalogues import storage
from catalogues.hats.collection import (
    DATASET,
    ROW_GROUP_ROWS,
    Described,
    Leaf,
    leaf_name,
    write_catalogue,
)
from catalogues.hats.external_sort import read_batches
from catalogues.hats.flat import write_flat
from catalogues.hats.params import FlatKind
from catalogues.hats.partitions import COUNT_ORDER, divide, margin_order
from catalogues.hats.rows import PLACED, Widths, described, published_schema

APART = "without_position.parquet"
"""File of the output with the rows that have no identifier or no position."""

_NONE = np.zeros(0, np.int64)
_PIECE_BYTES = 32 * 2**20
_PIECE_FILES = 1000


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """Publishes one catalogue. Ray must be running.

    Attributes
    ----------
    publication
        Where the catalogue and the output are.
    name
        Name of the published catalogue.
    description
        Description of the catalogue.
    console
        Terminal for progress bars.
    most
        Maximum number of tasks at once.
    """

    publication: Publication
    name: str
    description: str
    console: Console
    most: int

    def sort(self, files: Sequence[tuple[str, int]]) -> Pieces:
        """Sort all rows, in pieces. `files` are (path, bytes)."""
        groups = list(enumerate(_groups(files)))
        counts = np.zeros(12 * 4**COUNT_ORDER, np.int64)
        found = {}
        for (number, _), piece in self._tasks(sort_files, groups, "sorting"):
            counts[piece.pixels] += piece.counts
            found[number] = replace(
                piece, pixels=_NONE, counts=_NONE
            )  # frees memory: these are often as long as the rows
        return Pieces(pieces=[found[number] for number, _ in groups], counts=counts)

    def write(self, pieces: Pieces, rows_max: int, margin_arcsec: float | None) -> WrittenLeaves:
        """Write the HATS catalogue and, if a margin is given, its margin cache."""
        slices = Slices(
            runs=[piece.run for piece in pieces.pieces if piece.run is not None],
            partitions=divide(pieces.counts, rows_max),
            schema=self._described(pieces, PLACED),
            folder=self.name,
            margin=None if margin_arcsec is None else margin_order(margin_arcsec),
        )
        numbers = range(len(slices.partitions))
        written = dict(self._tasks(write_partition, numbers, "writing partitions", slices))
        leaves = [written[number].leaf for number in numbers]
        about = Described(name=self.name, title=self.description)
        fs, root = self.publication.place(self.name)
        write_catalogue(fs, root, about, slices.schema, leaves)
        margin = None if margin_arcsec is None else self._margin(slices, written, margin_arcsec)
        return WrittenLeaves(leaves=leaves, margin=margin)

    def _margin(self, slices: Slices, written: dict[int, Written], arcsec: float) -> list[Leaf]:
        sources: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for number in sorted(written):
            for other, batch in written[number].beside.items():
                sources[other].append((written[number].margin_path, batch))
        name = margin_name(self.name, arcsec)
        slices = Slices(runs=(), partitions=slices.partitions, schema=slices.schema, folder=name)
        work = self._tasks(write_margin, list(sources.items()), "writing margins", slices)
        leaves = [leaf for _, leaf in work]
        about = Described(
            name=name, title=self.description, margin_of=self.name, margin_arcsec=arcsec
        )
        write_catalogue(*self.publication.place(name), about, slices.schema, leaves)
        return leaves

    def write_apart(self, pieces: Pieces) -> None:
        """Write the rows without identifier or position to one file."""
        schema = self._described(pieces, ())
        tables = self._apart(pieces)
        fs, path = self.publication.place(APART)
        rows = pieces.apart_rows
        write_flat(fs, path, "parquet", tables, schema=schema, rows=rows, widths=pieces.widths)

    def write_flat(self, pieces: Pieces, leaves: Sequence[Leaf], kind: FlatKind) -> str:
        """Write all rows with an identifier to one file; rows without a position come last.

        Returns the name of the file.
        """
        extra = pieces.identified_rows
        schema = self._described(pieces, PLACED[:1] if extra else PLACED)
        fs, path = self.publication.place(f"{self.name}.{kind}")

        def tables() -> Iterator[pa.Table]:
            yield from self._placed(leaves)
            if extra:
                for table in self._apart(pieces):
                    yield table.filter(pc.is_valid(table.column("object_id")))

        rows = pieces.rows + extra
        write_flat(fs, path, kind, tables(), schema=schema, rows=rows, widths=pieces.widths)
        return f"{self.name}.{kind}"

    def _placed(self, leaves: Sequence[Leaf]) -> Iterator[pa.Table]:
        """Yield the rows of the partitions in the order of the HEALPix pixels."""
        for leaf in sorted(leaves, key=lambda leaf: leaf.pixel << 2 * (COUNT_ORDER - leaf.order)):
            fs, path = self.publication.place(self.name, DATASET, leaf_name(leaf.order, leaf.pixel))
            with storage.open_random(fs, path) as file, storage.explained("read", path):
                for batch in pq.ParquetFile(file).iter_batches(ROW_GROUP_ROWS):
                    yield pa.Table.from_batches([batch])

    def _apart(self, pieces: Pieces) -> Iterator[pa.Table]:
        fs, _ = self.publication.place()
        for piece in pieces.pieces:
            if piece.apart is not None:
                for batch in read_batches(fs, piece.apart):
                    yield pa.Table.from_batches([batch])

    def _described(self, pieces: Pieces, whole: Sequence[str]) -> pa.Schema:
        schema = published_schema(self.publication.schema, whole)
        return described(schema, self.name, self.description, pieces.widths)

    def _tasks(
        self, work: Any, items: Sequence[Any], doing: str, *constant: Any
    ) -> Iterator[tuple[Any, Any]]:
        import ray

        from actors.train.gathering import bounded

        shared = [ray.put(value) for value in (self.publication, *constant)]
        results = bounded(work, items, self.most, *shared)
        return iter(track(results, doing, len(items), console=self.console, transient=True))


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """All rows, sorted in pieces. `counts` are numbers of rows in each pixel of COUNT_ORDER."""

    pieces: Sequence[Sorted]
    counts: NDArray[np.int64]

    @cached_property
    def rows(self) -> int:
        """Number of rows with identifier and position."""
        return sum(piece.rows for piece in self.pieces)

    @cached_property
    def apart_rows(self) -> int:
        """Number of rows without identifier or position."""
        return sum(piece.apart_rows for piece in self.pieces)

    @cached_property
    def identified_rows(self) -> int:
        """Number of rows with an identifier but no position."""
        return sum(piece.identified_rows for piece in self.pieces)

    @cached_property
    def widths(self) -> Widths:
        """Largest widths of text and lists."""
        return Widths.widest(piece.widths for piece in self.pieces)


@dataclass(frozen=True, kw_only=True)
class WrittenLeaves:
    """Files of the HATS catalogue and of its margin cache (None if there is no margin cache)."""

    leaves: Sequence[Leaf]
    margin: Sequence[Leaf] | None


def margin_name(name: str, arcsec: float) -> str:
    """Return the folder name of a margin cache."""
    return f"{name}_margin_{arcsec:g}arcsec"


def _groups(files: Sequence[tuple[str, int]]) -> Iterator[list[str]]:
    """Yield the files in groups that fit into memory."""
    held: list[str] = []
    size = 0
    for path, size_bytes in files:
        if held and (size + size_bytes > _PIECE_BYTES or len(held) >= _PIECE_FILES):
            yield held
            held, size = [], 0
        held.append(path)
        size += size_bytes
    if held:
        yield held
