"""Two runs on one output: the second refuses, in one line, before it has begun anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalogues import storage
from catalogues.runs.lease import LeaseParams, hold
from pipelines.measure.__main__ import main
from tests.faults.comparing import upload
from tests.s3server import S3Server
from tests.survey import tiny_ensemble, write_survey

BUSY = LeaseParams(beat_s=0.2, silence_s=60)


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_the_second_run_refuses(
    kind: str, tmp_path: Path, s3_env: S3Server, capsys: pytest.CaptureFixture[str]
) -> None:
    place = str(tmp_path / "place") if kind == "folder" else f"s3://{s3_env.bucket}/two"
    upload(write_survey(tmp_path / "made", 1, 2), f"{place}/shards")
    fs, root = storage.filesystem(f"{place}/out")
    with hold(fs, root, BUSY) as lease:
        words = [f"{place}/shards", f"{place}/out"]
        assert main([*words, "--ensemble", tiny_ensemble(tmp_path / "tiny")]) == 2
        lease.confirm()
    told = capsys.readouterr().err
    assert "another run holds the output" in told
    assert "is writing this output: wait for it, stop it, or choose another output" in told
    assert set(fs.find(root)) <= {root}  # SeaweedFS keeps an emptied folder
