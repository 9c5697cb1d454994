"""`ansae calibrate --grid paper`: the paper's hyperparameter grid on galaxies with known lengths.

known lengths -> galaxies -> SmoothGrad once per noise level -> one Tune trial per kind of map ->
table 2, surface, estimator. What an interruption has left is gone on with by the same command.
"""

from __future__ import annotations

from rich.console import Console

from pipelines.calibrate.options import GridOptions
from pipelines.cluster.resources import cluster, import_ray


def run(options: GridOptions, console: Console | None = None) -> None:
    """Run what is left of the grid, write and print its results.

    Raises StorageError and ValueError for mistakes, before any map is made; RunFailed.
    """
    import_ray()  # with its environment set, before the actors import it
    from pipelines.calibrate.grid_plan import make_plan
    from pipelines.calibrate.grid_stages import galaxies_and_maps
    from pipelines.calibrate.grid_trials import score_points
    from pipelines.calibrate.paper_grid_results import write_results

    console = console or Console()
    plan = make_plan(options)
    with cluster(options.cluster) as resources:
        plan = plan.on(resources)
        galaxies_and_maps(plan, console)
        points = score_points(plan, console)
    write_results(plan, points, console)
    plan.end()
