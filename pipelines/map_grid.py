"""`ansae calibrate --grid maps`: which kind of map, which reading of it, at which crop.

known bars -> galaxies -> every kind of map once -> one Tune trial per kind reads it in every way ->
one table, the best one's errors, estimator. What an interruption has left is gone on with by the
same command.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from rich.console import Console

from models.map_kinds import MapAxes
from models.recipe import Recipe
from models.saliency import SmoothGradParams
from pipelines import console as terminal
from pipelines.grid import PROG, GridFailed, KnownBarsOptions
from pipelines.resources import cluster, import_ray

ANGLE = "true_bar_position_angle_deg"
"""Where mock galaxies have their angles."""


@dataclass(frozen=True, kw_only=True)
class MapGridOptions(KnownBarsOptions):
    """Compare kinds of map, readings and crops on galaxies with known bars; choose the best.

    Each reading of each kind is calibrated on these galaxies before it is judged by its median
    error, its correlation and the share of galaxies it measures. Needs shards with a column of
    known bar lengths. Galaxies of the test part (a hash of object_id, as in `ansae train`) are
    never looked at. The same command again goes on where an interrupted one has stopped.

    By default 24 kinds of map are made: for the compact ensemble 12 times the gradients of
    `ansae measure`, and 6 MB on disk, for each galaxy.
    """

    grid: Literal["maps"] = "maps"
    """Kinds of map and readings on the axes below."""
    axes: MapAxes = field(default_factory=MapAxes)
    """What is combined."""
    galaxies: int = 300
    """At most so many, the first ones of the input; a trial holds one kind of their maps in
    memory."""
    select: Literal["all", "bar"] = "bar"
    """Galaxies with a known length that also the networks' votes call barred, or all."""
    angle: str | None = None
    """Column of known position angles, counter-clockwise from image up; by default
    true_bar_position_angle_deg where the input has it."""

    def angle_among(self, names: Sequence[str]) -> str | None:
        """Raises ValueError where a column that was asked for is not there."""
        if self.angle is not None and self.angle not in names:
            raise ValueError(
                f"the input has no column {self.angle!r} for --angle: it has {', '.join(names)}"
            )
        return self.angle or (ANGLE if ANGLE in names else None)

    @property
    def kinds(self) -> dict[str, SmoothGradParams]:
        """Every kind of the axes."""
        return {kind.name: kind.smoothgrad(self.samples) for kind in self.axes.kinds}

    @property
    def facts(self) -> dict[str, Any]:
        """The kinds' names say all the rest."""
        return {"samples": self.samples}


def run(options: MapGridOptions, console: Console | None = None) -> Recipe:
    """Run what is left of the grid, write and print its results, return the best recipe.

    Raises StorageError and ValueError for mistakes, before any map is made; GridFailed.
    """
    import_ray()  # with its environment set, before the actors import it
    from pipelines.grid_plan import make_plan
    from pipelines.grid_stages import galaxies_and_maps
    from pipelines.map_grid_results import best_of, score_maps, with_errors, write_results

    console = console or Console()
    plan = make_plan(options)
    with cluster(options.cluster) as resources:
        plan = plan.on(resources)
        galaxies = galaxies_and_maps(plan, console)
        rows = score_maps(plan, console)
        best = best_of(rows)
        recipe = with_errors(plan, best, galaxies, console)
    write_results(plan, rows, recipe, console)
    plan.end()
    return recipe


def main(argv: list[str] | None = None) -> int:
    """The command line."""
    try:
        return terminal.simple(MapGridOptions, run, PROG, argv)
    except GridFailed as error:
        return terminal.complain(PROG, str(error), terminal.FAILURE)


if __name__ == "__main__":
    sys.exit(main())
