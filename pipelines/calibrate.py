"""`ansae calibrate`: galaxies with known bars -> maps -> the reading that measures them best."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import pyarrow.compute as pc
import tyro
from rich.console import Console
from rich.progress import track
from rich.table import Table

from catalogues import storage
from catalogues.shards import list_shards, read_shard
from catalogues.splits import SplitFractions, part_of
from models.calibration import KnownBar, Trial, calibrate, candidates
from models.readings import words
from models.recipe import Recipe
from models.saliency import SmoothGradParams
from models.views import ViewParams
from pipelines import console as terminal
from pipelines import grid, map_grid
from pipelines.resources import ClusterOptions, cluster

TRUTH = ("true_bar_length_px", "true_bar_position_angle_deg")


@dataclass(frozen=True, kw_only=True)
class CalibrateOptions:
    """Choose how an ensemble's maps are read, on galaxies whose bars are known.

    Needs shards with true_bar_length_px and true_bar_position_angle_deg (mock galaxies). Galaxies
    of the test part (a hash of object_id, as in `ansae train`) are never looked at.

    `--grid paper` runs the hyperparameter grid of the paper instead, `--grid maps` compares kinds
    of map, readings and crops; both on any galaxies with known bar lengths: see `ansae calibrate
    --grid paper --help` and `--grid maps --help`.
    """

    input: Annotated[str, tyro.conf.Positional]
    """Folder or URL of image shards with truth columns."""
    output: str
    """File to write: estimator.json, for `ansae measure --estimator`."""
    ensemble: str = "compact"
    """'compact', or path or URL of an ensemble.json."""
    galaxies: int = 300
    """Barred galaxies to look at."""
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

    @property
    def maps(self) -> SmoothGradParams:
        """How maps are made: signed, through rotations, reflections and widths."""
        view = ViewParams(width=0.72, width_range=(0.58, 1.0), rotate=True, reflect=True)
        return SmoothGradParams(samples=self.samples, noise_fraction=self.noise_fraction, view=view)


def run(options: CalibrateOptions, console: Console | None = None) -> Recipe:
    """Calibrate, write the estimator, print what was tried; returns the recipe."""
    console = console or Console()
    rows = list(_barred(options))
    with cluster(options.cluster) as resources:
        known = _maps(options, rows, int(resources.get("CPU", 1)), console)
    members = len(known[0].maps) if known else 1
    reading, trials = calibrate(known, list(candidates(members=members)))
    recipe = Recipe(maps=options.maps, reading=reading)
    fs, path = storage.filesystem(str(Path(options.output)))
    storage.write_whole(fs, path, json.dumps(recipe.to_dict(), indent=1).encode())
    console.print(_table(trials, len(known)))
    console.print(
        f"1-sigma error: {reading.error_floor:.3f} + {reading.error_doubt:.3f} x (1 - bar "
        f"fraction) of the length (+) the members' spread (+) {reading.error_sampling:.2g} x the "
        "sampling error"
    )
    return recipe


def _barred(options: CalibrateOptions) -> Iterator[dict[str, Any]]:
    """Rows of galaxies with a known bar, not of the test part, until there are enough."""
    fs, _ = storage.filesystem(options.input)
    left = options.galaxies
    for shard in list_shards(options.input):
        for table in read_shard(fs, shard.path, columns=["object_id", "image"], extra=TRUTH):
            for row in table.filter(pc.is_valid(table[TRUTH[0]])).to_pylist():
                if part_of(row["object_id"], options.split) != "test" and left > 0:
                    left -= 1
                    yield row
        if not left:
            return


def _maps(
    options: CalibrateOptions, rows: list[dict[str, Any]], cpus: int, console: Console
) -> list[KnownBar]:
    from ray.util import ActorPool  # only once the cluster is there

    from actors.calibrator import Calibrator

    device = "cpu" if options.cluster.device == "auto" else options.cluster.device
    actors = [
        Calibrator.remote(options.ensemble, options.maps, options.seed, device)  # type: ignore[attr-defined]
        for _ in range(max(1, cpus))
    ]
    results = ActorPool(actors).map_unordered(lambda a, row: a.known.remote(row), rows)
    found = track(results, "maps", total=len(rows), console=console)
    return [known for known in found if known is not None]


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
