"""ansae status: what a run is doing, from its output alone; and the watch that renews it."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from catalogues import storage
from catalogues.runs.heartbeat import Heartbeat, read_heartbeat, write_heartbeat
from catalogues.runs.provenance import RunRecord, write_record
from pipelines.cluster.monitor import Watch
from pipelines.progress import MeasureProgress
from pipelines.status.__main__ import main
from tests.s3server import S3Server

FACTS = {"input": {"rows": 1000}}


def record(age_s: float) -> RunRecord:
    """Of a run whose only session began so long ago."""
    began = (datetime.now(UTC) - timedelta(seconds=age_s)).isoformat(timespec="seconds")
    return RunRecord(run_id="abc", facts=FACTS, sessions=({"started": began, "device": "cuda"},))


def beat(of: RunRecord, age_s: float) -> Heartbeat:
    written = (datetime.now(UTC) - timedelta(seconds=age_s)).isoformat(timespec="seconds")
    return Heartbeat(
        run_id="abc", session=of.sessions[-1]["started"], written=written, galaxies=1000,
        seconds=100.0, statuses={"measured": 50, "not_selected": 200},
    )  # fmt: skip


def told(place: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    return main([place]), capsys.readouterr().out


@pytest.fixture(params=["disk", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "disk":
        return str(tmp_path)
    server: S3Server = request.getfixturevalue("s3_env")
    return f"s3://{server.bucket}/{tmp_path.name}"


def test_a_run_from_its_beginning_to_its_end(place: str, capsys) -> None:
    fs, root = storage.filesystem(place)
    assert told(place, capsys) == (1, f"never started: {place!r} holds no run\n")

    begun = record(3600)
    write_record(fs, root, begun)
    write_heartbeat(fs, root, beat(begun, 20))
    status, words = told(place, capsys)
    assert status == 0
    assert "running: 250 of 1000 galaxies (25.0%), 2.5 galaxies/s, 5:00 left\n" in words
    assert "50 measured, 200 not_selected\n" in words
    assert "run abc, session 1 on cuda, started " in words
    assert "last sign of life 0:2" in words

    write_heartbeat(fs, root, beat(begun, 400))
    status, words = told(place, capsys)
    assert status == 1
    assert words.startswith("stale: 250 of 1000 galaxies (25.0%)\n")
    assert "last sign of life 6:4" in words
    assert "run the same command again to finish" in words

    write_record(fs, root, begun.ended("failed", {"measured": 60}))
    status, words = told(place, capsys)
    assert (status, words.splitlines()[:2]) == (
        1, ["failed: 60 of 1000 galaxies (6.0%)", "60 measured"]
    )  # fmt: skip

    write_record(fs, root, begun.ended("finished", {"measured": 1000}))
    status, words = told(place, capsys)
    assert (status, words.splitlines()[0]) == (0, "finished: 1000 of 1000 galaxies (100.0%)")
    assert ", ended " in words
    assert "again" not in words


def test_a_comparison_counts_maps(tmp_path: Path, capsys) -> None:
    fs, root = storage.filesystem(str(tmp_path))
    begun = record(3600)
    write_record(fs, root, begun)
    progress = MeasureProgress(13000, {"compared": 100}, Console(quiet=True), noun="maps")
    with Watch(fs, root, begun, progress, every_s=60):
        end = time.monotonic() + 20
        while read_heartbeat(fs, root) is None:
            assert time.monotonic() < end
            time.sleep(0.02)
    status, words = told(str(tmp_path), capsys)
    assert status == 0
    assert "running: 100 of 13000 maps (0.8%), 0 maps/s, time left unknown\n" in words


def test_a_clock_that_is_ahead_is_named(tmp_path: Path, capsys) -> None:
    write_record(*storage.filesystem(str(tmp_path)), record(-300))
    status, words = told(str(tmp_path), capsys)
    assert status == 0
    assert re.search(r"its clock is (4:5\d|5:00) ahead of this machine's", words)


def test_mistakes(tmp_path: Path, s3_env: S3Server, monkeypatch, capsys) -> None:
    (tmp_path / "run.json").write_text("{}")
    assert main([str(tmp_path)]) == 2
    assert "is not the record of a run" in capsys.readouterr().err
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    assert main([f"s3://{s3_env.bucket}/run"]) == 2
    err = capsys.readouterr().err
    assert ("permission denied" in err, "hush" in err) == (True, False)


def test_watch_beats_while_the_work_lasts_and_forgives_the_store(tmp_path: Path) -> None:
    fs, root = storage.filesystem(str(tmp_path / "out"))
    begun = record(0)
    progress = MeasureProgress(1000, {"measured": 5}, Console(quiet=True))
    with Watch(fs, root, begun, progress, every_s=0.02):
        progress.add({"measured": 2, "not_selected": 3})
        end = time.monotonic() + 20
        while (found := read_heartbeat(fs, root)) is None or found.done < 10:
            assert time.monotonic() < end
            time.sleep(0.02)
    assert (found.before, found.galaxies, found.statuses) == (
        5, 1000, {"measured": 7, "not_selected": 3}
    )  # fmt: skip
    last = (tmp_path / "out" / "heartbeat.json").read_bytes()
    time.sleep(0.1)
    assert (tmp_path / "out" / "heartbeat.json").read_bytes() == last

    (tmp_path / "file").write_text("in the way")
    with Watch(fs, str(tmp_path / "file" / "out"), begun, progress, every_s=0.02):
        time.sleep(0.1)
