"""From a layout's pieces to the rows that go into shards, with a tally of what stayed behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from catalogues.ids import repeated
from catalogues.layouts.pieces import IMAGE_STATUS, Layout, Piece, Skipped
from catalogues.manifest import SCHEMA
from catalogues.rows import one_array, replaced, shard_schema
from catalogues.statuses import Status

EXAMPLES_MAX = 1000


@dataclass(kw_only=True)
class Tally:
    """Counts, which grow while rows are gathered. `flagged`: rows kept, by their IMAGE_STATUS;
    `examples`: the first of those left behind."""

    rows_read: int = 0
    rows_kept: int = 0
    without_image: int = 0
    without_scale: int = 0
    flagged: Counter[str] = field(default_factory=Counter)
    skipped: Counter[Status] = field(default_factory=Counter)
    examples: list[Skipped] = field(default_factory=list)

    def add(self, piece: Piece, rows: pa.Table) -> None:
        """Count one piece, of which `rows` go on."""
        self.rows_read += len(piece.rows) + len(piece.skipped)
        self.rows_kept += len(rows)
        data = pc.struct_field(rows.column("image"), "bytes")
        self.without_image += data.null_count
        self.without_scale += rows.column("pixel_scale_arcsec").null_count
        if IMAGE_STATUS in rows.column_names:
            self.flagged.update(pc.drop_null(rows.column(IMAGE_STATUS)).to_pylist())
        self.leave(piece.skipped)

    def leave(self, skipped: tuple[Skipped, ...]) -> None:
        """Count rows left behind."""
        self.skipped.update(item.status for item in skipped)
        self.examples.extend(skipped[: max(EXAMPLES_MAX - len(self.examples), 0)])


def survey_ids(layout: Layout) -> tuple[int, NDArray[np.int64]]:
    """(rows, identifiers that more than one of them bears). Reads no images; 8 bytes a galaxy."""
    rows, parts = 0, [np.empty(0, np.int64)]
    for keys in layout.keys(("object_id",)):
        rows += len(keys)
        parts.append(pc.drop_null(one_array(keys.column("object_id"))).to_numpy())
    return rows, repeated(np.concatenate(parts))


def gather(
    layout: Layout, tally: Tally, once: NDArray[np.int64], defaults: Mapping[str, object]
) -> Iterator[pa.Table]:
    """The layout's rows, in the shard schema.

    `once`: identifiers of which only the first row is kept (of `survey_ids`). `defaults`: values
    for manifest columns where the row's own is null. Raises StorageError, ValueError.
    """
    schema = shard_schema(layout.extra)
    again = {int(number): False for number in once}
    for piece in layout.pieces():
        rows = _first_ones(piece.rows, again, tally) if again else piece.rows
        tally.add(piece, rows)
        for name, value in defaults.items():
            default = pa.scalar(value, SCHEMA.field(name).type)
            rows = replaced(rows, name, pc.fill_null(rows.column(name), default))
        if len(rows):
            yield _typed(rows, schema)


def _first_ones(rows: pa.Table, again: dict[int, bool], tally: Tally) -> pa.Table:
    keep, left = [], []
    for number in one_array(rows.column("object_id")).to_pylist():
        keep.append(not again.get(number, False))
        if not keep[-1]:
            message = "the identifier stood in an earlier row, which is kept"
            left.append(
                Skipped(where=f"object_id {number}", status=Status.DUPLICATE_ID, message=message)
            )
        elif number in again:
            again[number] = True
    tally.leave(tuple(left))
    return rows.filter(pa.array(keep, pa.bool_())) if left else rows


def _typed(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    try:
        return rows.cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        raise ValueError(
            f"a passed-through column changes its type on the way: {error}; leave it out, or store "
            "it with one type"
        ) from error
