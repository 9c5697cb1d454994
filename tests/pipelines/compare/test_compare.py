"""Methods compared on a real Ray: rows, resume, ranking, report, mistakes."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from catalogues.runs.comparison_rows import SCHEMA
from catalogues.storage import (
    StorageError,
    filesystem,
    open_random,
    read_whole,
    write_whole,
)
from pipelines.compare import command as compare
from pipelines.compare.__main__ import main as compare_main
from pipelines.compare.options import CompareOptions
from pipelines.status.__main__ import main as status_main
from tests.browsing import check_page
from tests.comparing import FIELDS, barred_rows, compare_options
from tests.s3server import S3Server
from tests.survey import write_shard

pytestmark = pytest.mark.timeout(300)

COUNT = 7


def said_by(given: CompareOptions) -> str:
    said = io.StringIO()
    compare.run(given, Console(file=said, width=220))
    return said.getvalue()


@pytest.fixture(scope="module")
def finished(
    ray_cluster: object, tmp_path_factory: pytest.TempPathFactory
) -> tuple[CompareOptions, str]:
    folder = tmp_path_factory.mktemp("compare")
    rows = barred_rows(COUNT)
    rows[1]["image"]["bytes"] = b"<html>gone</html>"
    rows[3]["object_id"] = None
    write_shard(folder / "shards" / "a.parquet", rows, FIELDS)
    (folder / "made").mkdir()
    made = compare_options(folder / "made")
    given = replace(made, input=str(folder / "shards"), output=str(folder / "out"), controls=True)
    return given, said_by(given)


def rows_of(given: CompareOptions) -> list[dict]:  # type: ignore[type-arg]
    table = pq.read_table(Path(given.output, "metrics.parquet"))
    assert table.schema.equals(SCHEMA)
    return table.to_pylist()


def test_one_row_for_every_image_and_method(finished) -> None:
    given, _ = finished
    rows = rows_of(given)
    methods = (*given.methods, "noise", "oracle")
    assert [(r["shard_row"], r["method"]) for r in rows] == sorted(
        (i, m) for i in range(COUNT) for m in methods
    )
    by_status = {(r["shard_row"], r["status"]) for r in rows if r["method"] == "grad_cam"}
    assert by_status == {
        (i, {1: "not_an_image", 3: "bad_id"}.get(i, "compared")) for i in range(COUNT)
    }
    for row in rows:
        good = row["status"] == "compared"
        assert (row["insertion_auc"] is not None) == good or row["status_message"]
        assert (row["label"] == "bar_yes") == (row["shard_row"] % 2 == 0)
        if good:
            assert row["correct"] == (row["label"] == row["predicted"])
            assert row["seconds"] >= 0
        assert json.loads(row["parameters"])["method"] == row["method"]
    no_mask = {r["shard_row"] for r in rows if r["status"] == "no_mask"}
    assert no_mask == {5}


def test_the_oracle_finds_the_source_and_noise_does_not(finished) -> None:
    given, said = finished
    rows = [r for r in rows_of(given) if r["relevance_mass"] is not None]
    oracle = [r for r in rows if r["method"] == "oracle"]
    assert len(oracle) == 4
    for name in ("relevance_mass", "relevance_rank", "pointing_game"):
        assert {r[name] for r in oracle} == {1.0}
    assert all(r["bar_length_error"] < 0.1 for r in oracle)
    noise = [r["relevance_mass"] for r in rows if r["method"] == "noise"]
    assert max(noise) < 0.3
    assert "noise" in said


def test_kept_maps_are_those_of_the_figure(finished) -> None:
    given, _ = finished
    maps = {p.parent.name: set() for p in Path(given.output, "maps").glob("*/*.npy")}
    for path in Path(given.output, "maps").glob("*/*.npy"):
        maps[path.parent.name].add(path.stem)
    assert set(maps) == {"grey", "vanilla_gradient", "grad_cam", "noise", "oracle"}
    assert len(maps["grey"]) == 2  # a barred and an unbarred galaxy
    html = Path(given.output, "report.html").read_text()
    assert html.count('class="maps"') == 2
    assert "Smooth IG, Guided IG, Blur IG, XRAI." in html  # the inferred seven are named
    assert "http://" not in html.replace("http://www.w3.org", "")


def test_its_page_in_a_browser(finished) -> None:
    check_page(Path(finished[0].output, "report.html"))


def test_its_status_is_told_from_its_output(finished, capsys: pytest.CaptureFixture[str]) -> None:
    given, _ = finished
    assert status_main([given.output]) == 0
    assert f"finished: {4 * COUNT} of {4 * COUNT} maps (100.0%)" in capsys.readouterr().out


def test_only_what_is_missing_is_made_again(finished) -> None:
    given, _ = finished
    out = Path(given.output)
    files = {p: p.stat().st_mtime_ns for p in out.glob("metrics/*/*.parquet")}
    before = (out / "metrics.parquet").read_bytes()
    lost = next(out.glob("metrics/noise/*.parquet"))
    rows = pq.read_metadata(lost).num_rows
    lost.unlink()
    stray = pq.read_table(next(out.glob("metrics/grad_cam/*.parquet")))
    pq.write_table(stray, out / "metrics" / "grad_cam" / "zz.parquet")
    said = said_by(given)
    assert f"{rows} maps to make ({4 * COUNT - rows} are done)" in said
    again = {p: p.stat().st_mtime_ns for p in out.glob("metrics/*/*.parquet")}
    assert again.keys() == files.keys()
    assert {p for p in files if again[p] != files[p]} == {lost}
    drop = ["seconds", "peak_memory_mb"]
    kept = pq.read_table(io.BytesIO(before)).drop_columns(drop)
    assert pq.read_table(out / "metrics.parquet").drop_columns(drop).equals(kept)


@pytest.mark.slow
def test_a_method_more_costs_only_itself(finished) -> None:
    given, _ = finished
    said = said_by(replace(given, methods=(*given.methods, "integrated_gradients")))
    assert f"{COUNT} maps to make ({4 * COUNT} are done)" in said


def test_other_settings_do_not_go_on_with_this_one(finished) -> None:
    given, _ = finished
    with pytest.raises(ValueError, match=r"seed was 0, now 1.*choose another output"):
        said_by(replace(given, seed=1))
    with pytest.raises(ValueError, match=r"holds rows of run .*: choose another output"):
        said_by(
            replace(given, methods=("smoothgrad", "grad_cam"), layer="member.backbone.features.0")
        )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"target": "FRI"}, r"'FRI' is not a class of the network: .*bar_yes, bar_no"),
        ({"layer": "nowhere"}, r"layer='nowhere' does not exist in the network"),
        ({"label": "fr_class"}, r"no column 'fr_class': it has object_id"),
        ({"only": ("survey=moon",)}, r"no row of .* is left for --only survey=moon"),
        ({"only": ("moon=1",)}, r"no columns \['moon'\]"),
        ({"mask": "island"}, r"needs a classifier that reads fluxes"),
        ({"member": 2}, r"member=2 must lie in 0..1: first, second"),
        ({"ensemble": "/nowhere/ensemble.json"}, r"nowhere"),
    ],
)
def test_mistakes_are_found_before_anything_starts(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    with pytest.raises((ValueError, StorageError), match=said):
        said_by(compare_options(tmp_path, **changes))
    assert not (tmp_path / "out").exists()


def test_a_method_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        compare_main(["shards", "out", "--methods", "tea_leaves"])
    assert end.value.code == 2
    assert (
        "there is no method 'tea_leaves': give one of vanilla_gradient" in capsys.readouterr().err
    )


def test_images_are_drawn_by_hash_and_grow(tmp_path: Path) -> None:
    from pipelines.compare.plan import make_plan

    def chosen(**changes: object) -> np.ndarray:
        return make_plan(compare_options(tmp_path, 12, **changes)).choice.chosen["a.parquet"]

    few, more = chosen(images=3), chosen(images=6)
    assert (few.sum(), more.sum()) == (3, 6)
    assert (more | ~few).all()
    assert chosen(only=("true_bar_length_px",)).tolist() == [True, False] * 6


@pytest.mark.slow
def test_from_s3_to_s3(ray_cluster: object, s3_env: S3Server, tmp_path: Path) -> None:
    base = f"s3://{s3_env.bucket}/{tmp_path.name}"
    given = compare_options(tmp_path, 2, methods=("vanilla_gradient",))
    fs, root = filesystem(base)
    for path in (*tmp_path.glob("shards/*"), *tmp_path.glob("tiny/*")):
        write_whole(fs, f"{root}/{path.parent.name}/{path.name}", path.read_bytes())
    there = replace(
        given, input=f"{base}/shards", output=f"{base}/out", ensemble=f"{base}/tiny/ensemble.json"
    )
    assert "2 maps to make (0 are done)" in said_by(there)
    assert "maps to make" not in said_by(there)
    with open_random(fs, f"{root}/out/metrics.parquet") as file:
        assert pq.read_table(file)["status"].to_pylist() == ["compared"] * 2
    assert s3_env.secret not in read_whole(fs, f"{root}/out/run.json").decode()
