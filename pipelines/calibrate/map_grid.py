"""`ansae calibrate --grid maps`: which kind of map, which reading of it, at which crop.

known bars -> galaxies -> every kind of map once -> one Tune trial per kind reads it in every way ->
one table, the best one's errors, estimator. What an interruption has left is gone on with by the
same command.
"""

from __future__ import annotations

from rich.console import Console

from models.recipe import Recipe
from pipelines.calibrate.options import MapGridOptions
from pipelines.cluster.resources import cluster, import_ray


def run(options: MapGridOptions, console: Console | None = None) -> Recipe:
    """Run what is left of the grid, write and print its results, return the best recipe.

    Raises StorageError and ValueError for mistakes, before any map is made; RunFailed.
    """
    import_ray()  # with its environment set, before the actors import it
    from pipelines.calibrate.grid_plan import make_plan
    from pipelines.calibrate.grid_stages import galaxies_and_maps
    from pipelines.calibrate.map_grid_results import best_of, score_maps, with_errors, write_results

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
