"""`ansae calibrate --grid paper`: paper 1's hyperparameter grid on galaxies with known lengths.

known lengths -> galaxies -> SmoothGrad once per noise level -> one Tune trial per kind of map ->
table 2, surface, estimator. The same command continues an interrupted grid.
"""

from __future__ import annotations

from rich.console import Console

from pipelines.calibrate.options import GridOptions
from pipelines.cluster.resources import cluster, import_ray


def run(options: GridOptions, console: Console | None = None) -> None:
    """Run the rest of the grid, write and print its results.

    Raises StorageError and ValueError if the user made a mistake, before any map is made; raises
    RunFailed if the run fails.
    """
    import_ray()  # sets Ray's environment before the actors import Ray
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
