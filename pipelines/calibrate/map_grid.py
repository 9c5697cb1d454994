"""`ansae calibrate --grid maps`: find the best kind of map, estimator and crop.

known bars -> galaxies -> every kind of map once -> one Tune trial per kind tries all estimators ->
one table, the errors of the best, estimator.json. The same command continues an interrupted grid.
"""

from __future__ import annotations

from rich.console import Console

from models.recipe import Recipe
from pipelines.calibrate.options import MapGridOptions
from pipelines.cluster.resources import cluster, import_ray


def run(options: MapGridOptions, console: Console | None = None) -> Recipe:
    """Run the rest of the grid, write and print its results. Returns the best recipe.

    Raises StorageError and ValueError if the user made a mistake, before any map is made; raises
    RunFailed if the run fails.
    """
    import_ray()  # sets Ray's environment before the actors import Ray
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
