"""rayjob.yaml, offline: the pools that Ray makes of it, one image, a command of this version."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines import console
from pipelines.cluster.resources import import_ray
from pipelines.measure.options import MeasureOptions

ROOT = Path(__file__).parents[1]
CLUSTER, RAYJOB = ROOT / "cluster.yaml", ROOT / "rayjob.yaml"
TYPES = "available_node_types"

Config = dict[str, Any]


@pytest.fixture
def cluster() -> Config:
    """cluster.yaml as it stands."""
    return yaml.safe_load(CLUSTER.read_text())


@pytest.fixture
def job() -> Config:
    """rayjob.yaml as it stands."""
    return yaml.safe_load(RAYJOB.read_text())


def test_one_image_with_the_ray_that_is_locked(cluster: Config, job: Config) -> None:
    locked = re.search(r"^ray==(.+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)[1]
    assert f"FROM rayproject/ray:{locked}-py311-gpu" in CLUSTER.read_text()
    assert job["spec"]["rayClusterSpec"]["rayVersion"] == locked
    assert {container["image"] for _, container in containers(job)} == {cluster["docker"]["image"]}


def containers(job: Config) -> list[tuple[str, Config]]:
    spec = job["spec"]["rayClusterSpec"]
    groups = [{"groupName": "head", **spec["headGroupSpec"]}, *spec["workerGroupSpecs"]]
    return [(g["groupName"], g["template"]["spec"]["containers"][0]) for g in groups]


@pytest.mark.ray
def test_ray_makes_the_same_pools_of_the_rayjob(cluster: Config, job: Config) -> None:
    import_ray()
    from ray.autoscaler._private.kuberay.autoscaling_config import (
        _derive_autoscaling_config_from_ray_cr,
    )

    derived = _derive_autoscaling_config_from_ray_cr(
        {"metadata": {"name": "x", "namespace": "y"}, "spec": job["spec"]["rayClusterSpec"]}
    )
    types = derived[TYPES]
    pools = {"cpu": "cpu", "gpu-spot": "gpu_spot", "gpu-on-demand": "gpu_on_demand"}
    assert set(types) == {derived["head_node_type"], *pools}
    for ours, theirs in pools.items():
        assert (types[ours]["min_workers"], types[ours]["max_workers"]) == (
            cluster[TYPES][theirs]["min_workers"],
            cluster[TYPES][theirs]["max_workers"],
        )
        resources = {k: v for k, v in types[ours]["resources"].items() if k in ("CPU", "GPU") and v}
        assert resources == cluster[TYPES][theirs]["resources"]
        assert (
            types[ours]["labels"]["ray.io/market-type"]
            == (cluster[TYPES][theirs]["labels"]["ray.io/market-type"])
        )
    assert types[derived["head_node_type"]]["resources"]["CPU"] == 0
    assert types["gpu-spot"]["priority"] > types["gpu-on-demand"]["priority"]
    assert derived["idle_timeout_minutes"] == cluster["idle_timeout_minutes"]


def test_the_rayjob_is_what_kuberay_reads(job: Config) -> None:
    spec = job["spec"]
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    assert set(spec) <= {
        "entrypoint", "runtimeEnvYAML", "backoffLimit", "shutdownAfterJobFinishes",
        "ttlSecondsAfterFinished", "rayClusterSpec",
    }  # fmt: skip
    assert spec["rayClusterSpec"]["authOptions"] == {"mode": "token"}
    assert set(yaml.safe_load(spec["runtimeEnvYAML"])) == {"working_dir"}
    for name, container in containers(job):
        assert container["resources"]["limits"] == container["resources"]["requests"], name
        assert {variable["name"] for variable in container["env"]} == {
            "RAY_ENABLE_UV_RUN_RUNTIME_ENV", "AWS_DEFAULT_REGION",
        }  # fmt: skip


def test_its_entrypoint_is_a_command_of_this_version(job: Config) -> None:
    python, m, module, *words = shlex.split(job["spec"]["entrypoint"])
    assert (python, m, module) == ("python", "-m", "pipelines.measure")
    options = console.parse(MeasureOptions, "ansae measure", words)
    workers = job["spec"]["rayClusterSpec"]["workerGroupSpecs"]
    gpus = sum(group["maxReplicas"] for group in workers if group["groupName"].startswith("gpu"))
    assert (options.cluster.device, options.cluster.explainers_max) == ("cuda", gpus)
