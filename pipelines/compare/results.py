"""Results of a comparison: one file of all rows, ranking.json, the report and printed tables."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table as Printed

from catalogues import storage
from catalogues.runs.comparison_rows import TABLE, read_tables, write_table
from models.attribution.params import CONTROLS
from models.validation.agreement import Estimate
from pipelines.compare.gains import Beyond, beyond
from pipelines.compare.numbers import ImageGroup, bar_table, by_image, groups
from pipelines.compare.page import ComparisonContents, values
from pipelines.compare.session import Work
from pipelines.pages.render import render

RANKING, REPORT = "ranking.json", "report.html"
"""Files of the output."""

_SHORT = {
    "relevance_mass": "mass", "relevance_rank": "rank in", "pointing_game": "point",
    "insertion_auc": "insert", "deletion_auc": "delete", "infidelity": "infid.",
    "max_sensitivity": "sens.", "randomisation_similarity": "random.",
    "randomisation_ssim": "ssim",
    "bar_length_error": "length", "bar_angle_error_deg": "angle", "seconds": "s",
    "peak_memory_mb": "MB",
}  # fmt: skip

_COLUMNS = 6


def write_results(work: Work, console: Console) -> None:
    """Write the results and print them. Raises StorageError."""
    plan = work.plan
    fs, root = storage.filesystem(plan.options.output, plan.options.write_options())
    rows = read_tables(
        fs, [path for checkpoint in plan.checkpoints.values() for path in checkpoint.paths]
    )
    write_table(fs, root, rows)
    table = by_image(rows, list(plan.methods))
    ranked, bars, more = groups(table), bar_table(table), beyond(table)
    raw = {
        "groups": [asdict(g) for g in ranked],
        "beyond": asdict(more) if more else None,
        "bars": {m: asdict(b) for m, b in bars.items()},
    }
    storage.write_whole(fs, storage.join(root, RANKING), json.dumps(_plain(raw), indent=1).encode())
    html = render(
        values(ComparisonContents(work=work, table=table, groups=ranked, beyond=more, bars=bars)),
        "compare.html",
    )
    storage.write_whole(fs, storage.join(root, REPORT), html.encode())
    for printed in _rankings(ranked[0]):
        console.print(printed)
    for line in verdict_lines(ranked[0]):
        console.print(line, highlight=False, soft_wrap=True)
    if more:
        console.print(_beyond(more))
    if bars:
        console.print(_bars(bars))
    where = storage.join(storage.redact(plan.options.output), TABLE)
    line = f"wrote {len(rows)} rows to {where}, and {RANKING} and {REPORT} beside it"
    if work.written:
        line += f"; made {work.written} maps in {work.seconds:.0f} s"
    console.print(line, highlight=False, soft_wrap=True)


def verdict_lines(found: ImageGroup) -> list[str]:
    """Return the verdict on the paper's judgement, one line for each metric."""
    lines = []
    for result in found.metrics:
        v = result.verdict
        if v is not None:
            lines.append(
                f"Score-CAM, Grad-CAM, Grad-CAM++ are the best by {result.metric.label}: {v.said} "
                f"(worst of these three - best of the other seven: {interval(v.gap)}); first "
                f"three of the ten: {', '.join(v.first)}"
            )
    return lines


def interval(value: Estimate) -> str:
    """Format an estimate with its interval, such as "0.53 (0.50 to 0.55)"."""
    return f"{number(value.value)} ({number(value.low)} to {number(value.high)})"


def number(value: float) -> str:
    """Format a number with three digits; "-" if it is not finite."""
    return "-" if not math.isfinite(value) else f"{value:.3g}"


def _rankings(found: ImageGroup) -> Iterator[Printed]:
    """Yield the table of mean ranks, then tables of means, few columns each, so that lines fit."""
    ranked = found.overall[0].n if found.overall else 0
    title = f"mean ranks on the {ranked} of {found.images} images with maps of all methods"
    yield _table(title, ["rank", "95 %"], [
        (o.method, [f"{o.rank.value:.2f}", f"{o.rank.low:.2f}-{o.rank.high:.2f}"])
        for o in found.overall
    ])  # fmt: skip
    for i in range(0, len(found.metrics), _COLUMNS):
        some = found.metrics[i : i + _COLUMNS]
        means = [{s.method: s.mean.value for s in r.standings} for r in some]
        yield _table("means", [_SHORT[r.metric.name] for r in some], [
            (o.method, [number(mean[o.method]) for mean in means]) for o in found.overall
        ])  # fmt: skip


def _table(title: str, columns: list[str], lines: list[tuple[str, list[str]]]) -> Printed:
    table = Printed(title=title, box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("method", no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    for method, cells in lines:
        table.add_row(f"{method} (control)" if method in CONTROLS else method, *cells)
    return table


def _beyond(found: Beyond) -> Printed:
    """Return the table of gains over the same method on networks with random weights."""
    title = "what the network adds: gains over the same method's maps of random networks"
    return _table(title, ["rank", *(_SHORT[name] for name in found.gains)], [
        (o.method, [f"{o.rank.value:.2f}", *(
            f"{gains[o.method].gain.value:.2f}" if o.method in gains else "-"
            for gains in found.gains.values()
        )])
        for o in found.overall
    ])  # fmt: skip


def _bars(bars: dict[str, Any]) -> Printed:
    columns = ["bars", "found", "measured / true", "scatter", "rho"]
    return _table("bar lengths measured on the maps", columns, [
        (m, [str(b.n), f"{b.found:.0%}", number(b.ratio), number(b.scatter), number(b.rho)])
        for m, b in bars.items()
    ])  # fmt: skip


def _plain(value: Any) -> Any:
    """Return a value that JSON can hold: numbers that are not finite become null."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
