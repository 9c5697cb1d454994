"""What an ingest did: the record that stands beside the shards it wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from catalogues import storage
from catalogues.layouts.choosing import Opened
from catalogues.layouts.gathering import Tally
from catalogues.shards import Shard

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
    fs: Any,
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
