"""One trial on several GPUs (or CPUs): Ray Train inside the trial, gradients averaged."""

from __future__ import annotations

from typing import Any

import ray.train
import torch
from ray.train import RunConfig, ScalingConfig
from ray.train.torch import TorchConfig, TorchTrainer, get_device
from ray.tune.integration.ray_train import TuneReportCallback

from actors.trainer import TrainJob, train
from models.team import Team


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
    team = Team(rank=context.get_world_rank(), size=context.get_world_size())
    device = get_device() if both["job"].gpus else torch.device("cpu")
    train(both["config"], both["job"], team, device, ray.train.report)
