"""The same command after every death ends in the same catalogue: on a folder and on S3."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.s3server import S3Server

REPOSITORY = Path(__file__).parents[2]
KILLS = 10


@pytest.mark.timeout(900)
def test_deaths_at_any_moment(tmp_path: Path, s3_env: S3Server) -> None:
    places = [str(tmp_path), f"s3://{s3_env.bucket}/kills"]
    words = [sys.executable, "-m", "tests.faults.kills", *places, "--kills", str(KILLS)]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [f"survived {KILLS} kills" in line for line in done.stdout.splitlines()] == [True] * 2
