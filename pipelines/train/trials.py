"""Train members as Ray Tune trials: choose the trials that are left, run them, take the best."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console

from catalogues import storage
from catalogues.runs.training import Curve, TrainingRun
from catalogues.storage import StorageError
from models.networks.checkpoints import new_member, published_weights
from models.networks.spec import MemberSpec
from models.training.class_training import network_name
from models.training.params import TrainParams
from models.training.search import SearchParams, variants
from pipelines.train.data import TrainingData
from pipelines.train.options import TrainOptions

_FAILURES_MAX = 2


@dataclass(frozen=True, kw_only=True)
class TrainTrial:
    """One member trained by one recipe.

    Attributes
    ----------
    label
        Name of the trial's folder in the training's output.
    member
        The member.
    params
        The recipe.
    fold
        For a classifier: the fold that is held out.
    """

    label: str
    member: MemberSpec
    params: TrainParams
    fold: int | None = None

    @property
    def config(self) -> dict[str, Any]:
        """Plain values for Ray Tune."""
        return {
            "label": self.label, "member": asdict(self.member), "params": asdict(self.params),
            "fold": self.fold,
        }  # fmt: skip


def trials_of(options: TrainOptions) -> list[list[TrainTrial]]:
    """Return the trials, in groups that run together.

    A group holds all members or, in a search, all recipes of one member.
    """
    if not options.search:
        params = options.params
        folds = options.class_spec.folds if options.class_spec else None
        return [
            [
                TrainTrial(label=m.name, member=m, params=params, fold=i % folds if folds else None)
                for i, m in enumerate(options.specs)
            ]
        ]
    found = variants(options.params, options.search, options.seed)
    return [
        [TrainTrial(label=f"{m.name}-{i:03d}", member=m, params=p) for i, p in enumerate(found)]
        for m in options.specs
    ]


def make_job(
    options: TrainOptions, data: TrainingData, resources: Mapping[str, float], scratch: str
) -> Any:
    """Make the actors.train.trainer.TrainJob.

    Raises ValueError or StorageError if initial weights are not available, or if the cluster has
    too few resources.
    """
    from actors.train.trainer import TrainJob

    gpus = options.gpus
    if gpus is None:
        gpus = 1.0 if resources.get("GPU", 0) >= 1 else 0.0
    given = dict(item.split("=", 1) for item in options.initial_weights)
    found = {name: published_weights(place) for name, place in options.checkpoints.items()}
    found |= {n: storage.read_whole(*storage.filesystem(path)) for n, path in given.items()}
    initial = [
        (spec.name, found[network_name(spec.name)])
        for spec in options.specs
        if network_name(spec.name) in found
    ]
    for spec in options.specs:
        new_member(spec, pretrained=options.pretrained, weights=dict(initial).get(spec.name))
    job = TrainJob(
        run=options.output, scratch=scratch, scans=data.scans, plan=data.plan,
        examples=None if options.stream else storage.join(options.output, "examples"),
        buffer=options.shuffle_buffer, view=options.field_and_view[1],
        device="cuda" if gpus else "cpu", threads=options.cpus, cpus=options.cpus, gpus=gpus,
        workers=options.workers_per_member, pretrained=options.pretrained,
        initial=tuple(initial),
    )  # fmt: skip
    at_once(job, resources)
    return job


def at_once(job: Any, resources: Mapping[str, float]) -> int:
    """Return how many trials fit on the cluster. When streaming, one CPU core is kept for reading.

    Raises ValueError if not even one fits, because it would wait forever.
    """
    reading = 1 if job.examples is None else 0
    cores = resources.get("CPU", 0) - reading
    fits = int(cores // (job.workers * job.cpus))
    if job.gpus:
        fits = min(fits, int(resources.get("GPU", 0) / (job.workers * job.gpus)))
    if fits < 1:
        raise ValueError(
            f"a member needs {job.workers} x {job.cpus} CPU cores and {job.workers} x {job.gpus:g} "
            f"GPUs{' and reading one more core' if reading else ''}; the cluster has "
            f"{resources.get('CPU', 0):g} cores and {resources.get('GPU', 0):g} GPUs: give fewer "
            "--cpus, --gpus or --workers-per-member, or use a larger cluster"
        )
    return fits


def train_trials(
    options: TrainOptions, job: Any, resources: Mapping[str, float], console: Console
) -> list[TrainTrial]:
    """Run the trials that are not finished. Returns the best trial of each member.

    Raises RuntimeError, or a trial's own ValueError or StorageError, if a member has no finished
    trial.
    """
    run = TrainingRun(options.output)
    best = []
    for group in trials_of(options):
        left = [t for t in group if run.end(t.label) is None]
        for trial in group:
            if trial not in left and not options.search:
                console.print(f"{trial.label}: already trained")
        error = None
        if left:
            # a search reports finished trials again, so that it ranks the others as before
            error = _fit(group if options.search else left, options, job, resources, console)
        for name in dict.fromkeys(trial.member.name for trial in group):
            mine = [trial for trial in group if trial.member.name == name]
            best.append(_best(mine, run, error))
    return best


def _fit(
    trials: Sequence[TrainTrial], options: TrainOptions, job: Any, resources: Mapping[str, float],
    console: Console,
) -> Exception | None:  # fmt: skip
    """Run the trials. Returns the first error that ended a trial, or None."""
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")  # the Watcher prints the progress
    os.environ.setdefault("TUNE_DISABLE_SIGINT_HANDLER", "1")  # Ctrl-C ends the command at once
    from ray import tune  # only after the cluster has started

    from actors.train.trainer import train_member
    from actors.train.trial_log import Watcher

    bundle = {"CPU": float(job.cpus), "GPU": float(job.gpus)}
    if job.workers > 1:
        bundle = {"memory": 1.0}  # its workers compute; but Tune needs a resource for each trial
    trainable = tune.with_resources(
        tune.with_parameters(train_member, job=job), tune.PlacementGroupFactory([bundle])
    )
    epochs = options.params.all_epochs
    watcher = Watcher(TrainingRun(options.output), epochs, console.print)
    tuner = tune.Tuner(
        trainable,
        param_space={"trial": tune.grid_search([trial.config for trial in trials])},
        tune_config=tune.TuneConfig(
            max_concurrent_trials=at_once(job, resources),
            **(_asha(epochs) if options.search else {}),
        ),
        run_config=tune.RunConfig(
            name=trials[0].label, storage_path=job.scratch, callbacks=[watcher], verbose=0,
            failure_config=tune.FailureConfig(max_failures=_FAILURES_MAX),
        ),
    )  # fmt: skip
    return next((result.error for result in tuner.fit() if result.error), None)


def _asha(epochs: int) -> dict[str, Any]:
    from ray.tune.schedulers import ASHAScheduler

    space = SearchParams()
    scheduler = ASHAScheduler(
        max_t=epochs, grace_period=min(space.grace_epochs, epochs),
        reduction_factor=space.reduction,
    )  # fmt: skip
    return {"scheduler": scheduler, "metric": "validation_rmse", "mode": "min"}


def best_point(curve: Curve) -> dict[str, Any]:
    """Return the epoch whose weights are kept."""
    return [point for point in curve if point["improved"]][-1]


def _best(trials: Sequence[TrainTrial], run: TrainingRun, error: Exception | None) -> TrainTrial:
    """Return the finished trial with the lowest RMSE. Raises an error if none finished."""
    reached = {}
    for trial in trials:
        how, curve = run.end(trial.label) or ("", [])
        if how == "finished":
            reached[trial.label] = best_point(curve)["validation_rmse"]
    if not reached:
        cause = getattr(error, "cause", None)
        if isinstance(cause, ValueError | StorageError):
            raise cause
        raise RuntimeError(f"training member {trials[0].member.name!r} failed: {error}") from error
    return min(
        (trial for trial in trials if trial.label in reached), key=lambda t: reached[t.label]
    )


def searched(options: TrainOptions) -> list[dict[str, Any]]:
    """Return the recipes that a search tried and their results, the best first for each member."""
    run, rows = TrainingRun(options.output), []
    for group in trials_of(options) if options.search else []:
        tried = []
        for trial in group:
            how, curve = run.end(trial.label) or ("failed", [])
            points = [p for p in curve if p["improved"]]
            rmse = points[-1]["validation_rmse"] if points else None
            tried.append(
                {
                    "trial": trial.label, "member": trial.member.name, "how": how,
                    "epochs": len(curve), "rmse": rmse, "learning_rate": trial.params.learning_rate,
                    "weight_decay": trial.params.weight_decay,
                    "batch_size": trial.params.batch_size, "average": trial.params.average,
                    "noise": trial.params.augment.noise,
                }
            )  # fmt: skip
        rows += sorted(tried, key=lambda t: (t["how"] != "finished", t["rmse"] or float("inf")))
    return rows
