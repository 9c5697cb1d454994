"""`ansae validate` against truths of other kinds, joined in other ways."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from catalogues import storage
from catalogues.bars import CONTROL
from catalogues.galaxyzoo import COLUMNS
from catalogues.runs.provenance import new_record, new_session
from models import statistics
from pipelines.validate import command as validate
from tests.pipelines.report.test_report import Page
from tests.pipelines.validate.validating import QUIET, known_pairs, numbers, options
from tests.s3server import S3Server


def test_joined_by_position_in_another_unit(synthetic_run, tmp_path: Path) -> None:
    rows = [r for r in synthetic_run.rows().to_pylist() if r["status"] == "measured"]
    pq.write_table(
        pa.table({
            "name": [f"galaxy {i}" for i in range(len(rows))],
            "ra": [r["ra"] for r in rows],
            "dec": [r["dec"] + 1 / 3600 for r in rows],
            "length_kpc": [1.25 * r["bar_length_kpc"] for r in rows],
        }),
        tmp_path / "t.parquet",
    )  # fmt: skip
    told = Console(record=True, width=200, file=io.StringIO())
    validate.run(
        options(catalogue=str(synthetic_run.folder), against="table", output=str(tmp_path),
                truth=str(tmp_path / "t.parquet"), pictures=0),
        told,
    )  # fmt: skip
    found = numbers(tmp_path)
    assert found["slope", "paper"]["value"] == pytest.approx(0.8, rel=1e-4)
    assert found["rmse", "paper"]["unit"] == "kpc"
    assert found["rho", "paper"]["value"] == pytest.approx(1)
    assert "within 2 arcsec" in told.export_text()


def test_a_second_run_gives_the_papers_errors(synthetic_run, tmp_path: Path) -> None:
    table = synthetic_run.rows()
    index = table.schema.get_field_index("bar_length_px")
    longer = [None if v is None else v + 2.0 for v in table["bar_length_px"].to_pylist()]
    again = table.set_column(index, table.schema.field(index), [pa.array(longer, pa.float32())])
    (tmp_path / "again" / "catalogue").mkdir(parents=True)
    pq.write_table(again, tmp_path / "again" / "catalogue" / "a.parquet")
    record = new_record({"seed": 8}, {}).with_session(new_session("cpu"))
    (tmp_path / "again" / "run.json").write_bytes(record.to_json())
    pq.write_table(synthetic_run.truth, tmp_path / "truth.parquet")
    validate.run(
        options(catalogue=str(synthetic_run.folder), against="mock", output=str(tmp_path),
                truth=str(tmp_path / "truth.parquet"), again=str(tmp_path / "again"), pictures=0),
        QUIET,
    )  # fmt: skip
    found = numbers(tmp_path)
    truth, measured, _ = known_pairs(synthetic_run)
    for i in range(1, 11):
        assert found[f"decile_error_{i}", "paper"]["value"] == pytest.approx(2, abs=1e-4)
    expected = statistics.slope_through_origin(truth, measured + 1)
    assert found["slope", "paper"]["value"] == pytest.approx(expected, rel=1e-5)
    assert "two independent runs" in Page((tmp_path / "validation.html").read_text()).text


def test_the_control_stands_beside_the_map(synthetic_run, tmp_path: Path) -> None:
    """A control that is right but for a factor, also where the map gives no length."""
    table = synthetic_run.rows()
    true = dict(zip(*(synthetic_run.truth[n].to_pylist() for n in ("object_id", "true_bar_length_px")), strict=True))  # noqa: E501  # fmt: skip
    lengths = [1.1 * (true.get(i) or 20.0) for i in table["object_id"].to_pylist()]
    with_control = table.append_column(CONTROL, pa.array(lengths, pa.float32()))
    run = tmp_path / "run"
    (run / "catalogue").mkdir(parents=True)
    pq.write_table(with_control, run / "catalogue" / "a.parquet")
    (run / "run.json").write_bytes((synthetic_run.folder / "run.json").read_bytes())
    pq.write_table(synthetic_run.truth, tmp_path / "truth.parquet")
    validate.run(
        options(catalogue=str(run), against="mock", output=str(tmp_path),
                truth=str(tmp_path / "truth.parquet"), pictures=0),
        QUIET,
    )  # fmt: skip
    found = numbers(tmp_path)
    assert found["slope", "control"]["value"] == pytest.approx(1.1, rel=1e-5)
    assert found["rho", "control"]["value"] == pytest.approx(1)
    assert found["rho", "control"]["n"] == found["rho", "paper"]["n"]


def test_against_grades(synthetic_run, tmp_path: Path) -> None:
    """The longest bars of the run are graded 1, the shortest 0.5, and the unbarred 0."""
    rows = [
        r for r in synthetic_run.rows().to_pylist() if r["status"] in ("measured", "not_selected")
    ]
    lengths = sorted(r["bar_length_px"] for r in rows if r["bar_length_px"])
    lines = ["PGCname,T,Bar_Length,Bar_Length_inf,Bar_Length_sup,Inclination"]
    for row in rows:
        rank = lengths.index(row["bar_length_px"]) if row["bar_length_px"] else -1
        grade = 0 if rank < 0 else (0.5, 0.75, 1.0)[3 * rank // len(lengths)]
        lines.append(f"PGC{row['object_id']},3,{grade},0,1,0.25")
    (tmp_path / "efigi_attributes.csv").write_text("\n".join(lines) + "\n")
    validate.run(
        options(catalogue=str(synthetic_run.folder), against="efigi", output=str(tmp_path),
                truth=str(tmp_path), pictures=1),
        QUIET,
    )  # fmt: skip
    found = numbers(tmp_path)
    assert found["spearman_clear", "grades"]["value"] > 0.9
    assert found["spearman_clear", "grades"]["n"] == 40
    assert found["auc_bar_fraction", "grades"]["value"] == 1
    # bounds from 0 to 1 say nothing: nor could a true length
    assert abs(found["ceiling_exact", "grades"]["value"]) < 0.1
    assert abs(found["ceiling_auc", "grades"]["value"] - 0.5) < 0.1
    assert ("rho", "paper") not in found


def test_against_votes_alone(synthetic_run, tmp_path: Path) -> None:
    """Volunteers who call every galaxy with a bar fraction above 0.9 unbarred."""
    rows = [r for r in synthetic_run.rows().to_pylist() if r["bar_fraction"] is not None]
    truth: dict[str, Any] = {"object_id": [r["object_id"] for r in rows]}
    for name in COLUMNS:
        truth[f"vote_{name}"] = [r[name] for r in rows]
    truth["vote_disk_edge_on_no"] = [0.8] * len(rows)
    truth["vote_bar_yes"] = [0.0 if r["bar_fraction"] > 0.9 else r["bar_yes"] for r in rows]
    pq.write_table(pa.table(truth), tmp_path / "t.parquet")
    options_ = options(
        catalogue=str(synthetic_run.folder), against="table", output=str(tmp_path),
        truth=str(tmp_path / "t.parquet"),
    )  # fmt: skip
    validate.run(options_, QUIET)
    found = numbers(tmp_path)
    expected = np.mean([r["bar_fraction"] > 0.9 for r in rows])
    assert found["misclassified_bar", "answers"]["value"] == pytest.approx(expected)
    assert found["misclassified_bar", "answers"]["n"] == len(rows)
    assert ("rho", "paper") not in found
    assert "60 galaxies, with votes" in Page((tmp_path / "validation.html").read_text()).text


@pytest.mark.long
def test_maps_of_bar_bulge_and_spiral_arms(synthetic_run, tmp_path: Path) -> None:
    pq.write_table(synthetic_run.truth, tmp_path / "truth.parquet")
    validate.run(
        options(
            catalogue=str(synthetic_run.folder), against="mock", output=str(tmp_path), pictures=0,
            truth=str(tmp_path / "truth.parquet"), explained=2, samples=2,
        ),
        QUIET,
    )  # fmt: skip
    parsed = Page((tmp_path / "validation.html").read_text())
    said = [a["alt"] for a in parsed.named("img")]
    assert len(said) == len(set(said)) == 2 * 4
    assert sum(" for spiral arms" in alt for alt in said) == 2
    pictures = [a["src"] for a in parsed.named("img")]
    assert len(set(pictures)) == 8  # each map is of its own question
    assert "--explained" not in parsed.text


def test_results_on_s3(s3_env: S3Server, synthetic_run, tmp_path: Path) -> None:
    url = f"s3://{s3_env.bucket}/validate-run"
    fs, root = storage.filesystem(url)
    fs.put(str(synthetic_run.folder), root, recursive=True)
    pq.write_table(synthetic_run.truth, tmp_path / "truth.parquet")
    fs.put(str(tmp_path / "truth.parquet"), f"{root}/truth.parquet")
    validate.run(options(catalogue=url, against="mock", truth=f"{url}/truth.parquet"), QUIET)
    assert Page(fs.cat_file(f"{root}/validation.html").decode()).open == []
    assert fs.exists(f"{root}/validation.parquet")
