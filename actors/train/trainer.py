"""Tune trial of `ansae train`: train one member, or resume its training where it was stopped.

A trial on several GPUs (or CPUs) runs Ray Train inside the trial, which averages the gradients.
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
    """Parameters that all trials of a training share.

    Attributes
    ----------
    run
        Address of the run's files (catalogues.runs.training).
    scratch
        Folder for files that Ray Train writes and nobody reads.
    scans, plan
        The shards, and how their rows become examples.
    examples
        Folder of gathered examples; None to stream them.
    buffer
        Number of galaxies in the shuffle buffer, if examples are streamed.
    view
        What members see when they vote.
    device
        "cpu" or "cuda".
    threads, cpus, gpus
        Threads, CPUs and GPUs of each process of a trial.
    workers
        Number of processes of a trial.
    pretrained
        Whether members start from pretrained weights (models.networks.checkpoints).
    initial
        (name of a member, its initial weights) pairs (models.networks.checkpoints).
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
        """Return the examples of one part ("train", "validation").

        Classes are cross-validated: `fold` is the fold that is held out.
        """
        if isinstance(self.plan, ClassPlan):
            assert self.examples is not None, "examples of classes are gathered, not streamed"
            assert fold is not None, "classes are cross-validated"
            return load_class_examples(self.examples, len(self.plan.spec.names), fold, part)
        if self.examples is not None:
            return load_examples(self.examples, part)
        scans = [scan for scan in self.scans if isinstance(scan, ShardScan)]
        return CanvasStream(scans=scans, plan=self.plan, part=part, buffer=self.buffer)


def load_examples(folder: str | Path, part: str) -> Examples:
    """Open gathered examples of one part as memory maps: nothing is read before use."""
    folder = Path(folder)
    return Examples(*(np.load(folder / f"{part}_{name}.npy", mmap_mode="r") for name in FIELDS))


def load_known_bars(folder: str | Path, part: str) -> KnownBars:
    """Open gathered examples of one part with the ellipses of their bars."""
    ellipses = np.load(Path(folder) / f"{part}_{ELLIPSES}.npy", mmap_mode="r")
    return KnownBars(load_examples(folder, part), ellipses)


def guidance(params: TrainParams, job: TrainJob) -> Guidance | None:
    """Return known bars for a recipe with a guided stage; None for other recipes.

    Raises ValueError if examples are streamed.
    """
    if params.guide is None:
        return None
    if job.examples is None:
        raise ValueError("known bars cannot be streamed: gather the examples, or give no guide")
    parts = (load_known_bars(job.examples, part) for part in PARTS)
    return Guidance(params.guide, params.augment, *parts)


def train_params(raw: dict[str, Any]) -> TrainParams:
    """Return TrainParams of plain values, as a trial's configuration holds them."""
    augment: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in raw["augment"].items()
    }
    guide = None if raw.get("guide") is None else GuideParams(**raw["guide"])
    return TrainParams(**{**raw, "augment": AugmentParams(**augment), "guide": guide})


def train_member(config: dict[str, Any], job: TrainJob) -> None:
    """Train the member of `config["trial"]`: `label`, `member`, `params` and `fold`, plain values.

    Reports every epoch to Tune. The epochs of an earlier, interrupted trial are reported first, so
    that a search decides as if there had been no interruption.
    """
    config = config["trial"]
    ended = TrainingRun(job.run).end(config["label"])
    if ended is not None:
        for point in ended[1]:
            tune.report(point)
    elif job.workers == 1:
        train(config, job, ALONE, torch.device(job.device), tune.report)
    else:
        train_in_process_group(config, job)


def train(
    config: dict[str, Any], job: TrainJob, group: ProcessGroup, device: torch.device, report: Report
) -> None:
    """Train in one process of a trial to the end of the recipe; store the state after every epoch.

    Raises ValueError if the training diverges.
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
        if group.rank == 0:  # before the report: a search may end the trial when it gets it
            if trainer.finished and np.isfinite(trainer.best_loss):
                run.finish(label, best_weights(trainer), curve)
            else:
                run.keep(label, dump_state(trainer, curve))
        report(curve[-1])
        began = time.monotonic()
    if not np.isfinite(trainer.best_loss):
        raise ValueError(
            f"the training of {label!r} diverged: its validation loss was never finite; give less "
            f"than learning_rate={trainer.params.learning_rate}"
        )


def restored(
    config: dict[str, Any],
    job: TrainJob,
    group: ProcessGroup,
    device: torch.device,
    state: bytes | None,
) -> tuple[Trainer, Curve]:
    """Return the trainer as `state` left it, and its learning curve; a new trainer for None."""
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
    """Return all that `restored` needs, as one file; reading it runs no pickled code."""
    out = io.BytesIO()
    torch.save({"trainer": trainer.state_dict(), "curve": curve}, out)
    return out.getvalue()


def best_weights(trainer: Trainer) -> bytes:
    """Return the weights of the best epoch as a safetensors file."""
    best = Member(trainer.member.spec)
    best.load_state_dict(trainer.best_state)
    return dump_member(best)


def train_in_process_group(config: dict[str, Any], job: TrainJob) -> None:
    """Train one member with a process group of `job.workers` processes, inside a Tune trial.

    Each process has `job.cpus` and `job.gpus`, in addition to those of the trial. The processes
    communicate by gloo on CPUs and by NCCL on GPUs. Raises what a process raises.
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
