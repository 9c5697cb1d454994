"""Last stage of a grid on Ray: measure the maps, one Tune trial for each kind of map."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict
from itertools import product
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console

from actors.calibrate.paper_grid_trial import GridTask, grid_trial, kept_points
from catalogues import storage
from models.calibration.paper_grid_scores import GridPoint
from pipelines.calibrate.grid_plan import GridPlan, Options
from pipelines.calibrate.options import GridOptions
from pipelines.cluster.failures import RunFailed, cause

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Task = TypeVar("Task", bound="DataclassInstance")
Point = TypeVar("Point")


def score_points(plan: GridPlan[GridOptions], console: Console) -> list[GridPoint]:
    """Return all points of the grid; runs one Tune trial for each kind of map without a score."""
    axes = plan.options.axes
    tasks = [
        GridTask(
            output=plan.output,
            cache=plan.cache,
            storage=plan.options.storage_options(),
            members=plan.members,
            axes=axes,
            noise_fraction=noise,
            multiply_by_input=multiply,
        )
        for multiply, noise in product(axes.multiply_by_input, axes.noise_fractions)
    ]
    return scored(plan, tasks, grid_trial, kept_points, console)


def scored(
    plan: GridPlan[Options],
    tasks: Sequence[Task],
    trial: Callable[[dict[str, Any]], None],
    kept: Callable[[Task], Sequence[Point] | None],
    console: Console,
) -> list[Point]:
    """Return what the trials of all tasks have stored; first run the missing trials by Tune.

    Raises RunFailed if a trial fails.
    """
    left = [task for task in tasks if kept(task) is None]
    if left:
        console.print(f"{len(left)} of {len(tasks)} kinds of map to measure")
        _tune(plan, left, trial)
    return [point for task in tasks for point in kept(task) or ()]


def _tune(
    plan: GridPlan[Options], tasks: Sequence[Task], trial: Callable[[dict[str, Any]], None]
) -> None:
    from ray import tune  # after the cluster is connected

    tuner = tune.Tuner(
        tune.with_resources(trial, {"cpu": 1}),
        param_space={"task": tune.grid_search([asdict(task) for task in tasks])},
        tune_config=tune.TuneConfig(reuse_actors=True),  # a new process takes longer than a trial
        run_config=tune.RunConfig(
            name="grid", storage_path=storage.join(plan.output, "tune"), verbose=0
        ),
    )
    with redirect_stdout(io.StringIO()):  # Tune prints messages even with verbose=0
        results = tuner.fit()
    for result in results:
        if result.error:
            raise RunFailed(
                f"a trial failed ({cause(result.error)}); maps and finished scores are kept: run "
                "the same command again"
            ) from result.error
