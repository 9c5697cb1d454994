"""A run of an older version (tests/old_run) is still reported on, validated, published, resumed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from models.recipe import Recipe
from pipelines import __main__ as ansae
from pipelines.measure.command import run
from pipelines.measure.options import MeasureOptions

OLD = Path(__file__).parents[2] / "old_run"
RUN_ID = "old-4decef33a3c9"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A copy of the old shards and their run, which may be written to."""
    return Path(shutil.copytree(OLD, tmp_path / "old"))


def options(old: Path) -> MeasureOptions:
    """The options the run was made with; the folders may lie elsewhere.

    The estimator that was the shipped one then stands in run.json.
    """
    estimator = old / "estimator.json"
    facts = json.loads((OLD / "run" / "run.json").read_text())["facts"]
    estimator.write_text(json.dumps(facts["estimator"]))
    return MeasureOptions(
        input=str(old / "shards"), output=str(old / "run"), select="all", samples=32,
        rows_per_file=6, keep_pictures=1.0, label="old",
        estimator=str(estimator),
    )  # fmt: skip


def catalogue(run: Path) -> pa.Table:
    return pq.read_table(run / "catalogue").sort_by("shard_row")


def test_its_estimator_is_read_and_written_under_the_same_keys() -> None:
    stored = json.loads((OLD / "run" / "run.json").read_text())["facts"]["estimator"]
    assert stored["reading"]["reading"]["reading"] == "levels"
    recipe = Recipe.from_dict(stored)
    assert recipe.estimator.bar_length.method == "levels"
    assert json.loads(json.dumps(recipe.to_dict())) == stored


def test_it_is_reported_on(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ansae.main(["status", str(old / "run")]) == 0
    assert "finished: 12 of 12" in capsys.readouterr().out
    assert ansae.main(["report", str(old / "run"), "--truth", str(old / "shards")]) == 0
    page = (old / "run" / "report.html").read_text()
    assert RUN_ID in page
    assert "levels" in page  # how its maps were measured


def test_it_is_validated(old: Path) -> None:
    words = ["validate", str(old / "run"), "--against", "mock", "--truth", str(old / "shards")]
    assert ansae.main([*words, "--output", str(old / "validated")]) == 0
    rows = pq.read_table(old / "validated" / "validation.parquet").to_pylist()
    assert max(row["n"] for row in rows) >= 8


@pytest.mark.long
def test_it_is_published(old: Path) -> None:
    assert ansae.main(["publish", str(old / "run"), str(old / "hats")]) == 0
    assert list((old / "hats").rglob("*.parquet"))


def test_it_is_found_finished_and_keeps_its_rows(old: Path) -> None:
    before = {path.name: path.read_bytes() for path in (old / "run" / "catalogue").iterdir()}
    summary = run(options(old), Console(quiet=True))
    assert (summary.run_id, summary.written) == (RUN_ID, 0)
    assert summary.statuses == {"measured": 8, "no_bar_found": 4}
    after = {path.name: path.read_bytes() for path in (old / "run" / "catalogue").iterdir()}
    assert after == before


@pytest.mark.timeout(300)
def test_it_goes_on_where_it_was_interrupted(old: Path, ray_cluster: object) -> None:
    whole, record = catalogue(old / "run"), old / "run" / "run.json"
    lost = sorted((old / "run" / "catalogue").iterdir())[0]
    left = len(whole) - pq.read_metadata(lost).num_rows
    lost.unlink()
    stored = json.loads(record.read_text())
    stored["sessions"][-1] = {**stored["sessions"][-1], "outcome": "interrupted"}
    record.write_text(json.dumps(stored))
    summary = run(options(old), Console(quiet=True))
    assert (summary.run_id, summary.written) == (RUN_ID, len(whole) - left)
    found = catalogue(old / "run")
    assert found.schema.equals(whole.schema)
    assert found.schema.metadata == whole.schema.metadata  # descriptions of columns may change
    for name in ("object_id", "shard", "shard_row", "status", "run_id"):
        assert found[name].equals(whole[name]), name
    for name in ("bar_fraction", "bar_length_px", "bar_length_px_err", "bar_position_angle_deg"):
        # float32 kernels of another processor round differently
        np.testing.assert_allclose(
            found[name].to_numpy(), whole[name].to_numpy(), rtol=1e-3, err_msg=name
        )
