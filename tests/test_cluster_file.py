"""cluster.yaml, offline: what Ray's own validation says, and what it lets through."""

from __future__ import annotations

import copy
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.cluster.node_scorer import SPOT, prefer_spot
from pipelines.cluster.resources import import_ray

ROOT = Path(__file__).parents[1]
CLUSTER, RAYJOB = ROOT / "cluster.yaml", ROOT / "rayjob.yaml"

VCPUS_GPUS = {"m7i.xlarge": (4, 0), "c7i.4xlarge": (16, 0), "g6e.2xlarge": (8, 1)}
"""What AWS's machines have."""

Config = dict[str, Any]


@pytest.fixture
def cluster() -> Config:
    """cluster.yaml as it stands."""
    return yaml.safe_load(CLUSTER.read_text())


@pytest.fixture(scope="module")
def ec2() -> Any:
    """Amazon's own description of what a machine may be asked for."""
    from botocore.session import get_session

    return get_session().get_service_model("ec2").operation_model("RunInstances").input_shape


def accepted_by_ray(config: Config) -> bool:
    import_ray()
    from ray.autoscaler._private.util import prepare_config, validate_config

    try:
        validate_config(prepare_config(copy.deepcopy(config)))
    except Exception:
        return False
    return True


def faults(config: Config, ec2: Any) -> list[str]:
    """What Ray's validation does not look at."""
    found = []
    for name, node in config["available_node_types"].items():
        is_head = name == config["head_node_type"]
        found += [f"{name}: {fault}" for fault in pool_faults(node, is_head)]
        found += [f"{name}: {fault}" for fault in machine_faults(name, node, is_head, ec2)]
    if (
        sum(n["max_workers"] for n in config["available_node_types"].values())
        > config["max_workers"]
    ):
        found.append("max_workers holds the pools back")
    return found + command_faults(config)


def pool_faults(node: Config, is_head: bool) -> list[str]:
    found = []
    if node["min_workers"] > node["max_workers"]:
        found.append("min_workers > max_workers")
    if not node["resources"]:
        found.append("no resources")
    if is_head and node["resources"] != {"CPU": 0}:
        found.append("the head would be given work")
    if not is_head and node["max_workers"] < 1:
        found.append("a pool that is never begun")
    return found


def machine_faults(name: str, node: Config, is_head: bool, ec2: Any) -> list[str]:
    from botocore.validate import ParamValidator

    config, resources = node["node_config"], node["resources"]
    report = ParamValidator().validate({**config, "MinCount": 1, "MaxCount": 1}, ec2)
    found = [report.generate_report()] if report.has_errors() else []
    cpus, gpus = VCPUS_GPUS.get(config.get("InstanceType", ""), (-1, -1))
    if not is_head and (resources.get("CPU"), resources.get("GPU", 0)) != (cpus, gpus):
        found.append(f"resources {resources} are not those of {config.get('InstanceType')}")
    if not is_head and "IamInstanceProfile" not in config:
        found.append("no IamInstanceProfile: workers could not read the store")
    spot = config.get("InstanceMarketOptions", {}).get("MarketType") == "spot"
    if (node["labels"]["ray.io/market-type"] == "spot", name.endswith(SPOT)) != (spot, spot):
        found.append("name, label and market do not agree")
    return found


def command_faults(config: Config) -> list[str]:
    from ray.scripts.scripts import start

    flags = {flag for parameter in start.params for flag in parameter.opts}
    found = []
    for key in ("head_start_ray_commands", "worker_start_ray_commands"):
        started = [command for command in config[key] if "ray start" in command]
        for command in started:
            words = shlex.split(command)
            found += [f"{w}?" for w in words if w.startswith("--") and w.split("=")[0] not in flags]
            if "RAY_AUTH_MODE=token" not in words:
                found.append(f"{key}: no authentication")
            if "head" in key and "--dashboard-host=127.0.0.1" not in words:
                found.append("the dashboard listens beyond loopback")
        if len(started) != 1:
            found.append(f"{key} starts Ray {len(started)} times")
    if "~/.ray/auth_token" not in config["file_mounts"]:
        found.append("nodes have no token")
    return found


@pytest.mark.ray
def test_ray_accepts_it_and_what_ray_does_not_see_is_right(cluster: Config, ec2: Any) -> None:
    assert accepted_by_ray(cluster)
    assert faults(cluster, ec2) == []


def change(*path: str, to: Any) -> Callable[[Config], None]:
    def changed(config: Config) -> None:
        for key in path[:-1]:
            config = config[key]
        config[path[-1]] = to

    return changed


TYPES = "available_node_types"


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (change(TYPES, "cpu", "min_workers", to=9), "min_workers > max_workers"),
        (change(TYPES, "gpu_spot", "node_config", "InstanceTyp", to="x"), "Unknown parameter"),
        (change(TYPES, "gpu_spot", "node_config", "ImageId", to=5), "Invalid type for parameter"),
        (change(TYPES, "cpu", "resources", to={}), "no resources"),
        (change(TYPES, "head", "resources", to={"CPU": 4}), "the head would be given work"),
        (change(TYPES, "gpu_spot", "resources", to={"CPU": 8, "GPU": 2}), "are not those of"),
        (change(TYPES, "gpu_spot", "labels", to={"ray.io/market-type": "on-demand"}), "market"),
        (change("max_workers", to=5), "holds the pools back"),
        (change("file_mounts", to={}), "no token"),
        (change("worker_start_ray_commands", to=["ray start --adress=$RAY_HEAD_IP"]), "--adress"),
    ],
)
@pytest.mark.ray
def test_what_ray_lets_through_is_found(
    cluster: Config, ec2: Any, spoil: Callable[[Config], None], told: str
) -> None:
    spoil(cluster)
    assert accepted_by_ray(cluster)
    assert told in " ".join(faults(cluster, ec2))


@pytest.mark.ray
def test_ray_refuses_what_it_knows(cluster: Config) -> None:
    change("head_node_type", to="absent")(cluster)
    assert not accepted_by_ray(cluster)


@pytest.mark.parametrize("file", [CLUSTER, RAYJOB])
def test_no_secret_no_open_door_nothing_unpinned(file: Path) -> None:
    text = file.read_text()
    for word in ("secret", "password", "access_key", "0.0.0.0", ":latest", "LoadBalancer"):
        assert word.lower() not in text.lower()


# who is asked for ---------------------------------------------------------------------------------


def launched(cluster: Config, demands: list[dict[str, float]], refused: tuple[str, ...]) -> Config:
    """The machines that Ray would ask the cloud for, which has lately refused some types."""
    import_ray()
    from functools import partial

    from ray.autoscaler._private.node_provider_availability_tracker import (
        NodeAvailabilityRecord,
        NodeAvailabilitySummary,
    )
    from ray.autoscaler._private.resource_demand_scheduler import get_nodes_for

    records = {
        name: NodeAvailabilityRecord(
            node_type=name,
            is_available=False,
            last_checked_timestamp=0.0,
            unavailable_node_information=None,
        )
        for name in refused
    }
    summary = NodeAvailabilitySummary(node_availabilities=records)
    scorer = partial(prefer_spot, node_availability_summary=summary)
    types = cluster[TYPES]
    added, left = get_nodes_for(types, {}, cluster["head_node_type"], 100, demands, scorer)
    assert left == []
    return dict(added)


@pytest.mark.ray
def test_spot_first_then_on_demand_and_gpus_for_nothing_else(cluster: Config) -> None:
    gpus, cpus = [{"GPU": 1}] * 3, [{"CPU": 1}] * 20
    assert launched(cluster, gpus, refused=()) == {"gpu_spot": 3}
    assert launched(cluster, gpus, refused=("gpu_spot",)) == {"gpu_on_demand": 3}
    assert launched(cluster, gpus * 2, refused=("gpu_spot",)) == {
        "gpu_on_demand": 4, "gpu_spot": 2,
    }  # fmt: skip
    assert launched(cluster, gpus, refused=("gpu_spot", "gpu_on_demand")) == {"gpu_spot": 3}
    assert launched(cluster, cpus, refused=("cpu",)) == {"cpu": 2}


@pytest.mark.ray
def test_the_launcher_finds_the_scorer_by_its_name(cluster: Config) -> None:
    from ray.autoscaler._private.loader import load_function_or_class

    (command,) = [c for c in cluster["head_start_ray_commands"] if "ray start" in c]
    name = re.search(r"RAY_AUTOSCALER_UTILIZATION_SCORER=(\S+)", command)[1]
    assert load_function_or_class(name) is prefer_spot
