"""From a layout's pieces to the rows that go into shards, with a tally of what stayed behind.

What an ingest did: the record that stands beside the shards it wrote.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from catalogues import storage
from catalogues.columns import one_array, replaced
from catalogues.layouts.formats.pieces import IMAGE_STATUS, Layout, Piece, Skipped
from catalogues.layouts.open import Opened
from catalogues.manifest import SCHEMA
from catalogues.shards.ids import repeated
from catalogues.shards.reading import Shard
from catalogues.shards.rows import shard_schema
from catalogues.statuses import Status
from catalogues.storage import FileSystem

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


RECORD = "ingest.json"
"""Name of the record."""

_LISTED_MAX = 1000


@dataclass(frozen=True, kw_only=True)
class IngestSummary:
    """What was done. `unmatched`: rows for which a joined table has nothing, by its address;
    `flagged`: rows written whose image was found wanting, by status; `skipped`:
    rows left behind, by status; `passed_over`: files of other kinds.

    `examples`: (where, status, message) of the first thousand rows left behind.
    """

    source: str
    output: str
    rows_read: int
    rows_written: int
    rows_without_image: int
    rows_without_scale: int
    unmatched: dict[str, int]
    flagged: dict[str, int]
    skipped: dict[str, int]
    examples: tuple[tuple[str, str, str], ...]
    passed_over: tuple[str, ...]
    shards: tuple[Shard, ...]


def summarise(
    source: str, output: str, tally: Tally, shards: Sequence[Shard], opened: Opened
) -> IngestSummary:
    """The summary of a finished tally."""
    return IngestSummary(
        source=storage.redact(source),
        output=storage.redact(output),
        rows_read=tally.rows_read,
        rows_written=sum(shard.rows for shard in shards),
        rows_without_image=tally.without_image,
        rows_without_scale=tally.without_scale,
        flagged=dict(sorted(tally.flagged.items())),
        skipped={str(status): count for status, count in sorted(tally.skipped.items())},
        examples=tuple((item.where, str(item.status), item.message) for item in tally.examples),
        unmatched=dict(opened.unmatched),
        passed_over=tuple(opened.passed_over),
        shards=tuple(shards),
    )


def write_record(
    fs: FileSystem,
    root: str,
    summary: IngestSummary,
    options: Mapping[str, Any],
    started: datetime,
    finished: datetime,
) -> None:
    """Write RECORD below `root`; long lists are cut at a thousand. Raises StorageError."""
    record = {
        "started": started.isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds"),
        "options": dict(options),
        **asdict(summary),
        "passed_over_files": len(summary.passed_over),
        "passed_over": summary.passed_over[:_LISTED_MAX],
        "shards": [
            {"name": s.name, "rows": s.rows, "size_bytes": s.size_bytes} for s in summary.shards
        ],
    }
    text = json.dumps(record, indent=1)
    storage.write_whole(fs, storage.join(root, RECORD), text.encode())
