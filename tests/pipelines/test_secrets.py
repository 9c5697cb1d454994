"""Credentials are written nowhere: a run on S3, everything it leaves and says searched for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalogues import storage
from pipelines import __main__ as ansae
from tests.leaks import leaks, objects
from tests.s3server import S3Server
from tests.survey import stored_survey

pytestmark = pytest.mark.timeout(300)


def test_nothing_that_a_run_leaves_or_says_holds_a_secret(
    ray_cluster, s3_env: S3Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    url = stored_survey(s3_env, tmp_path, 1, 6)
    words = [f"{url}/shards", f"{url}/run", "--ensemble", f"{url}/tiny/ensemble.json"]
    words += ["--samples", "2", "--select", "all", "--cluster.explainers-max", "1"]
    words += ["--endpoint-url", s3_env.endpoint_url]

    assert ansae.main(["measure", *words]) == 0
    assert ansae.main(["status", f"{url}/run"]) == 0
    assert ansae.main(["report", f"{url}/run"]) == 0
    assert ansae.main(["measure", *words, "--seed", "7"]) == 2

    told = capfd.readouterr()
    fs, root = storage.filesystem(f"{url}/run")
    written = dict(objects(fs, root))
    assert {name[len(root) + 1 :].split("/")[0] for name in written} >= {
        "run.json", "heartbeat.json", "report.html", "catalogue", "pictures",
    }  # fmt: skip
    said = {"stdout": told.out.encode(), "stderr": told.err.encode()}
    assert "finished: 6 of 6" in told.out
    assert leaks([s3_env.secret], [*written.items(), *said.items()]) == []


@pytest.mark.parametrize("command", ["measure", "preflight", "status", "report", "ingest"])
def test_no_mistake_is_told_with_a_secret(
    command: str, s3_env: S3Server, monkeypatch, tmp_path: Path, capfd
) -> None:
    """Secrets that stand where they should not, and a store that refuses them."""
    secret = "Hush9hushHush"
    places = {
        "in the address": f"s3://me:{secret}@{s3_env.bucket}/x",
        "in another": f"http://me:{secret}@host/x",
        "refused": f"s3://{s3_env.bucket}/x",
    }
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    for place in places.values():
        words = [place] if command in ("status", "report") else [place, str(tmp_path / "out")]
        try:
            status = ansae.main([command, *words])
        except SystemExit as end:
            status = end.code
        assert status in (1, 2)
    told = capfd.readouterr()
    assert leaks([secret, s3_env.secret], [("out", told.out.encode()), ("err", told.err.encode())]) == []  # noqa: E501  # fmt: skip
