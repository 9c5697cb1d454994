"""The command `ansae calibrate`: galaxies with known bars -> maps -> the best estimator."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table

from catalogues import storage
from catalogues.shards.reading import list_shards, read_shard
from catalogues.shards.splits import part_of
from catalogues.truth.columns import TRUE_ANGLE_DEG, VISUAL_LENGTH_PX
from models.barlength.estimator import EstimatorParams
from models.calibration.errors import REAL_MIN, fit_errors, widened
from models.calibration.known_bars import KnownBar, ReadingScore
from models.calibration.lengths import candidates, tried
from models.calibration.readings import words
from models.calibration.refined import GradedBar, MeasuredBar, Refined, TooFewBars, refine
from models.recipe import Recipe
from pipelines import console as terminal
from pipelines.calibrate.known_bar_maps import Maps
from pipelines.calibrate.options import MEMBERS_TOO, PROG, CalibrateOptions
from pipelines.cluster.resources import cluster

TRUTH = (VISUAL_LENGTH_PX, TRUE_ANGLE_DEG)


def run(options: CalibrateOptions, console: Console | None = None) -> Recipe:
    """Calibrate, write the estimator and print what was tried. Returns the recipe."""
    console = console or Console()
    used = options.input if options.refine else options.input[:1]
    rows, *more = ([*_barred(options, url)] for url in used)
    graded = [row for url in options.graded for row in _graded(options, url)]
    people = [row for url in options.measured for row in _measured(options, url)]
    if before := options.kept.count():
        console.print(f"continues: {options.kept.folder} has the maps of {before} galaxies")
    with cluster(options.cluster) as resources:
        found = Maps(options, int(resources.get("CPU", 1)), console)
        known, experts, measured = found.known(rows), found.graded(graded), found.measured(people)
        also = [bar for each in more for bar in found.known(each)]
    members = 1 if options.refine or not known else len(known[0].maps)
    trials = tried(known, list(candidates(members=members)))
    made = _refined(options, (known, also, experts, measured), trials[0], console)
    best, each = (made.params, made.each) if made else (trials[0].params, None)
    trials = [made.trial, *trials] if made else trials
    reading = fit_errors(known, best, each)
    if made and measured:
        reading = _widened(reading, measured, made, console)
    recipe = Recipe(maps=options.maps, estimator=reading)
    fs, path = storage.filesystem(options.output)
    storage.write_whole(fs, path, json.dumps(recipe.to_dict(), indent=1).encode())
    console.print(_table(trials, len(known)))
    console.print(
        f"1-sigma error: {reading.error_floor:.3f} + {reading.error_doubt:.3f} x (1 - bar "
        f"fraction) of the length (+) the members' spread (+) {reading.error_sampling:.2g} x the "
        "sampling error"
    )
    options.kept.forget()
    return recipe


def _refined(
    options: CalibrateOptions,
    bars: tuple[list[KnownBar], list[KnownBar], list[GradedBar], list[MeasuredBar]],
    best: ReadingScore,
    console: Console,
) -> Refined | None:
    """Refine the best estimator; None if that does not make it better.

    bars: known bars, further ones, graded ones, measured ones.
    """
    if not options.refine:
        return None
    known, also, experts, measured = bars
    try:
        made = refine(known, best.params, experts, also=also, measured=measured)
    except TooFewBars as error:
        console.print(f"not refined: {error}; {MEMBERS_TOO}")
        return None
    if made.trial.median_error >= best.median_error:
        console.print(
            f"not refined: the error on galaxies that did not train the refinement would be "
            f"{made.trial.median_error:.1%} (median) instead of {best.median_error:.1%}; "
            f"{MEMBERS_TOO}"
        )
        return None
    return made


def _widened(
    reading: EstimatorParams, measured: list[MeasuredBar], made: Refined, console: Console
) -> EstimatorParams:
    """Widen the errors to what real bars need, and say by how much."""
    wide = widened(reading, measured, made.measured_each)
    if len(measured) < REAL_MIN:
        console.print(
            f"{len(measured)} real bars that people measured: errors stay those of known bars, "
            f"since fewer than {REAL_MIN} cannot widen them"
        )
        return wide
    factor = wide.error_floor / reading.error_floor if reading.error_floor > 0 else 1.0
    console.print(
        f"{len(measured)} real bars that people measured: errors are {factor:.2f} times those of "
        "known bars"
    )
    return wide


def _barred(options: CalibrateOptions, url: str) -> Iterator[dict[str, Any]]:
    """Yield rows of galaxies with a known bar, outside the test part, until there are enough."""
    rows = _rows(options, url, TRUTH, TRUTH[0])
    return (row for row, _ in zip(rows, range(options.galaxies), strict=False))


def _graded(options: CalibrateOptions, url: str) -> Iterator[dict[str, Any]]:
    """Yield rows of galaxies with a graded bar, outside the test part.

    Raises ValueError if a grade is above 1.
    """
    for row in _rows(options, url, (options.grade_column,), options.grade_column):
        grade = row[options.grade_column]
        if grade > 1:
            raise ValueError(
                f"{options.grade_column}={grade} of galaxy {row['object_id']} is above 1: grades "
                "run from 0 (no bar) to 1; give their column with --grade-column"
            )
        if grade > 0:
            yield row


def _measured(options: CalibrateOptions, url: str) -> Iterator[dict[str, Any]]:
    """Yield rows of galaxies with a measured bar, outside the test part.

    `length_px` and `length_err_px` are in pixels of the stored image, `group` is a word. Raises
    ValueError if a length in arcsec has no pixel scale.
    """
    of, error, group = options.measured_column, options.measured_error, options.group_column
    for row in _rows(options, url, options.measured_columns, of.name, ("pixel_scale_arcsec",)):
        scale = row["pixel_scale_arcsec"] if of.unit == "arcsec" else 1.0
        if not scale:
            raise ValueError(
                f"galaxy {row['object_id']} of {storage.redact(url)} has a length in {of.unit} and "
                "no pixel_scale_arcsec: ingest it with its pixel scale"
            )
        if row[of.name] > 0:
            yield row | {
                "length_px": row[of.name] * of.factor / scale,
                "length_err_px": (row[error] or math.nan) * of.factor / scale
                if error
                else math.nan,
                "group": str(row[group]) if group else "",
            }


def _number(row: dict[str, Any], name: str | None) -> float:
    value = row[name] if name else None
    return math.nan if value is None else float(value)


def _rows(
    options: CalibrateOptions,
    url: str,
    columns: tuple[str, ...],
    known: str,
    manifest: tuple[str, ...] = (),
) -> Iterator[dict[str, Any]]:
    """Yield rows with `columns`, outside the test part, in which `known` is not null."""
    fs, _ = storage.filesystem(url)
    for shard in list_shards(url):
        for table in read_shard(
            fs, shard.path, columns=["object_id", "image", *manifest], extra=columns
        ):
            for row in table.filter(pc.is_valid(table[known])).to_pylist():
                if part_of(row["object_id"], options.split) != "test":
                    yield row


def _table(trials: list[ReadingScore], count: int) -> Table:
    table = Table(title=f"the ten best readings, on {count} galaxies with known bars")
    for name in ("reading", "measured", "median |error|", "rho", "angle"):
        table.add_column(name, justify="right")
    for t in trials[:10]:
        table.add_row(
            words(t.params), f"{t.measured:.1%}", f"{t.median_error:.1%}", f"{t.rho:.3f}",
            f"{t.median_angle_error_deg:.1f} deg",
        )  # fmt: skip
    return table


def execute(options: CalibrateOptions) -> int:
    """Run the command. Returns the exit status (see pipelines.console.finish)."""
    return terminal.finish(run, options, PROG)
