"""A small job, submitted to a real Ray of two nodes, from and to a real S3 server.

The short form of submitted_job.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from catalogues import storage
from tests.clusters.raycluster import RayCluster, serve
from tests.s3server import S3Server
from tests.survey import stored_survey

ROWS = 4
MOST_BYTES = 20_000_000

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def cluster(s3: S3Server) -> Iterator[RayCluster]:
    """A head that does no work and a node with two CPUs."""
    with serve([{"CPU": 2}], s3.environment) as cluster:
        yield cluster


def test_a_job_is_done_once_with_nothing_but_what_it_needs_and_tells_no_secret(
    cluster: RayCluster, s3_env: S3Server, tmp_path: Path
) -> None:
    url = stored_survey(s3_env, tmp_path, 1, ROWS)
    words = [f"{url}/shards", f"{url}/run", "--ensemble", f"{url}/tiny/ensemble.json"]
    words += ["--select", "all", "--cluster.device", "cpu", "--cluster.explainers-max", "1"]
    status, told = cluster.submit("measure", *words)
    assert status == 0, told
    assert f"{ROWS} galaxies in" in told
    fs, root = storage.filesystem(f"{url}/run")
    rows = pq.read_table(f"{root}/catalogue", filesystem=fs, columns=["object_id"])
    assert sorted(rows["object_id"].to_pylist()) == list(range(ROWS))

    status, again = cluster.submit("measure", *words)
    assert status == 0, again
    assert "was already finished: nothing to do" in again

    assert cluster.uploaded()
    for files in cluster.uploaded():
        assert {name.split("/")[0] for name in files} == {
            "catalogues", "models", "actors", "pipelines",
        }  # fmt: skip
        assert files["models/weights/compact/ensemble.json"]
        assert sum(files.values()) < MOST_BYTES
    assert cluster.leaks(s3_env.secret, f"{url}/run", told, again) == []
