"""Sections of the report: headline numbers, distributions and failures, for report.html."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from catalogues.queries import gallery, summary
from catalogues.queries.gallery import MEASURED
from catalogues.statuses import HEALTHY, Status
from pipelines.pages import plots
from pipelines.pages.elements import Plot
from pipelines.pages.render import count, percent

_MEASURED = MEASURED.replace("c.", "")
_ANGLE = "bar_position_angle_deg"
_SHOWN: tuple[tuple[str, str, str, tuple[float, float] | None], ...] = (
    ("bar_length_arcsec", "bar length", _MEASURED, None),
    ("bar_length_kpc", "bar length", _MEASURED, None),
    ("bar_length_over_r90", "bar length / petroR90", _MEASURED, None),
    ("bar_fraction", "bar fraction", "TRUE", (0.0, 1.0)),
    ("bar_axis_ratio", "axis ratio of the bar in the map", _MEASURED, (0.0, 1.0)),
    (_ANGLE, "position angle", _MEASURED, (0.0, 180.0)),
    ("galaxy_radius_px", "galaxy radius in the image", "TRUE", None),
    ("z", "redshift", "TRUE", None),
)


def headline(
    con: duckdb.DuckDBPyConnection, statuses: Iterable[summary.Count]
) -> list[tuple[str, str, str]]:
    """Return (name, value, note) of the numbers at the top of the page."""
    numbers = {c.word: c for c in statuses}
    total = sum(c.count for c in numbers.values())
    failed = sum(c.count for c in numbers.values() if not c.healthy)
    measured = numbers[Status.MEASURED].count if Status.MEASURED in numbers else 0
    out = [
        ("galaxies", count(total), "one row each"),
        ("bars measured", count(measured), f"{percent(measured / total)} of all"),
    ]
    column = gallery.length_column(con)
    length = summary.distribution(con, column, where=_MEASURED, bins=1)
    if length is not None:
        low, middle, high = length.quantiles[1:4]
        unit = "px" if length.unit == "pixel" else length.unit
        out.append(("median bar length", f"{middle:.3g} {unit}", f"68 %: {low:.3g} to {high:.3g}"))
    out.append(("without a result", count(failed), f"{percent(failed / total)} of all"))
    return out


def distributions(con: duckdb.DuckDBPyConnection) -> list[Plot]:
    """Draw histograms of the catalogue's columns.

    Lengths in pixels are shown only if no other unit is known.
    """
    pixels = ("bar_length_px", "bar length", _MEASURED, None)
    has_unit = gallery.length_column(con) != pixels[0]
    out = []
    for column, label, where, bounds in _SHOWN if has_unit else (pixels, *_SHOWN):
        found = summary.distribution(con, column, where=where, bounds=bounds)
        if found is not None:
            out.append(_histogram(found, label))
    return out


def _histogram(found: summary.Distribution, label: str) -> Plot:
    low, middle, high = found.quantiles[1:4]
    unit = f" {found.unit}" if found.unit else ""
    axial = found.column == _ANGLE  # 0 and 180 deg are the same angle: there is no median
    numbers = f"{count(found.n)} galaxies"
    if not axial:
        numbers += f", median {middle:.3g}{unit}, 68\N{NO-BREAK SPACE}%: {low:.3g} to {high:.3g}"
    outside = found.below + found.above
    beyond = f"; {count(outside)} outside the axis" if outside else ""
    return Plot(
        svg=plots.histogram(f"plot-{found.column}", found, label, middle=not axial),
        alt=f"Histogram of {label}{unit and ' in' + unit}: {numbers}.",
        caption=f"{found.column}: {numbers}{beyond}.",
    )


def failures_note(statuses: Iterable[summary.Count], shown: int) -> str:
    """Say how many of all failures the table shows."""
    total = sum(c.count for c in statuses if c.word not in HEALTHY)
    if total == shown:
        return f"All {count(total)} rows without votes, in order of shard and row."
    return (
        f"The first {count(shown)} of {count(total)} rows without votes, in order of shard and row."
    )
