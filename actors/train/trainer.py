"""The Tune trainable: one trial trains one member, and goes on where an earlier one was stopped.

One trial on several GPUs (or CPUs): Ray Train inside the trial, gradients averaged.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import ray.train
import torch
from ray import tune
from ray.train import RunConfig, ScalingConfig
from ray.train.torch import TorchConfig, TorchTrainer, get_device
from ray.tune.integration.ray_train import TuneReportCallback

from actors.train.class_examples import ClassPlan, ClassScan, load_class_examples
from actors.train.examples import ELLIPSES, FIELDS, PARTS, ExamplePlan, ShardScan
from actors.train.stream import CanvasStream
from catalogues.runs.training import Curve, TrainingRun
from models.networks.checkpoints import new_member
from models.networks.member import Member
from models.networks.spec import member_spec
from models.networks.weights import dump_member
from models.training.examples import Examples, ExampleSource
from models.training.guidance import Guidance, KnownBars
from models.training.params import AugmentParams, GuideParams, TrainParams
from models.training.process_group import ALONE, ProcessGroup
from models.training.trainer import Trainer
from models.view_params import ViewParams

Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, kw_only=True)
class TrainJob:
    """What all trials of a training share.

    run: address of its files (catalogues.runs.training). scratch: a folder for what Ray Train
    writes and nobody reads. scans, plan: the shards. examples: folder of gathered examples; None to
    stream them through a shuffle buffer of `buffer` galaxies. view: what members see in votes.
    threads, cpus, gpus, workers: per process of a trial, and how many processes. pretrained,
    initial: of models.networks.checkpoints, the latter by the member's name.
    """

    run: str
    scratch: str
    scans: Sequence[ShardScan] | Sequence[ClassScan]
    plan: ExamplePlan | ClassPlan
    examples: str | None
    buffer: int
    view: ViewParams
    device: str = "cpu"
    threads: int = 1
    cpus: int = 1
    gpus: float = 0.0
    workers: int = 1
    pretrained: bool = False
    initial: tuple[tuple[str, bytes], ...] = ()

    def source(self, part: str, fold: int | None = None) -> ExampleSource:
        """Examples of one part ("train", "validation"); of classes, with this fold held out."""
        if isinstance(self.plan, ClassPlan):
            assert self.examples is not None, "classes are gathered"
            assert fold is not None, "and cross-validated"
            return load_class_examples(self.examples, len(self.plan.spec.names), fold, part)
        if self.examples is not None:
            return load_examples(self.examples, part)
        scans = [scan for scan in self.scans if isinstance(scan, ShardScan)]
        return CanvasStream(scans=scans, plan=self.plan, part=part, buffer=self.buffer)


def load_examples(folder: str | Path, part: str) -> Examples:
    """Gathered examples of one part as memory maps: nothing is read before use."""
    folder = Path(folder)
    return Examples(*(np.load(folder / f"{part}_{name}.npy", mmap_mode="r") for name in FIELDS))


def load_known_bars(folder: str | Path, part: str) -> KnownBars:
    """Gathered examples with the ellipses of their bars."""
    ellipses = np.load(Path(folder) / f"{part}_{ELLIPSES}.npy", mmap_mode="r")
    return KnownBars(load_examples(folder, part), ellipses)


def guidance(params: TrainParams, job: TrainJob) -> Guidance | None:
    """Known bars for a recipe that has a guided stage. Raises ValueError where there are none."""
    if params.guide is None:
        return None
    if job.examples is None:
        raise ValueError("known bars are not streamed: gather the examples, or leave the guide out")
    parts = (load_known_bars(job.examples, part) for part in PARTS)
    return Guidance(params.guide, params.augment, *parts)


def train_params(raw: dict[str, Any]) -> TrainParams:
    """TrainParams from plain values, as a trial's configuration holds them."""
    augment: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in raw["augment"].items()
    }
    guide = None if raw.get("guide") is None else GuideParams(**raw["guide"])
    return TrainParams(**{**raw, "augment": AugmentParams(**augment), "guide": guide})


def train_member(config: dict[str, Any], job: TrainJob) -> None:
    """Train the member of `config["trial"]`: its `label`, `member`, `params` and `fold` as plain
    values.

    Every epoch is reported to Tune, those of an earlier, interrupted trial first, so that a search
    judges as if there had been no break.
    """
    config = config["trial"]
    ended = TrainingRun(job.run).end(config["label"])
    if ended is not None:
        for point in ended[1]:
            tune.report(point)
    elif job.workers == 1:
        train(config, job, ALONE, torch.device(job.device), tune.report)
    else:
        train_in_a_team(config, job)


def train(
    config: dict[str, Any], job: TrainJob, group: ProcessGroup, device: torch.device, report: Report
) -> None:
    """One process's part of a trial: to the end of the recipe, its state kept after every epoch.

    Raises ValueError where the training diverged.
    """
    run, label = TrainingRun(job.run), str(config["label"])
    torch.set_num_threads(job.threads)
    trainer, curve = restored(config, job, group, device, run.state(label))
    for point in curve:
        report(point)
    began = time.monotonic()
    fold = config.get("fold")
    for result in trainer.epochs(job.source("train", fold), job.source("validation", fold)):
        ended = datetime.now(UTC).isoformat(timespec="milliseconds")
        seconds = round(time.monotonic() - began, 3)
        curve.append({**asdict(result), "seconds": seconds, "ended": ended})
        if group.rank == 0:  # before Tune hears of it: a search ends a trial at its last report
            if trainer.finished and np.isfinite(trainer.best_loss):
                run.finish(label, best_weights(trainer), curve)
            else:
                run.keep(label, dump_state(trainer, curve))
        report(curve[-1])
        began = time.monotonic()
    if not np.isfinite(trainer.best_loss):
        raise ValueError(
            f"the training of {label!r} diverged: its validation loss never was a number; lower "
            f"learning_rate={trainer.params.learning_rate}"
        )


def restored(
    config: dict[str, Any],
    job: TrainJob,
    group: ProcessGroup,
    device: torch.device,
    state: bytes | None,
) -> tuple[Trainer, Curve]:
    """A trainer as `state` left it, and its learning curve so far; a new one for None."""
    params, spec = train_params(config["params"]), member_spec(config["member"])
    torch.manual_seed(params.seed)
    bars = guidance(params, job)
    if state is not None:
        trainer = Trainer(Member(spec), params, job.view, device, group, bars)
        kept = torch.load(io.BytesIO(state), map_location="cpu", weights_only=True)
        trainer.load_state_dict(kept["trainer"])
        return trainer, list(kept["curve"])
    initial = dict(job.initial).get(spec.name)
    member = new_member(spec, pretrained=job.pretrained, weights=initial)
    return Trainer(member, params, job.view, device, group, bars), []


def dump_state(trainer: Trainer, curve: Curve) -> bytes:
    """Everything that `restored` needs, as one file; read back without unpickling code."""
    out = io.BytesIO()
    torch.save({"trainer": trainer.state_dict(), "curve": curve}, out)
    return out.getvalue()


def best_weights(trainer: Trainer) -> bytes:
    """The best epoch's weights as a safetensors file."""
    best = Member(trainer.member.spec)
    best.load_state_dict(trainer.best_state)
    return dump_member(best)


def train_in_a_team(config: dict[str, Any], job: TrainJob) -> None:
    """Train one member with `job.workers` processes; to be called inside a Tune trial.

    Each has `job.cpus` and `job.gpus`, besides the trial's own. On CPUs they talk by gloo, on GPUs
    by NCCL. Raises what a process raises.
    """
    resources: dict[str, float] = {"CPU": job.cpus}
    if job.gpus:
        resources["GPU"] = job.gpus
    trainer = TorchTrainer(
        _work,
        train_loop_config={"config": config, "job": job},
        torch_config=TorchConfig(backend="nccl" if job.gpus >= 1 else "gloo"),
        scaling_config=ScalingConfig(
            num_workers=job.workers, use_gpu=job.gpus > 0, resources_per_worker=resources
        ),
        run_config=RunConfig(
            name=str(config["label"]), storage_path=job.scratch, callbacks=[TuneReportCallback()]
        ),
    )
    trainer.fit()


def _work(both: dict[str, Any]) -> None:
    context = ray.train.get_context()
    group = ProcessGroup(rank=context.get_world_rank(), size=context.get_world_size())
    device = get_device() if both["job"].gpus else torch.device("cpu")
    train(both["config"], both["job"], group, device, ray.train.report)
