"""A real job, submitted to a Ray of three nodes, from and to a real S3 server: `make test-cluster`.

Not collected with the other tests: it takes minutes. test_small_job.py is its short form.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pyarrow.parquet as pq
import pytest

from catalogues import storage
from pipelines import __main__ as ansae
from tests.clusters.raycluster import RayCluster, serve
from tests.s3server import S3Server
from tests.survey import stored_survey

SHARDS, ROWS = 3, 12

pytestmark = pytest.mark.timeout(3000)


@pytest.fixture(scope="module")
def cluster(s3: S3Server) -> Iterator[RayCluster]:
    """A head that does no work, a node with a CPU, one with a CPU and a GPU by name."""
    with serve([{"CPU": 1}, {"CPU": 1, "GPU": 1}], s3.environment) as cluster:
        yield cluster


@pytest.fixture
def url(s3_env: S3Server, tmp_path: Path) -> str:
    """A place of the store that holds shards and an ensemble."""
    return stored_survey(s3_env, tmp_path, SHARDS, ROWS)


class Metrics:
    """Context manager: what the cluster tells Prometheus while a job runs."""

    def __init__(self, cluster: RayCluster) -> None:
        self.seen, self._over = "", threading.Event()
        self._thread = threading.Thread(target=self._look, args=(cluster.metrics,), daemon=True)

    def _look(self, address: str) -> None:
        while not self._over.wait(0.5):
            try:
                with urlopen(address, timeout=5) as answer:
                    text = answer.read().decode()
            except (URLError, OSError):
                continue
            if "ansae_galaxies" in text:
                self.seen = text

    def __enter__(self) -> Metrics:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def test_a_submitted_job_measures_every_galaxy_and_a_second_one_finds_it_done(
    cluster: RayCluster, url: str, s3_env: S3Server, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"{url}/shards", f"{url}/run", "--ensemble", f"{url}/tiny/ensemble.json"]
    words += ["--select", "all", "--cluster.device", "cpu", "--cluster.explainers-min", "2"]
    words += ["--cluster.explainers-max", "2"]
    with Metrics(cluster) as metrics:
        status, told = cluster.submit("measure", *words)
    assert status == 0, told
    assert f"{SHARDS * ROWS} galaxies in" in told
    fs, root = storage.filesystem(f"{url}/run")
    rows = pq.read_table(f"{root}/catalogue", filesystem=fs, columns=["object_id", "status"])
    assert sorted(rows["object_id"].to_pylist()) == [
        1000 * shard + row for shard in range(SHARDS) for row in range(ROWS)
    ]
    assert ansae.main(["status", f"{url}/run"]) == 0
    assert "finished: 36 of 36" in capsys.readouterr().out
    assert re.search(r"ansae_galaxies_per_second\{.*run_id=", metrics.seen)

    status, again = cluster.submit("measure", *words)
    assert status == 0, again
    assert "was already finished: nothing to do" in again

    jobs = cluster.ray("job", "list", "--address", cluster.dashboard).stdout
    assert b"pipelines.measure" in cluster.details()
    assert cluster.leaks(s3_env.secret, f"{url}/run", told, again, jobs) == []


def test_without_the_token_nothing_is_told_and_nothing_run(cluster: RayCluster) -> None:
    done = cluster.ray("job", "list", "--address", cluster.dashboard, token=False)
    assert done.returncode != 0
    assert "pipelines" not in done.stdout
    with pytest.raises(URLError, match=r"401|403"):
        urlopen(f"{cluster.dashboard}/api/jobs/", timeout=30)


def test_preflight_sees_the_nodes_and_a_gpu_that_cannot_be_used(
    cluster: RayCluster, url: str
) -> None:
    words = [f"{url}/shards", f"{url}/run", "--ensemble", f"{url}/tiny/ensemble.json"]
    words += ["--select", "all", "--probe", "12"]
    status, told = cluster.submit("preflight", *words, "--cluster.device", "cpu")
    assert status == 0, told
    assert "2 nodes with 2 CPUs and 1 GPUs" in told
    assert "the GPUs will be idle" in told
    assert "2 nodes inspected: same versions as here; each can read the input" in told
    assert "each can read the input and write the output" in told
    import torch

    if not torch.cuda.is_available():
        status, told = cluster.submit("preflight", *words, "--cluster.device", "cuda")
        assert status != 0
        assert "Ray assigned a GPU that PyTorch" in told
        assert "how sure" not in told
