"""`ansae ingest`: a published layout becomes image shards."""

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

    Everything that can be known beforehand is checked before the first byte is written. Raises
    StorageError and ValueError, each with value, rule and remedy.
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
    """What an earlier ingest wrote there. Raises ValueError if that may not be replaced."""
    output, source = options.output, options.source
    if storage.is_within(output, source) or storage.is_within(source, output):
        raise ValueError(
            f"the output {options.output!r} and the source {options.source!r} lie within each "
            "other: write the shards to a folder of their own"
        )
    old = old_shards(fs, root)
    if old and not options.replace:
        raise ValueError(
            f"{options.output!r} already holds {len(old)} shards: give another folder, or "
            "--replace them"
        )
    return old


def _check_ids(options: IngestOptions, repeated: NDArray[np.int64]) -> None:
    """Raises ValueError if identifiers stand more than once and that is to be refused."""
    if len(repeated) and options.duplicates == "refuse":
        shown = ", ".join(str(number) for number in repeated[:5])
        more = ", ..." if len(repeated) > 5 else ""
        raise ValueError(
            f"{len(repeated)} values of object_id stand in more than one row ({shown}{more}): each "
            "galaxy needs its own; mend the table, or pass --duplicates keep-first"
        )


def _shown(shards: Iterable[Shard], total: int, console: Console | None) -> Iterator[Shard]:
    """The shards as they are written, with a bar on the terminal that moves along."""
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
    """Lines that say what was written, and what was not and why."""
    size = sum(shard.size_bytes for shard in summary.shards) / 2**20
    lines = [
        f"{summary.rows_written} galaxies in {len(summary.shards)} shards ({size:.1f} MiB of "
        f"images) at {summary.output}"
    ]
    if summary.rows_without_image:
        lines.append(f"{summary.rows_without_image} of them have no image file: kept without one")
    if summary.rows_without_scale:
        lines.append(
            f"{summary.rows_without_scale} of them have no pixel_scale_arcsec: lengths in px "
            "alone, but where a FITS header, --pixel-scale-arcsec or `measure --scale gz2` gives it"
        )
    lines += [f"{n} rows have no match in {url}" for url, n in summary.unmatched.items() if n]
    lines += [f"{count} of them flagged: {status}" for status, count in summary.flagged.items()]
    lines += [f"{count} rows left behind: {status}" for status, count in summary.skipped.items()]
    lines += [f"  {where}: {message}" for where, _, message in summary.examples[:5]]
    if summary.passed_over:
        lines.append(
            f"{len(summary.passed_over)} files passed over, unread: "
            + ", ".join(summary.passed_over[:3])
        )
    return lines


def execute(options: IngestOptions) -> int:
    """Run the command. Returns the exit status: 0, or 2 for a mistake that one line explains."""
    try:
        summary = run(options)
    except (StorageError, ValueError) as error:
        return terminal.complain(PROG, str(error), terminal.MISTAKE)
    print("\n".join(report(summary)))
    return terminal.OK
