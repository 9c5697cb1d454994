"""The main job on a real Ray: whole, in pieces, from and to S3, with good rows and bad."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from catalogues import manifest, storage
from catalogues.bars import SCHEMA
from catalogues.galaxyzoo import COLUMNS
from models.spiral_and_bulge import arms_seen
from pipelines.cluster.failures import RunFailed
from pipelines.cluster.resources import ClusterOptions
from pipelines.measure.__main__ import main
from pipelines.measure.command import report, run
from pipelines.measure.options import MeasureOptions
from tests.s3server import S3Server
from tests.survey import galaxy_rows, tiny_ensemble, write_shard, write_survey

QUIET = Console(quiet=True)
SHARDS, ROWS = 3, 12

pytestmark = pytest.mark.timeout(300)  # every run starts processes that import torch


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_ensemble(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def options(ray_cluster, ensemble: str, tmp_path_factory) -> MeasureOptions:
    """Those of a run that has been finished undisturbed."""
    folder = tmp_path_factory.mktemp("whole")
    options = MeasureOptions(
        input=write_survey(folder / "shards", SHARDS, ROWS),
        output=str(folder / "out"),
        ensemble=ensemble,
        select="all",
        rows_per_file=8,
        keep_pictures=0.5,
        cluster=ClusterOptions(device="cpu", explainers_max=1, batch_rows=4),
    )
    run(options, QUIET)
    return options


def catalogue(output: str | Path) -> pa.Table:
    table = pq.read_table(Path(output) / "catalogue")
    return table.sort_by([("shard", "ascending"), ("shard_row", "ascending")])


def places(table: pa.Table) -> list[tuple[str, int]]:
    return list(zip(table["shard"].to_pylist(), table["shard_row"].to_pylist(), strict=True))


def test_one_row_out_for_each_row_in(options: MeasureOptions) -> None:
    table = catalogue(options.output)
    assert table.schema.names == SCHEMA.names
    expected = [(f"shard-{s}.parquet", r) for s in range(SHARDS) for r in range(ROWS)]
    assert places(table) == expected
    assert table["object_id"].to_pylist() == [
        1000 * s + r for s in range(SHARDS) for r in range(ROWS)
    ]
    statuses = Counter(table["status"].to_pylist())
    assert set(statuses) <= {"measured", "no_bar_found"}
    assert statuses["measured"] > 0  # an untrained network's maps rarely show a bar


def test_the_run_is_told_once_beside_it_and_in_every_file(options: MeasureOptions) -> None:
    record = json.loads((Path(options.output) / "run.json").read_text())
    assert record["facts"]["ensemble"]["name"] == "tiny"
    assert record["facts"]["device"] == "cpu"
    assert record["facts"]["input"]["rows"] == SHARDS * ROWS
    assert [session["outcome"] for session in record["sessions"]] == ["finished"]
    assert sum(record["statuses"].values()) == SHARDS * ROWS
    for file in (Path(options.output) / "catalogue").iterdir():
        footer = pq.read_schema(file).metadata
        assert footer[b"ansae.run_id"].decode() == record["run_id"]
        assert json.loads(footer[b"ansae.facts"]) == record["facts"]
        assert set(pq.read_table(file)["run_id"].to_pylist()) == {record["run_id"]}


def test_pictures_of_about_half_the_galaxies(options: MeasureOptions) -> None:
    kept = pq.read_table(Path(options.output) / "pictures")
    assert 8 <= len(kept) <= 28
    assert set(places(kept)) < set(places(catalogue(options.output)))
    assert kept["map"].null_count == 0


def test_what_is_missing_is_made_again_the_same_by_other_workers_in_other_batches(
    options: MeasureOptions, tmp_path: Path
) -> None:
    output = Path(shutil.copytree(options.output, tmp_path / "out"))
    files = sorted((output / "catalogue").iterdir())
    lost = sum(pq.read_metadata(file).num_rows for file in files[::2])
    for file in files[::2]:
        file.unlink()
    untouched = {file: file.stat().st_mtime_ns for file in files[1::2]}

    other = ClusterOptions(device="cpu", explainers_min=2, explainers_max=2, batch_rows=3)
    again = replace(options, output=str(output), cluster=other, rows_per_file=5)
    summary = run(again, QUIET)

    assert summary.written == lost > 0
    # as text, since NaN is not equal to itself
    assert str(catalogue(output).to_pylist()) == str(catalogue(options.output).to_pylist())
    assert {file: file.stat().st_mtime_ns for file in untouched} == untouched
    sessions = json.loads((output / "run.json").read_text())["sessions"]
    assert [session["outcome"] for session in sessions] == ["finished", "finished"]


def test_a_finished_run_is_recognised_and_left_alone(options: MeasureOptions) -> None:
    before = (Path(options.output) / "run.json").read_bytes()
    summary = run(options, QUIET)
    assert (summary.written, sum(summary.statuses.values())) == (0, SHARDS * ROWS)
    assert "was already finished: nothing to do" in report(summary)[-1]
    assert (Path(options.output) / "run.json").read_bytes() == before


def test_other_settings_are_refused_by_name(options: MeasureOptions) -> None:
    for change, told in (
        ({"seed": 5}, "seed was 0, now 5"),
        ({"samples": 9}, "estimator.map.samples was 2, now 9"),
        ({"select": "bar"}, "selection.select was 'all', now 'bar'"),
        ({"cluster": ClusterOptions(device="cuda")}, "device was 'cpu', now 'cuda'"),
    ):
        with pytest.raises(ValueError, match=told):
            run(replace(options, **change), QUIET)


def test_from_s3_to_s3_with_bad_rows_and_a_column_that_passes_through(
    ray_cluster, ensemble: str, s3_env: S3Server, tmp_path: Path, capsys
) -> None:
    rows = [row | {"mass": 10.0 + i} for i, row in enumerate(galaxy_rows(9))]
    rows[1]["image"] = {"bytes": b"<!DOCTYPE html>", "path": None}
    rows[2]["image"] = {"bytes": None, "path": "not-there.jpg"}
    rows[3]["object_id"] = None
    rows[4]["object_id"] = 0
    rows[5]["image"]["bytes"] = rows[5]["image"]["bytes"][:200]
    write_shard(
        tmp_path / "a.parquet", rows, manifest.SCHEMA.append(pa.field("mass", pa.float64()))
    )
    url = f"s3://{s3_env.bucket}/small"
    fs, root = storage.filesystem(url)
    shard = (tmp_path / "a.parquet").read_bytes()
    storage.write_whole(fs, storage.join(root, "shards", "deep", "a.parquet"), shard)

    words = [f"{url}/shards", f"{url}/out", "--ensemble", ensemble, "--select", "none"]
    words += ["--keep", "mass", "--cluster.explainers-max", "1"]
    assert main(words) == 0

    assert "9 galaxies in" in capsys.readouterr().out
    table = pq.read_table(f"{root}/out/catalogue", filesystem=fs).sort_by("shard_row")
    assert table["status"].to_pylist() == [
        "not_selected", "not_an_image", "missing_image", "bad_id", "duplicate_id",
        "truncated_image", "not_selected", "not_selected", "not_selected",
    ]  # fmt: skip
    assert table["mass"].to_pylist() == [10.0 + i for i in range(9)]
    assert set(table["shard"].to_pylist()) == {"deep/a.parquet"}
    assert [v is None for v in table["bar_yes"].to_pylist()] == [False] + [True] * 5 + [False] * 3
    assert len(pq.read_table(f"{root}/out/pictures", filesystem=fs)) == 4


def test_a_broken_shard_ends_the_run_by_name_and_once_mended_the_run_goes_on(
    options: MeasureOptions, tmp_path: Path
) -> None:
    shards = Path(shutil.copytree(options.input, tmp_path / "shards"))
    broken = shards / "shard-1.parquet"
    good = broken.read_bytes()
    images = pq.read_metadata(broken).row_group(0).column(1)
    at = images.dictionary_page_offset or images.data_page_offset
    broken.write_bytes(good[:at] + b"\xff" * 64 + good[at + 64 :])
    again = replace(options, input=str(shards), output=str(tmp_path / "out"))
    again = replace(again, spiral_arms=True, bulge=True)

    with pytest.raises(RunFailed, match=r"shard-1\.parquet.*run the same command again"):
        run(again, QUIET)
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["sessions"][-1]["outcome"] == "failed"

    broken.write_bytes(good)
    run(again, QUIET)
    table = catalogue(again.output)
    assert places(table) == places(catalogue(options.output))
    votes = np.array([table[name].to_numpy() for name in COLUMNS], dtype=np.float64).T
    seen = [bool(arms_seen(v)) for v in votes]
    assert any(seen)
    assert [v is not None for v in table["spiral_radius_px"].to_pylist()] == seen
    assert table["bulge_extent_px"].null_count == 0
