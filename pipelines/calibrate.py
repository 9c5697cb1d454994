"""`ansae calibrate`: galaxies with known bars -> maps -> the reading that measures them best."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any

import pyarrow.compute as pc
import tyro
from rich.console import Console
from rich.progress import track
from rich.table import Table

from catalogues import storage
from catalogues.kept_arrays import KeptArrays
from catalogues.manifest import SCHEMA
from catalogues.shards import list_shards, read_shard
from catalogues.splits import SplitFractions, part_of
from models.calibration import candidates, tried
from models.error_calibration import fit_errors
from models.estimator import EstimatorParams
from models.known_bars import KnownBar, Trial
from models.readings import words
from models.recipe import Recipe
from models.refined_calibration import GradedBar, TooFewBars, refine
from models.saliency import SmoothGradParams
from models.views import ViewParams
from pipelines import console as terminal
from pipelines import grid, map_grid
from pipelines.resources import ClusterOptions, cluster

_MEMBERS_TOO = "--no-refine also tries the lengths of each member's own map"
TRUTH = ("true_bar_length_px", "true_bar_position_angle_deg")


@dataclass(frozen=True, kw_only=True)
class CalibrateOptions:
    """Choose how an ensemble's maps are read, on galaxies whose bars are known.

    Needs shards with true_bar_length_px and true_bar_position_angle_deg (mock galaxies). Galaxies
    of the test part (a hash of object_id, as in `ansae train`) are never looked at.

    Maps are kept beside the output until it is written (three quarters of a MB for each galaxy that
    the votes select): killed, the same command goes on.

    `--grid paper` runs the hyperparameter grid of the paper instead, `--grid maps` compares kinds
    of map, readings and crops; both on any galaxies with known bar lengths: see `ansae calibrate
    --grid paper --help` and `--grid maps --help`.
    """

    input: Annotated[tuple[str, ...], tyro.conf.Positional]
    """Folders or URLs of image shards with truth columns. Lengths and errors are calibrated on the
    first; the others help to teach the refinement."""
    output: str
    """File to write: estimator.json, for `ansae measure --estimator`."""
    ensemble: str = "compact"
    """'compact', or path or URL of an ensemble.json."""
    galaxies: int = 600
    """Barred galaxies to look at in each of them."""
    refine: bool = True
    """Teach a small network to correct lengths by the map and the light in the bar's frame, and
    keep it if it does on galaxies that did not teach it; needs 200 known bars that are measured."""
    graded: tuple[str, ...] = ()
    """Image shards of real galaxies whose bars experts graded, which help to teach it."""
    grade_column: str = "efigi_bar_length"
    """Their column of grades, 0.25 to 1; 0 or null: no bar."""
    samples: int = 256
    """Noise samples of a map."""
    noise_fraction: float = 0.1
    """Standard deviation of the noise as a fraction of the image's range."""
    seed: int = 0
    """Seed of the noise."""
    split: SplitFractions = field(default_factory=SplitFractions)
    """Shares of validation and test, as trained with."""
    cluster: ClusterOptions = field(default_factory=ClusterOptions)
    """Where to compute."""

    def __post_init__(self) -> None:
        if not self.input:
            raise ValueError("no data given: name folders or URLs of shards with truth columns")
        if self.graded and not self.refine:
            raise ValueError("graded bars teach a refinement: leave out --graded or --no-refine")
        if self.grade_column in SCHEMA.names:
            raise ValueError(
                f"grade_column={self.grade_column!r} is a column of every manifest and holds no "
                "grades: give the column of the experts' grades"
            )

    @cached_property
    def kept(self) -> KeptArrays:
        """Where maps lie until the estimator is written."""
        return KeptArrays(f"{storage.absolute(self.output)}.maps")

    @property
    def maps(self) -> SmoothGradParams:
        """How maps are made: signed, through rotations, reflections and widths."""
        view = ViewParams(width=0.72, width_range=(0.58, 1.0), rotate=True, reflect=True)
        return SmoothGradParams(samples=self.samples, noise_fraction=self.noise_fraction, view=view)


def run(options: CalibrateOptions, console: Console | None = None) -> Recipe:
    """Calibrate, write the estimator, print what was tried; returns the recipe."""
    console = console or Console()
    used = options.input if options.refine else options.input[:1]
    rows, *more = ([*_barred(options, url)] for url in used)
    graded = [row for url in options.graded for row in _graded(options, url)]
    if before := options.kept.count():
        console.print(f"goes on: maps of {before} galaxies lie in {options.kept.folder}")
    with cluster(options.cluster) as resources:
        found = Maps(options, int(resources.get("CPU", 1)), console)
        known, experts = found.known(rows), found.graded(graded)
        also = [bar for each in more for bar in found.known(each)]
    members = 1 if options.refine or not known else len(known[0].maps)
    trials = tried(known, list(candidates(members=members)))
    best, trials, each = _refined(options, known, also, experts, trials, console)
    reading = fit_errors(known, best, each)
    recipe = Recipe(maps=options.maps, reading=reading)
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
    trials: list[Trial],
    console: Console,
) -> tuple[EstimatorParams, list[Trial], list[EstimatorParams] | None]:
    """The best trial's reading, refined if that makes it better; all trials, best first; what is to
    read each known bar where its errors are judged (None: that reading itself)."""
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
            f"not refined: lengths of galaxies that did not teach it would be wrong by "
            f"{made.trial.median_error:.1%} (median) instead of {best.median_error:.1%}; "
            f"{_MEMBERS_TOO}"
        )
        return best.params, trials, None
    return made.params, [made.trial, *trials], made.each


def _barred(options: CalibrateOptions, url: str) -> Iterator[dict[str, Any]]:
    """Rows of galaxies with a known bar, not of the test part, until there are enough."""
    rows = _rows(options, url, TRUTH, TRUTH[0])
    return (row for row, _ in zip(rows, range(options.galaxies), strict=False))


def _graded(options: CalibrateOptions, url: str) -> Iterator[dict[str, Any]]:
    """Rows of galaxies with a graded bar, not of the test part. Raises ValueError for a grade
    beyond 1."""
    for row in _rows(options, url, (options.grade_column,), options.grade_column):
        grade = row[options.grade_column]
        if grade > 1:
            raise ValueError(
                f"{options.grade_column}={grade} of galaxy {row['object_id']}: grades run from 0 "
                "(no bar) to 1; give their column with --grade-column"
            )
        if grade > 0:
            yield row


def _rows(
    options: CalibrateOptions, url: str, columns: tuple[str, ...], known: str
) -> Iterator[dict[str, Any]]:
    """Rows with `columns`, of which `known` is not null, that are not of the test part."""
    fs, _ = storage.filesystem(url)
    for shard in list_shards(url):
        for table in read_shard(fs, shard.path, columns=["object_id", "image"], extra=columns):
            for row in table.filter(pc.is_valid(table[known])).to_pylist():
                if part_of(row["object_id"], options.split) != "test":
                    yield row


class Maps:
    """Maps of galaxies by the connected cluster, in the order of their rows."""

    def __init__(self, options: CalibrateOptions, cpus: int, console: Console) -> None:
        from actors.calibrator import Calibrator  # only once the cluster is there

        device = "cpu" if options.cluster.device == "auto" else options.cluster.device
        left_out = "maps" if options.refine else "lengths"
        self.column, self.console = options.grade_column, console
        self.actors = [
            Calibrator.remote(  # type: ignore[attr-defined]
                options.ensemble, options.maps, options.seed, device, left_out, options.kept.folder
            )
            for _ in range(max(1, cpus))
        ]

    def known(self, rows: list[dict[str, Any]]) -> list[KnownBar]:
        """Of known bars, those that the votes select."""
        return self._made("maps", rows, lambda a, row: a.known.remote(row))

    def graded(self, rows: list[dict[str, Any]]) -> list[GradedBar]:
        """Of graded bars, those that the votes select."""
        return self._made("graded", rows, lambda a, row: a.graded.remote(row, self.column))

    def _made(self, what: str, rows: list[dict[str, Any]], ask: Callable[..., Any]) -> list[Any]:
        from ray.exceptions import RayTaskError
        from ray.util import ActorPool

        found = track(ActorPool(self.actors).map(ask, rows), what, len(rows), console=self.console)
        try:
            return [one for one in found if one is not None]
        except RayTaskError as error:
            raise error.cause from None


def _table(trials: list[Trial], count: int) -> Table:
    table = Table(title=f"readings of {count} galaxies with known bars, the best ten")
    for name in ("reading", "measured", "median |error|", "rho", "angle"):
        table.add_column(name, justify="right")
    for t in trials[:10]:
        table.add_row(
            words(t.params), f"{t.measured:.1%}", f"{t.median_error:.1%}", f"{t.rho:.3f}",
            f"{t.median_angle_error_deg:.1f} deg",
        )  # fmt: skip
    return table


def main(argv: list[str] | None = None) -> int:
    """The command line."""
    grids = {"paper": grid.main, "maps": map_grid.main}
    asked = grid.asked_for(sys.argv[1:] if argv is None else argv)
    if asked in grids:
        return grids[asked](argv)
    if asked is not None:
        said = f"{asked!r} is no grid: --grid paper, or --grid maps"
        return terminal.complain(grid.PROG, said, terminal.MISTAKE)
    return terminal.simple(CalibrateOptions, run, "ansae calibrate", argv)


if __name__ == "__main__":
    sys.exit(main())
