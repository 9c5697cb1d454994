"""Dividing a cluster: everything fits together, on two cores and on two hundred."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from pipelines.cluster.resources import ClusterOptions, stage_resources


@pytest.mark.parametrize("cpus", [1, 2, 3, 4, 8, 16, 96])
@pytest.mark.parametrize("most", [None, 1, 3])
def test_no_stage_can_wait_for_ever_without_gpus(cpus: int, most: int | None) -> None:
    have = stage_resources(ClusterOptions(explainers_max=most), "cpu", cpus, 0)
    pool = have.explainers
    assert pool.max_size == (most or cpus)
    light = have.read_cpus + have.decode_cpus + have.write_cpus + have.measurers.cpus
    assert pool.max_size * pool.cpus + light <= cpus
    each = {have.read_cpus, have.decode_cpus, pool.cpus}
    assert len(each) == 3  # equal ones would be fused into one stage by Ray Data


@pytest.mark.parametrize(("cpus", "gpus"), [(2, 1), (16, 1), (64, 8)])
def test_with_gpus_the_networks_take_no_cpu(cpus: int, gpus: int) -> None:
    have = stage_resources(ClusterOptions(), "cuda", cpus, gpus)
    assert (have.explainers.max_size, have.explainers.gpus, have.explainers.cpus) == (gpus, 1, 0)
    assert have.read_cpus + have.decode_cpus + have.write_cpus + have.measurers.cpus <= cpus
    assert have.batch_rows > stage_resources(ClusterOptions(), "cpu", cpus, 0).batch_rows


def test_several_explainers_may_share_a_gpu() -> None:
    assert (
        stage_resources(ClusterOptions(explainer_gpus=0.5), "cuda", 8, 2).explainers.max_size == 4
    )


def test_a_gpu_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="device='cuda' needs GPUs, but the cluster has 0:"):
        stage_resources(ClusterOptions(device="cuda"), "cuda", 8, 0)
    coming = stage_resources(ClusterOptions(device="cuda", explainers_max=5), "cuda", 8, 0)
    assert (coming.explainers.min_size, coming.explainers.max_size) == (1, 5)


@pytest.mark.ray
def test_ray_that_was_imported_too_early_for_its_token() -> None:
    code = "import ray; from pipelines.cluster.resources import import_ray; import_ray()"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RAY_A")}
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "import it after pipelines.cluster.resources.import_ray()" in ended.stderr


@pytest.mark.ray
def test_a_cluster_that_is_not_there() -> None:
    code = (
        "from pipelines.cluster.resources import *\n"
        "with cluster(ClusterOptions(address='127.0.0.1:9')): 1"
    )
    alone = [sys.executable, "-c", code]  # this process may be connected to a cluster already
    told = subprocess.run(alone, capture_output=True, text=True, check=False).stderr
    assert re.search(r"ValueError: cannot join a Ray cluster at '127\.0\.0\.1:9'.*token", told)


@pytest.mark.parametrize(
    "wrong",
    [
        {"explainers_min": 0},
        {"explainers_max": 1, "explainers_min": 2},
        {"explainer_gpus": 0.0},
        {"batch_rows": 0},
    ],
)
def test_options_are_checked(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"must"):
        ClusterOptions(**wrong)  # type: ignore[arg-type]
