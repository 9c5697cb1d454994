"""Gather a layout's rows for shards, count the rows left out, and write the record of an ingest."""

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
    """Counts that grow while rows are gathered.

    Attributes
    ----------
    rows_read, rows_kept : numbers of rows.
    without_image, without_scale : rows kept that have no image bytes or no pixel scale.
    flagged : rows kept, by their IMAGE_STATUS.
    skipped : rows left out, by status.
    examples : the first rows left out.
    """

    rows_read: int = 0
    rows_kept: int = 0
    without_image: int = 0
    without_scale: int = 0
    flagged: Counter[str] = field(default_factory=Counter)
    skipped: Counter[Status] = field(default_factory=Counter)
    examples: list[Skipped] = field(default_factory=list)

    def add(self, piece: Piece, rows: pa.Table) -> None:
        """Count one piece, of which `rows` are kept."""
        self.rows_read += len(piece.rows) + len(piece.skipped)
        self.rows_kept += len(rows)
        data = pc.struct_field(rows.column("image"), "bytes")
        self.without_image += data.null_count
        self.without_scale += rows.column("pixel_scale_arcsec").null_count
        if IMAGE_STATUS in rows.column_names:
            self.flagged.update(pc.drop_null(rows.column(IMAGE_STATUS)).to_pylist())
        self.leave(piece.skipped)

    def leave(self, skipped: tuple[Skipped, ...]) -> None:
        """Count rows that are left out."""
        self.skipped.update(item.status for item in skipped)
        self.examples.extend(skipped[: max(EXAMPLES_MAX - len(self.examples), 0)])


def survey_ids(layout: Layout) -> tuple[int, NDArray[np.int64]]:
    """Return the number of rows and the identifiers that occur more than once.

    Reads no images. Memory: 8 bytes per galaxy.
    """
    rows, parts = 0, [np.empty(0, np.int64)]
    for keys in layout.keys(("object_id",)):
        rows += len(keys)
        parts.append(pc.drop_null(one_array(keys.column("object_id"))).to_numpy())
    return rows, repeated(np.concatenate(parts))


def gather(
    layout: Layout, tally: Tally, once: NDArray[np.int64], defaults: Mapping[str, object]
) -> Iterator[pa.Table]:
    """Iterate over the layout's rows in the shard schema.

    `once`: identifiers of which only the first row is kept (from `survey_ids`). `defaults`: values
    for manifest columns where a row's own value is null. Raises StorageError and ValueError.
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
            message = "an earlier row has the same identifier and is kept"
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
            f"a passed-through column changes its type between files: {error}; leave it out, or "
            "store it with one type"
        ) from error


RECORD = "ingest.json"
"""Name of the record's file."""

_LISTED_MAX = 1000


@dataclass(frozen=True, kw_only=True)
class IngestSummary:
    """What an ingest did.

    Attributes
    ----------
    source, output : addresses, without credentials.
    rows_read, rows_written : numbers of rows.
    rows_without_image, rows_without_scale : rows written without image bytes or pixel scale.
    unmatched : rows without a match in a joined table, by the table's address.
    flagged : rows written whose image has a fault, by status.
    skipped : rows left out, by status.
    examples : (where, status, message) of the first thousand rows left out.
    passed_over : files of other kinds, which are not read.
    shards : the shards written.
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
    """Make the summary of a finished tally."""
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
    """Write RECORD below `root`. Long lists are cut after 1000 entries. Raises StorageError."""
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
