"""The command `ansae calibrate`: galaxies with known bars -> maps -> the best estimator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table

from catalogues import storage
from catalogues.shards.reading import list_shards, read_shard
from catalogues.shards.splits import part_of
from catalogues.truth.columns import TRUE_ANGLE_DEG, TRUE_LENGTH_PX
from models.barlength.estimator import EstimatorParams
from models.calibration.errors import fit_errors
from models.calibration.known_bars import KnownBar, ReadingScore
from models.calibration.lengths import candidates, tried
from models.calibration.readings import words
from models.calibration.refined import GradedBar, TooFewBars, refine
from models.recipe import Recipe
from pipelines import console as terminal
from pipelines.calibrate.known_bar_maps import Maps
from pipelines.calibrate.options import _MEMBERS_TOO, PROG, CalibrateOptions
from pipelines.cluster.resources import cluster

TRUTH = (TRUE_LENGTH_PX, TRUE_ANGLE_DEG)


def run(options: CalibrateOptions, console: Console | None = None) -> Recipe:
    """Calibrate, write the estimator and print what was tried. Returns the recipe."""
    console = console or Console()
    used = options.input if options.refine else options.input[:1]
    rows, *more = ([*_barred(options, url)] for url in used)
    graded = [row for url in options.graded for row in _graded(options, url)]
    if before := options.kept.count():
        console.print(f"continues: {options.kept.folder} has the maps of {before} galaxies")
    with cluster(options.cluster) as resources:
        found = Maps(options, int(resources.get("CPU", 1)), console)
        known, experts = found.known(rows), found.graded(graded)
        also = [bar for each in more for bar in found.known(each)]
    members = 1 if options.refine or not known else len(known[0].maps)
    trials = tried(known, list(candidates(members=members)))
    best, trials, each = _refined(options, known, also, experts, trials, console)
    reading = fit_errors(known, best, each)
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
    known: list[KnownBar],
    also: list[KnownBar],
    experts: list[GradedBar],
    trials: list[ReadingScore],
    console: Console,
) -> tuple[EstimatorParams, list[ReadingScore], list[EstimatorParams] | None]:
    """Refine the best estimator, if that makes it better.

    Returns the estimator; all trials, best first; and for each known bar the estimator that
    measures it when the errors are fitted (None: the returned estimator measures all).
    """
    best = trials[0]
    if not options.refine:
        return best.params, trials, None
    try:
        made = refine(known, best.params, experts, also=also)
    except TooFewBars as error:
        console.print(f"not refined: {error}; {_MEMBERS_TOO}")
        return best.params, trials, None
    if made.trial.median_error >= best.median_error:
        console.print(
            f"not refined: the error on galaxies that did not train the refinement would be "
            f"{made.trial.median_error:.1%} (median) instead of {best.median_error:.1%}; "
            f"{_MEMBERS_TOO}"
        )
        return best.params, trials, None
    return made.params, [made.trial, *trials], made.each


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


def _rows(
    options: CalibrateOptions, url: str, columns: tuple[str, ...], known: str
) -> Iterator[dict[str, Any]]:
    """Yield rows with `columns`, outside the test part, in which `known` is not null."""
    fs, _ = storage.filesystem(url)
    for shard in list_shards(url):
        for table in read_shard(fs, shard.path, columns=["object_id", "image"], extra=columns):
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
