"""Commands in processes of their own, which tests may stop: each starts a Ray of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


@contextmanager
def started(module: str, words: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """`python -m pipelines.MODULE WORDS`, killed at the end; it does not know of the tests' Ray."""
    hidden = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    hidden["RAY_worker_niceness"] = "0"
    with subprocess.Popen(
        [sys.executable, "-m", f"pipelines.{module}", *words],
        cwd=REPOSITORY, env=hidden, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def signalled(process: subprocess.Popen[str], how: int, when: Callable[[], bool]) -> None:
    """Send the signal `how` as soon as `when` holds; a process that ended before is a failure."""
    while not when():
        if process.poll() is not None:
            pytest.fail(f"ended early: {process.communicate()}")
        time.sleep(0.02)
    process.send_signal(how)
