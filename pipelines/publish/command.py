"""The command `ansae publish`: a finished catalogue -> a HATS collection for LSDB, DuckDB etc."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass

from rich.console import Console

from actors.publisher import WORK
from catalogues import storage
from catalogues.hats import unfinished
from catalogues.hats.collection import COLLECTION, write_collection
from catalogues.runs import provenance
from catalogues.runs.lease import Lease, LeaseError, hold
from catalogues.runs.provenance import RunRecord
from catalogues.storage import StorageError
from pipelines import console as terminal
from pipelines.cluster.failures import RunFailed
from pipelines.cluster.resources import ClusterOptions, cluster
from pipelines.publish.checks import check_output, check_rows, finished_run, look
from pipelines.publish.options import PROG, PublishOptions
from pipelines.publish.steps import APART, Pieces, Publisher, WrittenLeaves, margin_name


@dataclass(frozen=True, kw_only=True)
class PublishSummary:
    """Summary of a publication.

    Attributes
    ----------
    output
        Folder of the publication.
    pieces
        All rows.
    sky
        Files of the HATS catalogue; None if no row has a position.
    flat
        Name of the file with all rows, or None.
    seconds
        Duration.
    """

    output: str
    pieces: Pieces
    sky: WrittenLeaves | None
    flat: str | None
    seconds: float


def run(options: PublishOptions, console: Console | None = None) -> PublishSummary:
    """Publish the catalogue.

    If this fails, nothing is left in the output. Files that a killed publication left are removed.

    Raises
    ------
    StorageError, ValueError
        If the user made a mistake.
    RunFailed
        If Ray failed.
    LeaseError
        If another run has taken over the output; its files are then left alone.
    """
    console = console or Console(stderr=True)
    record = finished_run(options)
    check_output(options)
    publication, files = look(options)
    fs, root = publication.place()
    with (
        hold(fs, root, tell=lambda words: console.print(words)) as lease,
        cluster(ClusterOptions(address=options.address)) as resources,
    ):
        import ray

        unfinished.begin(fs, root, _names(options))
        publisher = Publisher(
            publication=publication,
            name=options.name,
            description=f"Bars of galaxies measured by ansae, run {record.run_id}",
            console=console,
            most=max(1, int(resources.get("CPU", 1))),
        )
        try:
            with terminal.terminated_as_interrupt():
                return _publish(publisher, options, record, files, lease)
        except BaseException as error:
            with suppress(LeaseError):  # if another run has taken over, the files are its own
                lease.confirm()
                unfinished.clear(fs, root, _names(options))
            if isinstance(error, ray.exceptions.RayError):
                why = " ".join(str(error).split())[:500]
                raise RunFailed(
                    f"{why}; nothing was published: run the same command again"
                ) from error
            raise


def _publish(
    publisher: Publisher,
    options: PublishOptions,
    record: RunRecord,
    files: list[tuple[str, int]],
    lease: Lease,
) -> PublishSummary:
    began = time.monotonic()
    pieces = publisher.sort(files)
    check_rows(pieces, options, record)
    sky = None
    if pieces.rows:
        sky = publisher.write(pieces, options.rows_per_partition, options.margin_arcsec)
    if pieces.apart_rows:
        publisher.write_apart(pieces)
    flat = None
    if options.flat is not None:
        flat = publisher.write_flat(pieces, sky.leaves if sky else (), options.flat)
    lease.confirm()
    fs, root = publisher.publication.place()
    provenance.write_record(fs, root, record)
    if sky is not None:
        write_collection(fs, root, *_folders(options))
    unfinished.clear(fs, root, [WORK])
    return PublishSummary(
        output=options.output,
        pieces=pieces,
        sky=sky,
        flat=flat,
        seconds=time.monotonic() - began,
    )


def _folders(options: PublishOptions) -> list[str]:
    """Return the folders of the catalogue and, if asked for, of its margin cache."""
    if options.margin_arcsec is None:
        return [options.name]
    return [options.name, margin_name(options.name, options.margin_arcsec)]


def _names(options: PublishOptions) -> list[str]:
    """Return the names of all files and folders that are written to the output."""
    flat = [] if options.flat is None else [f"{options.name}.{options.flat}"]
    return [WORK, *_folders(options), *flat, APART, provenance.FILE, COLLECTION]


def report(summary: PublishSummary) -> list[str]:
    """Return lines that say what was written."""
    place, pieces = storage.redact(summary.output), summary.pieces
    lines = []
    if summary.sky is not None:
        leaves = summary.sky.leaves
        orders = sorted({leaf.order for leaf in leaves})
        size = sum(leaf.size_bytes for leaf in leaves) / 2**20
        lines.append(
            f"{pieces.rows} galaxies in {len(leaves)} partitions of order "
            f"{'-'.join(map(str, sorted({orders[0], orders[-1]})))}, {size:.1f} MiB, at {place} "
            f"in {summary.seconds:.1f} s"
        )
        if summary.sky.margin is not None:
            lines.append(f"margin cache: {sum(leaf.rows for leaf in summary.sky.margin)} rows")
    if pieces.apart_rows:
        lines.append(f"{pieces.apart_rows} rows without identifier or position: {APART}")
    if summary.flat is not None:
        lines.append(f"one file with {pieces.rows + pieces.identified_rows} rows: {summary.flat}")
    if summary.sky is None:
        lines.append(f"no row has a position: no HATS collection (no {COLLECTION}) in {place}")
    return lines


def execute(options: PublishOptions) -> int:
    """Run the command and return its exit status.

    The status is 0, or 2 for a mistake, 1 for a failure, 130 for Ctrl-C; each prints one line.
    """
    try:
        summary = run(options)
    except (StorageError, ValueError) as error:
        return terminal.complain(PROG, str(error), terminal.MISTAKE)
    except RunFailed as error:
        return terminal.complain(PROG, str(error), terminal.FAILURE)
    except KeyboardInterrupt:
        return terminal.complain(PROG, "interrupted: nothing was published", terminal.INTERRUPTED)
    print("\n".join(report(summary)))
    return terminal.OK
