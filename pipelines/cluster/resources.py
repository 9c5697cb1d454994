"""What each stage may use of the cluster, declared once; and the way to the cluster."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

Device = Literal["cpu", "cuda"]


@dataclass(frozen=True, kw_only=True)
class ClusterOptions:
    """Where and with how much to compute. Nothing here changes a result but `device`."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where networks run; auto: GPUs if the cluster has any, or what the run began with."""
    explainers_min: int = 1
    """Smallest number of processes that hold the networks."""
    explainers_max: int | None = None
    """Largest number of them; default: one per GPU, or one per CPU core. Give it where GPUs come
    only when asked for, as on clusters of `ray up`."""
    explainer_gpus: float = 1.0
    """GPUs of each of them; 0.5 lets two share one."""
    measurers_max: int | None = None
    """Largest number of processes that read maps; default: one per four CPU cores."""
    batch_rows: int | None = None
    """Galaxies handed to a process at a time; default: 64 with GPUs, 16 without."""
    address: str | None = None
    """Address of a Ray cluster; default: RAY_ADDRESS, else one is started on this machine."""

    def __post_init__(self) -> None:
        for name in ("explainers_min", "explainers_max", "measurers_max", "batch_rows"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name}={value} must be at least 1")
        if self.explainers_max is not None and self.explainers_max < self.explainers_min:
            raise ValueError(
                f"explainers_max={self.explainers_max} must not be less than "
                f"explainers_min={self.explainers_min}"
            )
        if not 0 < self.explainer_gpus <= 16:
            raise ValueError(f"explainer_gpus={self.explainer_gpus} must lie above 0, up to 16")


@dataclass(frozen=True, kw_only=True)
class Pool:
    """A pool of actors: from `min_size` to `max_size`, each with so many CPUs and GPUs."""

    min_size: int
    max_size: int
    cpus: float
    gpus: float = 0.0


@dataclass(frozen=True, kw_only=True)
class StageResources:
    """CPUs of each task of the light stages, the pools of the heavy ones, galaxies in a batch."""

    read_cpus: float
    decode_cpus: float
    write_cpus: float
    explainers: Pool
    measurers: Pool
    batch_rows: int


def stage_resources(
    options: ClusterOptions, device: Device, cpus: float, gpus: float
) -> StageResources:
    """Divide a cluster of `cpus` and `gpus` among the stages.

    One task of each stage and the whole pool of Explainers always fit together, so that no stage
    waits for a CPU that another holds for ever. Stages of different CPUs are not fused by Ray Data:
    decoding would end up inside the networks' processes. Raises ValueError for "cuda" without GPUs.
    """
    share = min(1.0 if device == "cuda" else 0.4, 0.125 * cpus)
    if device == "cuda":
        if gpus < options.explainer_gpus and options.explainers_max is None:
            raise ValueError(
                f"device 'cuda' was asked for and the cluster has {gpus:g} GPUs: give --device cpu "
                "or an address of a cluster that has some, or, if it grows by itself, how many to "
                "ask for with --cluster.explainers-max"
            )
        most = options.explainers_max or max(1, int(gpus / options.explainer_gpus))
        each, gpu = 0.0, options.explainer_gpus
    else:
        most = options.explainers_max or max(1, int(cpus))
        each, gpu = 0.5 * cpus / max(most, int(cpus), 1), 0.0
    return StageResources(
        read_cpus=share / 2,
        decode_cpus=0.9 * share,
        write_cpus=share / 2,
        explainers=Pool(
            min_size=min(options.explainers_min, most), max_size=most, cpus=each, gpus=gpu
        ),
        measurers=Pool(
            min_size=1, max_size=options.measurers_max or max(1, int(cpus) // 4), cpus=share
        ),
        batch_rows=options.batch_rows or (64 if device == "cuda" else 16),
    )


@contextmanager
def cluster(options: ClusterOptions) -> Iterator[dict[str, float]]:
    """The cluster's resources, those that its autoscaler may add included, while this process is
    connected; one that is there already is used and left alone. Raises ValueError where there is
    none."""
    ray = import_ray()
    mine = not ray.is_initialized()
    if mine:
        address = options.address or os.environ.get("RAY_ADDRESS") or "local"
        extra: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
        try:
            _knock(address)
            with _core_silenced():
                ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **extra)
        except Exception as error:  # Ray raises plain ones, too
            raise ValueError(_no_cluster(address, error)) from error
    try:
        _set_ray_data()
        yield _resources(ray)
    finally:
        if mine:
            ray.shutdown()


def _knock(address: str) -> None:
    """Raises OSError where nobody listens: Ray itself would end the process without a word."""
    host, _, port = address.rpartition(":")
    if host and port.isdecimal() and "/" not in host:
        socket.create_connection((host, int(port)), timeout=10).close()


def _no_cluster(address: str, error: Exception) -> str:
    why = f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
    if address == "local":
        return f"Ray did not start on this machine ({why}): is it overloaded? Run again"
    return (
        f"no Ray cluster could be joined at {address!r} ({why}): check the address, and that "
        "RAY_AUTH_MODE and the token here are those of the cluster"
    )


def _resources(ray: Any) -> dict[str, float]:
    """What is there, and what may come: known of Ray's newer autoscaler only (KubeRay's)."""
    may_come = ray._private.state.state.get_max_resources_from_cluster_config() or {}
    now: dict[str, float] = ray.cluster_resources()
    return {name: max(now.get(name, 0.0), may_come.get(name, 0.0)) for name in {*now, *may_come}}


@contextmanager
def _core_silenced() -> Iterator[None]:
    """Start Ray's core at a level at which it does not write into the command's own output.

    It would warn about Ray Data's actors there, and tell that it was asked not to; what fails is
    raised as an exception anyhow.
    """
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def import_ray() -> Any:
    """Ray, with what must stand in the environment before it is imported.

    Raises ValueError where it was imported before and has no token to start with.
    """
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    # else a process that a light stage will need again is killed after a second without work, and
    # its successor spends longer on its imports than on its galaxies
    os.environ.setdefault("RAY_idle_worker_killing_time_threshold_ms", "600000")
    early = sys.modules.get("ray")
    if "RAY_AUTH_MODE" not in os.environ and "RAY_ADDRESS" not in os.environ:
        if early is None:
            os.environ["RAY_AUTH_MODE"] = "token"
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        elif not early.is_initialized():
            raise ValueError(
                "ray was imported before RAY_AUTH_MODE was set, it would start without a token: "
                "import it after pipelines.cluster.resources.import_ray(), or set RAY_AUTH_MODE "
                "and RAY_AUTH_TOKEN, or call ray.init() yourself"
            )
    import ray

    return ray


def _set_ray_data() -> None:
    """Progress and errors are shown by the command; Ray Data keeps its log in its session."""
    from ray.data import DataContext

    context = DataContext.get_current()
    context.use_datasource_v2 = False
    context.enable_progress_bars = False
    context.max_errored_blocks = 0
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)


def set_block_bytes(block_bytes: int) -> None:
    """How large the pieces are that travel between stages: Ray Data cuts them by bytes alone."""
    from ray.data import DataContext

    DataContext.get_current().target_max_block_size = block_bytes
