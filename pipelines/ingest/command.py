"""The command `ansae ingest`: images in a published layout -> image shards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from catalogues import storage
from catalogues.layouts.gather import (
    IngestSummary,
    Tally,
    gather,
    summarise,
    survey_ids,
    write_record,
)
from catalogues.layouts.open import open_layout
from catalogues.shards.reading import Shard
from catalogues.shards.writing import old_shards, write_shards
from catalogues.storage import FileSystem, StorageError
from pipelines import console as terminal
from pipelines.ingest.options import PROG, IngestOptions


def run(options: IngestOptions, console: Console | None = None) -> IngestSummary:
    """Read the source and write its shards and their record.

    Raises StorageError, and ValueError for a mistake, if possible before the first byte is written.
    """
    started = datetime.now(UTC)
    fs, root = storage.filesystem(options.output, options.storage_options())
    old = _check_output(options, fs, root)
    opened = open_layout(options.to_read(), options.storage_options())
    total, repeated = survey_ids(opened.layout)
    _check_ids(options, repeated)
    for path in old:
        fs.rm_file(path)

    tally = Tally()
    rows = gather(opened.layout, tally, repeated, options.defaults())
    written = write_shards(rows, fs, root, options.shard_params())
    shards = list(_shown(written, total, console))

    summary = summarise(options.source, options.output, tally, shards, opened)
    if not shards:
        why = "; ".join(message for _, _, message in summary.examples[:3]) or "it holds none"
        raise ValueError(f"no row of {summary.source!r} can enter a shard: {why}")
    write_record(fs, root, summary, asdict(options), started, datetime.now(UTC))
    return summary


def _check_output(options: IngestOptions, fs: FileSystem, root: str) -> list[str]:
    """Return the shards that the output already holds.

    Raises ValueError if they may not be replaced, or if output and source overlap.
    """
    output, source = options.output, options.source
    if storage.is_within(output, source) or storage.is_within(source, output):
        raise ValueError(
            f"the output {options.output!r} and the source {options.source!r} lie within each "
            "other: write the shards to a separate folder"
        )
    old = old_shards(fs, root)
    if old and not options.replace:
        raise ValueError(
            f"{options.output!r} already holds {len(old)} shards: give another folder, or "
            "--replace to remove them"
        )
    return old


def _check_ids(options: IngestOptions, repeated: NDArray[np.int64]) -> None:
    """Raise ValueError if identifiers occur more than once and --duplicates is refuse."""
    if len(repeated) and options.duplicates == "refuse":
        shown = ", ".join(str(number) for number in repeated[:5])
        more = ", ..." if len(repeated) > 5 else ""
        raise ValueError(
            f"{len(repeated)} values of object_id occur in more than one row ({shown}{more}), but "
            "each galaxy needs its own: correct the table, or give --duplicates keep-first"
        )


def _shown(shards: Iterable[Shard], total: int, console: Console | None) -> Iterator[Shard]:
    """Yield the shards as they are written, and show a progress bar."""
    columns = (
        TextColumn("[bold]writing shards"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("galaxies"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console or Console(stderr=True)) as progress:
        task = progress.add_task("", total=total)
        for shard in shards:
            progress.advance(task, shard.rows)
            yield shard


def report(summary: IngestSummary) -> list[str]:
    """Return lines that say what was written, and what was left out and why."""
    size = sum(shard.size_bytes for shard in summary.shards) / 2**20
    lines = [
        f"{summary.rows_written} galaxies in {len(summary.shards)} shards ({size:.1f} MiB of "
        f"images) at {summary.output}"
    ]
    if summary.rows_without_image:
        lines.append(
            f"{summary.rows_without_image} galaxies have no image file: kept without an image"
        )
    if summary.rows_without_scale:
        lines.append(
            f"{summary.rows_without_scale} galaxies have no pixel scale: their lengths will be in "
            "pixels only. Give --pixel-scale-arcsec, a table column, FITS files with a WCS, or "
            "`measure --scale gz2`"
        )
    lines += [f"{n} rows have no match in {url}" for url, n in summary.unmatched.items() if n]
    lines += [f"{count} galaxies flagged: {status}" for status, count in summary.flagged.items()]
    lines += [f"{count} rows left out: {status}" for status, count in summary.skipped.items()]
    lines += [f"  {where}: {message}" for where, _, message in summary.examples[:5]]
    if summary.passed_over:
        lines.append(
            f"{len(summary.passed_over)} files were not read: " + ", ".join(summary.passed_over[:3])
        )
    return lines


def execute(options: IngestOptions) -> int:
    """Run the command and return its exit status: 0, or 2 for a mistake, which prints one line."""
    try:
        summary = run(options)
    except (StorageError, ValueError) as error:
        return terminal.complain(PROG, str(error), terminal.MISTAKE)
    print("\n".join(report(summary)))
    return terminal.OK
