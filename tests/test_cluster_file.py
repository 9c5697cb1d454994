"""cluster.yaml: what Ray's own validation accepts, and what it lets through unseen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.resources import import_ray

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def cluster() -> dict[str, Any]:
    """The file as it stands."""
    return yaml.safe_load((ROOT / "cluster.yaml").read_text())


def test_ray_accepts_it(cluster: dict[str, Any]) -> None:
    import_ray()
    from ray.autoscaler._private.util import prepare_config, validate_config

    validate_config(prepare_config(cluster))


def test_the_head_does_no_work_and_pools_make_sense(cluster: dict[str, Any]) -> None:
    types = cluster["available_node_types"]
    assert types[cluster["head_node_type"]]["resources"] == {"CPU": 0}
    for name, node in types.items():
        assert node["min_workers"] <= node["max_workers"], name
        assert node["resources"], name
        assert set(node["node_config"]) <= {"InstanceType", "ImageId", "InstanceMarketOptions"}
    assert any("GPU" in node["resources"] for node in types.values())


def test_it_holds_no_secret_and_opens_no_door(cluster: dict[str, Any]) -> None:
    text = (ROOT / "cluster.yaml").read_text().lower()
    for word in ("secret", "password", "access_key", "0.0.0.0"):
        assert word not in text
    starts = [*cluster["head_start_ray_commands"], *cluster["worker_start_ray_commands"]]
    for command in starts:
        if "ray start" in command:
            assert "RAY_AUTH_MODE=token" in command
