"""The same command after every death ends in the same catalogue."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
KILLS = 10


@pytest.mark.timeout(300)
def test_deaths_at_any_moment(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "tests.faults.kills", str(tmp_path), "--kills", str(KILLS)]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"survived {KILLS} kills" in done.stdout
