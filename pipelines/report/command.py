"""The command `ansae report`: a run's output -> one HTML file that works offline."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import duckdb

from catalogues import storage
from catalogues.queries import database, summary
from catalogues.runs import provenance
from catalogues.storage import StorageError
from pipelines import console as terminal
from pipelines.pages import run_facts
from pipelines.pages.render import render
from pipelines.report import sections
from pipelines.report.gallery import gallery
from pipelines.report.options import PROG, ReportOptions
from pipelines.report.sky_map import sky_map
from pipelines.report.truth import compare, truth_section

_SCRIPTS = ("picture.js", "dialog.js", "sky.js", "gallery.js")


def run(options: ReportOptions) -> str:
    """Write the report and return its path or URL.

    Raises StorageError, and ValueError for a mistake, before anything is written.
    """
    store = options.storage_options()
    with database.opened(options.output, store, options.database_params()) as con:
        if options.truth is not None:
            database.add_table(con, database.TRUTH, options.truth, store)
        values = contents(con, options, _record(options))
        scripts = _SCRIPTS if values["gallery"] else ()
        html = render(values, styles=["gallery.css"], scripts=scripts)
    url = options.html or storage.join(options.output, "report.html")
    fs, path = storage.filesystem(url, store)
    storage.write_whole(fs, path, html.encode())
    return url


def contents(
    con: duckdb.DuckDBPyConnection, options: ReportOptions, record: dict[str, Any]
) -> dict[str, Any]:
    """Return the values of all names in the page's template."""
    statuses = summary.status_counts(con)
    failures = summary.failures(con, options.failures)
    truth = truth_section(con, compare(con), options.galaxies) if options.truth else None
    sky = sky_map(con)
    run_id, place = record.get("run_id", "without a record"), storage.redact(options.output)
    written = datetime.now(UTC).strftime("%-d %B %Y, %H:%M UTC")
    return {
        "title": options.title,
        "lead": f"Run {run_id} in {place}",
        "contents": [
            ("status", "Status"),
            ("gallery", "Gallery"),
            *([("sky", "On the sky")] if sky else []),
            *([("truth", "Comparison with the truth")] if truth else []),
            ("distributions", "Distributions"),
            ("failures", "Failures"),
            ("run", "The run"),
        ],
        "headline": sections.headline(con, statuses),
        "statuses": statuses,
        "stops": summary.stop_counts(con),
        "plots": sections.distributions(con),
        "truth": truth,
        "gallery": gallery(con, options.gallery, sky, truth is not None),
        "no_gallery": (
            "this run kept no pictures of galaxies."
            if options.gallery
            else "it was written with --gallery 0."
        ),
        "sky": sky,
        "failures": failures,
        "failures_note": sections.failures_note(statuses, len(failures)),
        "main_facts": run_facts.main_facts(record),
        "all_facts": run_facts.all_facts(record),
        "footer": f"Written by ansae on {written}. This file works offline.",
    }


def _record(options: ReportOptions) -> dict[str, Any]:
    """Return the content of run.json, or an empty dict if there is no run.json."""
    fs, root = storage.filesystem(options.output, options.storage_options())
    record = provenance.read_record(fs, root)
    return dict(json.loads(record.to_json())) if record is not None else {}


def execute(options: ReportOptions) -> int:
    """Run the command and return its exit status: 0, or 2 for a mistake, which prints one line."""
    try:
        path = run(options)
    except (StorageError, ValueError, duckdb.Error) as error:
        return terminal.complain(PROG, str(error), terminal.MISTAKE)
    print(f"report: {path}")
    return terminal.OK
