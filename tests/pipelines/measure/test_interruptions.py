"""Runs that are stopped, politely and not: the catalogue is whole, the next run finishes it."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from pipelines.cluster.resources import ClusterOptions
from pipelines.measure.command import run
from pipelines.measure.options import MeasureOptions
from tests.commands import signalled, started
from tests.survey import tiny_ensemble, write_survey

ROWS = 9
SAMPLES = 250  # so that a galaxy takes a second or two and there is something to interrupt

pytestmark = pytest.mark.timeout(300)


def options_in(folder: Path, **changes: Any) -> MeasureOptions:
    """A survey of one shard, to be measured there."""
    given = MeasureOptions(
        input=write_survey(folder / "shards", 1, ROWS),
        output=str(folder / "out"),
        ensemble=tiny_ensemble(folder / "tiny"),
        select="all",
        samples=SAMPLES,
        cluster=ClusterOptions(device="cpu", explainers_max=1),
    )
    return replace(given, **changes)


def words(options: MeasureOptions) -> list[str]:
    """The command line of `options`, galaxy by galaxy."""
    words = [options.input, options.output, "--ensemble", options.ensemble, "--select", "all"]
    words += ["--samples", str(SAMPLES), "--rows-per-file", "1", "--cluster.batch-rows", "1"]
    words += ["--cluster.device", "cpu", "--cluster.explainers-max", "1"]
    return words


def files(options: MeasureOptions) -> dict[Path, int]:
    """The catalogue's files and when they were written."""
    folder = Path(options.output) / "catalogue"
    return {f: f.stat().st_mtime_ns for f in folder.glob("[!.]*")} if folder.exists() else {}


def stop_after(options: MeasureOptions, count: int, how: int) -> tuple[int, str]:
    """Run until the catalogue has `count` files, then send the signal `how`.

    Returns the exit status and what stderr said.
    """
    with started("measure", words(options)) as process:
        signalled(process, how, lambda: len(files(options)) >= count)
        said = process.communicate(timeout=120)[1]
    return process.returncode, said


def table(options: MeasureOptions) -> pa.Table:
    return pq.read_table(Path(options.output) / "catalogue")


def test_ctrl_c_then_a_kill_then_the_end(ray_cluster, tmp_path: Path) -> None:
    options = options_in(tmp_path)
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
    one_by_one = ClusterOptions(device="cpu", explainers_max=1, batch_rows=1)
    options = options_in(tmp_path, rows_per_file=1, cluster=one_by_one)
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
