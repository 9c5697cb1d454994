"""Rows that kill the process that computes them: found, given up, and nothing else lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from actors.measure.crash_guard import DEATHS_MAX
from actors.measure.decoder import Decoder
from pipelines.cluster.resources import ClusterOptions
from pipelines.measure import stages
from pipelines.measure.command import run
from pipelines.measure.options import MeasureOptions
from tests.faults.fakes import FakeExplainer
from tests.survey import tiny_ensemble, write_survey

ROWS = 12
QUIET = Console(quiet=True)

pytestmark = pytest.mark.timeout(300)


def deadly(kind: type, method: str, poison: int, die: Callable[[], None]) -> type:
    """The stage `kind`, whose process really dies at the row of that number. It travels to the
    workers by value: they need not find this file."""

    def dies(self: Any, row: dict[str, Any]) -> dict[str, Any]:
        if row["shard_row"] == poison and row.get("status") is None:
            die()
        found: dict[str, Any] = getattr(kind, method)(self, row)
        return found

    return type(kind.__name__, (kind,), {method: dies})


@pytest.fixture
def options(ray_cluster, tmp_path: Path) -> MeasureOptions:
    return MeasureOptions(
        input=write_survey(tmp_path / "shards", 1, ROWS),
        output=str(tmp_path / "out"),
        ensemble=tiny_ensemble(tmp_path / "tiny"),
        select="all",
        cluster=ClusterOptions(device="cpu", explainers_max=1, batch_rows=6),
    )


def test_what_kills_a_task_or_an_actor_becomes_a_row(
    options: MeasureOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash() -> None:
        os.kill(os.getpid(), signal.SIGSEGV)

    def leave() -> None:
        os._exit(3)

    monkeypatch.setattr(stages, "Decoder", deadly(Decoder, "_decoded", 3, crash))
    monkeypatch.setattr(stages, "Explainer", deadly(FakeExplainer, "_explained", 8, leave))
    summary = run(options, QUIET)
    rows = pq.read_table(Path(options.output) / "catalogue").sort_by("shard_row").to_pylist()
    assert [row["shard_row"] for row in rows] == list(range(ROWS))
    assert {r["shard_row"]: r["status_message"] for r in rows if r["status"] == "failed"} == {
        3: f"decoding the image killed its process {DEATHS_MAX + 1} times",
        8: f"computing votes and maps killed its process {DEATHS_MAX + 1} times",
    }
    assert summary.statuses["failed"] == 2
    assert [row["shard_row"] for row in rows if row["bar_yes"] is None] == [3, 8]
