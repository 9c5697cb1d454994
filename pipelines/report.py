"""`ansae report`: a run's output as one HTML file that opens anywhere, offline."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import duckdb
import tyro

from catalogues import database, provenance, storage, summary
from catalogues.storage import StorageError, StorageOptions
from pipelines import console as terminal
from pipelines import page, run_facts, sections
from pipelines.truth_section import compare, truth_section

PROG = "ansae report"


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """Write one HTML file: what ran, what came out, pictures of galaxies, their maps and bars."""

    output: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="OUTPUT")]
    """Output folder of `ansae measure`, local or s3://."""
    html: str | None = None
    """File to write, local or s3://; by default report.html in OUTPUT."""
    truth: str | None = None
    """Known bars: Parquet (also the input's shards) or CSV with object_id, true_bar_length_px and
    true_bar_position_angle_deg."""
    title: str = "Bar catalogue"
    """Heading of the page."""
    galaxies: int = 6
    """Galaxies shown in each section."""
    failures: int = 50
    """Most rows without a result that are listed."""
    memory_mb: int = 2048
    """Memory that queries may take in MiB; beyond it they use the disk."""
    endpoint_url: str | None = None
    """Address of an S3 store that is not AWS; else the environment's AWS_ENDPOINT_URL."""
    anonymous: bool = False
    """Ask S3 without credentials."""

    def __post_init__(self) -> None:
        for name in ("galaxies", "failures"):
            if not 0 <= getattr(self, name) <= 1000:
                raise ValueError(f"{name} {getattr(self, name)} must lie in 0..1000")
        # each of these checks its own part
        self.storage_options(), self.database_params()

    def storage_options(self) -> StorageOptions:
        """How S3 is reached."""
        return StorageOptions(endpoint_url=self.endpoint_url, anonymous=self.anonymous)

    def database_params(self) -> database.DatabaseParams:
        """How much of the machine queries may take."""
        return database.DatabaseParams(memory_mb=self.memory_mb)


def run(options: ReportOptions) -> str:
    """Write the report; returns where. Raises StorageError and ValueError before it writes."""
    store = options.storage_options()
    with database.opened(options.output, store, options.database_params()) as con:
        if options.truth is not None:
            database.add_table(con, database.TRUTH, options.truth, store)
        html = page.render(contents(con, options, _record(options)))
    url = options.html or storage.join(options.output, "report.html")
    fs, path = storage.filesystem(url, store)
    storage.write_whole(fs, path, html.encode())
    return url


def contents(
    con: duckdb.DuckDBPyConnection, options: ReportOptions, record: dict[str, Any]
) -> dict[str, Any]:
    """Everything that the page's template names."""
    statuses = summary.status_counts(con)
    failures = summary.failures(con, options.failures)
    truth = truth_section(con, compare(con), options.galaxies) if options.truth else None
    run_id, place = record.get("run_id", "without a record"), storage.redact(options.output)
    written = datetime.now(UTC).strftime("%-d %B %Y, %H:%M UTC")
    return {
        "title": options.title,
        "lead": f"Run {run_id} in {place}",
        "contents": [
            ("status", "Status"),
            *([("truth", "Against the truth")] if truth else []),
            ("distributions", "Distributions"),
            ("pictures", "Pictures"),
            ("failures", "Failures"),
            ("run", "What ran"),
        ],
        "headline": sections.headline(con, statuses),
        "statuses": statuses,
        "stops": summary.stop_counts(con),
        "plots": sections.distributions(con),
        "truth": truth,
        "sections": sections.galleries(con, options.galaxies) if options.galaxies else [],
        "legend": (
            "Each galaxy as the networks saw it, the mean saliency map of the members (dark to "
            "bright), and the measured bar drawn on the galaxy. Lengths are full lengths."
        ),
        "failures": failures,
        "failures_note": sections.failures_note(statuses, len(failures)),
        "main_facts": run_facts.main_facts(record),
        "all_facts": run_facts.all_facts(record),
        "footer": f"Written by ansae on {written}. This file needs no network.",
    }


def _record(options: ReportOptions) -> dict[str, Any]:
    """run.json as it stands; empty where the run left none."""
    fs, root = storage.filesystem(options.output, options.storage_options())
    record = provenance.read_record(fs, root)
    return dict(json.loads(record.to_json())) if record is not None else {}


def main(arguments: list[str] | None = None) -> int:
    """Command line. Returns the exit status: 0, or 2 for a mistake that one line explains."""
    options = terminal.parse(ReportOptions, PROG, arguments)
    try:
        path = run(options)
    except (StorageError, ValueError, duckdb.Error) as error:
        return terminal.complain(PROG, str(error), terminal.MISTAKE)
    print(f"report: {path}")
    return terminal.OK


if __name__ == "__main__":
    sys.exit(main())
