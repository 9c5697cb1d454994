"""Resources of each stage, declared once, and the connection to the Ray cluster."""

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
    """Where to compute, and with how many processes. Only `device` can change a result."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where networks run; auto: on GPUs if the cluster has any, or as the run began."""
    explainers_min: int = 1
    """Minimum number of processes with the networks."""
    explainers_max: int | None = None
    """Maximum number of processes with the networks; default: one per GPU, or one per CPU core.
    Give it if the cluster adds GPUs on demand, as clusters of `ray up` do."""
    explainer_gpus: float = 1.0
    """GPUs per process with the networks; with 0.5, two processes share a GPU."""
    measurers_max: int | None = None
    """Maximum number of processes that measure maps; default: one per four CPU cores."""
    batch_rows: int | None = None
    """Number of galaxies that a process gets at a time; default: 64 with GPUs, 16 without."""
    address: str | None = None
    """Address of a Ray cluster; default: RAY_ADDRESS, or a new cluster on this machine."""

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
            raise ValueError(f"explainer_gpus={self.explainer_gpus} must be above 0 and at most 16")


@dataclass(frozen=True, kw_only=True)
class Pool:
    """A pool of `min_size` to `max_size` actors; `cpus` and `gpus` are for each actor."""

    min_size: int
    max_size: int
    cpus: float
    gpus: float = 0.0


@dataclass(frozen=True, kw_only=True)
class StageResources:
    """Resources of all stages.

    Attributes
    ----------
    read_cpus, decode_cpus, write_cpus
        CPUs of each task of the light stages.
    explainers, measurers
        Pools of the heavy stages.
    batch_rows
        Number of galaxies in a batch.
    """

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
    waits for a CPU that another stage never releases. Neighbouring stages have different numbers
    of CPUs: Ray Data would fuse equal ones, and decode images inside the networks' processes.
    Raises ValueError if the device is "cuda" and there are no GPUs.
    """
    share = min(1.0 if device == "cuda" else 0.4, 0.125 * cpus)
    if device == "cuda":
        if gpus < options.explainer_gpus and options.explainers_max is None:
            raise ValueError(
                f"device='cuda' needs GPUs, but the cluster has {gpus:g}: give --device cpu, or "
                "the address of a cluster with GPUs, or, if the cluster adds GPUs on demand, "
                "their number with --cluster.explainers-max"
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
    """Connect to the cluster, or start one; yield its resources, including those it may add.

    If this process is already connected, the connection is used and stays open at the end.
    Raises ValueError if there is no cluster.
    """
    ray = import_ray()
    mine = not ray.is_initialized()
    if mine:
        address = options.address or os.environ.get("RAY_ADDRESS") or "local"
        extra: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
        try:
            _check_listening(address)
            with _core_silenced():
                ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **extra)
        except Exception as error:  # Ray also raises exceptions of no special class
            raise ValueError(_no_cluster_message(address, error)) from error
    try:
        _set_ray_data()
        yield _resources(ray)
    finally:
        if mine:
            ray.shutdown()


def _check_listening(address: str) -> None:
    """Raise OSError if nobody listens: Ray itself would end the process without a message."""
    host, _, port = address.rpartition(":")
    if host and port.isdecimal() and "/" not in host:
        socket.create_connection((host, int(port)), timeout=10).close()


def _no_cluster_message(address: str, error: Exception) -> str:
    why = f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
    if address == "local":
        return (
            f"Ray did not start on this machine ({why}): check that the machine is not "
            "overloaded, and run the command again"
        )
    return (
        f"cannot join a Ray cluster at {address!r} ({why}): check the address, and that "
        "RAY_AUTH_MODE and the token are the same here as on the cluster"
    )


def _resources(ray: Any) -> dict[str, float]:
    """Return the resources that are there or may be added.

    Only Ray's newer autoscaler (KubeRay's) says what may be added.
    """
    may_come = ray._private.state.state.get_max_resources_from_cluster_config() or {}
    now: dict[str, float] = ray.cluster_resources()
    return {name: max(now.get(name, 0.0), may_come.get(name, 0.0)) for name in {*now, *may_come}}


@contextmanager
def _core_silenced() -> Iterator[None]:
    """Keep the messages of Ray's core out of the command's own output.

    The core would warn about Ray Data's actors, and print that its log level was changed. Failures
    are raised as exceptions in any case.
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
    """Set the environment variables that Ray needs at import, and import Ray.

    Raises ValueError if Ray was imported earlier and would start without a token.
    """
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    # by default Ray kills a process after a second without work; a light stage soon needs it again,
    # and a new process spends more time on its imports than on its galaxies
    os.environ.setdefault("RAY_idle_worker_killing_time_threshold_ms", "600000")
    early = sys.modules.get("ray")
    if "RAY_AUTH_MODE" not in os.environ and "RAY_ADDRESS" not in os.environ:
        if early is None:
            os.environ["RAY_AUTH_MODE"] = "token"
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        elif not early.is_initialized():
            raise ValueError(
                "ray was imported before RAY_AUTH_MODE was set, so it would start without a token: "
                "import it after pipelines.cluster.resources.import_ray(), or set RAY_AUTH_MODE "
                "and RAY_AUTH_TOKEN, or call ray.init() yourself"
            )
    import ray

    return ray


def _set_ray_data() -> None:
    """Make Ray Data quiet: the command shows progress and errors; its log is in Ray's session."""
    from ray.data import DataContext

    context = DataContext.get_current()
    context.use_datasource_v2 = False
    context.enable_progress_bars = False
    context.max_errored_blocks = 0
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)


def set_block_bytes(block_bytes: int) -> None:
    """Set the size of the blocks that travel between stages: Ray Data cuts them only by bytes."""
    from ray.data import DataContext

    DataContext.get_current().target_max_block_size = block_bytes
