"""Runs that are stopped, politely and not: the catalogue is whole, the next run finishes it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from pipelines.cluster.resources import ClusterOptions
from pipelines.measure.command import run
from pipelines.measure.options import MeasureOptions
from tests.survey import tiny_ensemble, write_survey

ROWS = 9
SAMPLES = 500  # so that a galaxy takes a second or two and there is something to interrupt
REPOSITORY = Path(__file__).parents[3]

pytestmark = pytest.mark.timeout(300)


def start(options: MeasureOptions) -> subprocess.Popen[str]:
    words = [options.input, options.output, "--ensemble", options.ensemble, "--select", "all"]
    words += ["--samples", str(SAMPLES), "--rows-per-file", "1", "--cluster.batch-rows", "1"]
    words += ["--cluster.device", "cpu", "--cluster.explainers-max", "1"]
    hidden = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    hidden["RAY_worker_niceness"] = "0"
    return subprocess.Popen(
        [sys.executable, "-m", "pipelines.measure", *words],
        cwd=REPOSITORY, env=hidden, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def files(options: MeasureOptions) -> dict[Path, int]:
    """The catalogue's files and when they were written."""
    folder = Path(options.output) / "catalogue"
    return {f: f.stat().st_mtime_ns for f in folder.glob("[!.]*")} if folder.exists() else {}


def stop_after(options: MeasureOptions, count: int, how: int) -> tuple[int, str]:
    """Run until the catalogue has `count` files, then send the signal `how`.

    Returns the exit status and what stderr said.
    """
    with start(options) as process:
        try:
            while len(files(options)) < count:
                if process.poll() is not None:
                    pytest.fail(f"ended early: {process.communicate()}")
                time.sleep(0.02)
            process.send_signal(how)
            said = process.communicate(timeout=120)[1]
        finally:
            process.kill()
    return process.returncode, said


def table(options: MeasureOptions) -> pa.Table:
    return pq.read_table(Path(options.output) / "catalogue")


def test_ctrl_c_then_a_kill_then_the_end(ray_cluster, tmp_path: Path) -> None:
    options = MeasureOptions(
        input=write_survey(tmp_path / "shards", 1, ROWS),
        output=str(tmp_path / "out"),
        ensemble=tiny_ensemble(tmp_path / "tiny"),
        select="all",
        samples=SAMPLES,
        cluster=ClusterOptions(device="cpu", explainers_max=1),
    )
    record = Path(options.output) / "run.json"

    status, said = stop_after(options, 1, signal.SIGINT)
    assert status == 130
    last = said.strip().splitlines()[-1]
    assert last.startswith("ansae measure: interrupted")
    assert "Traceback" not in said
    assert 1 <= len(table(options)) < ROWS
    assert json.loads(record.read_text())["sessions"][-1]["outcome"] == "interrupted"

    before = files(options)
    stop_after(options, len(before) + 1, signal.SIGKILL)
    assert len(before) < len(table(options)) <= ROWS
    assert all(file.suffix == ".parquet" for file in files(options))

    before = files(options)
    summary = run(options, Console(quiet=True))
    assert summary.written == ROWS - len(before)
    assert sorted(table(options)["shard_row"].to_pylist()) == list(range(ROWS))
    assert {file: files(options)[file] for file in before} == before
    outcomes = [s.get("outcome") for s in json.loads(record.read_text())["sessions"]]
    assert outcomes == ["interrupted", None, "finished"]


@pytest.mark.slow
def test_a_worker_that_is_killed_is_replaced(ray_cluster, tmp_path: Path) -> None:
    options = MeasureOptions(
        input=write_survey(tmp_path / "shards", 1, ROWS),
        output=str(tmp_path / "out"),
        ensemble=tiny_ensemble(tmp_path / "tiny"),
        select="all",
        samples=SAMPLES,
        rows_per_file=1,
        cluster=ClusterOptions(device="cpu", explainers_max=1, batch_rows=1),
    )
    killed: list[int] = []

    def kill_one() -> None:
        while not files(options):
            time.sleep(0.02)
        killed.extend(workers("ray::MapWorker(MapBatches(Explainer"))
        for pid in killed:
            os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_one, daemon=True)
    killer.start()
    summary = run(options, Console(quiet=True))
    killer.join()
    assert killed
    assert summary.written == ROWS
    assert sorted(table(options)["shard_row"].to_pylist()) == list(range(ROWS))


def workers(title: str) -> list[int]:
    """This process's Ray workers whose title begins so."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            is_titled = (folder / "cmdline").read_text().startswith(title)
            if is_titled and parent(parent(int(folder.name))) == os.getpid():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def parent(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("PPid")).split()[1])
