"""`ansae validate` on a run whose every number is known, and on the real table."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from catalogues import storage
from catalogues.validations import SCHEMA
from models import statistics
from models.numbers import BootstrapParams
from pipelines import __main__ as ansae
from pipelines import validate
from pipelines.validate import ValidateOptions
from tests.pipelines.synthetic_run import SyntheticRun
from tests.pipelines.test_report import Page
from tests.s3server import S3Server

QUIET = Console(quiet=True)
FEW = BootstrapParams(resamples=40)


def numbers(folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """Rows of the table by (name, last word of the source)."""
    rows = pq.read_table(folder / "validation.parquet").to_pylist()
    return {(r["name"], r["source"].split(", ")[-1]): r for r in rows}


def options(**more: Any) -> ValidateOptions:
    return ValidateOptions(**{"bootstrap": FEW, "pictures": 2, **more})


@pytest.fixture(scope="module")
def validated(synthetic_run: SyntheticRun, tmp_path_factory) -> tuple[Path, Page]:
    folder = tmp_path_factory.mktemp("validated")
    pq.write_table(synthetic_run.truth, folder / "truth.parquet")
    validate.run(
        options(
            catalogue=str(synthetic_run.folder), against="mock", output=str(folder),
            truth=str(folder / "truth.parquet"),
        ),
        QUIET,
    )  # fmt: skip
    return folder, Page((folder / "validation.html").read_text())


def known_pairs(run: SyntheticRun) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True and measured lengths and errors of the barred galaxies, without the product's help."""
    measured = {r["object_id"]: r for r in run.rows().to_pylist()}
    pairs = [
        (t["true_bar_length_px"], m["bar_length_px"], m["bar_length_px_err"])
        for t in run.truth.to_pylist()
        if (m := measured[t["object_id"]])["status"] == "measured"
    ]
    return tuple(np.array(v) for v in zip(*pairs, strict=True))


def test_numbers_are_the_catalogues(validated, synthetic_run) -> None:
    found = numbers(validated[0])
    truth, measured, err = known_pairs(synthetic_run)
    expected = {
        ("rho", "paper"): np.corrcoef(truth, measured)[0, 1],
        ("rmse", "paper"): np.sqrt(np.mean((measured - truth) ** 2)),
        ("slope", "paper"): np.sum(truth * measured) / np.sum(truth**2),
        ("slope_inverse_variance", "paper"): np.sum(truth * measured / err**2)
        / np.sum(truth**2 / err**2),
        ("slope_paper_weights", "paper"): np.sum(truth * measured / err) / np.sum(truth**2 / err),
        ("median_relative_error", "honest"): np.median(np.abs(measured - truth) / truth),
        ("coverage_1_sigma", "honest"): np.mean(np.abs(measured - truth) <= err),
    }
    for key, value in expected.items():
        row = found[key]
        assert row["value"] == pytest.approx(value, rel=1e-5), key
        assert row["low"] <= row["value"] <= row["high"]
        assert row["n"] == truth.size
    assert found["rmse", "paper"]["unit"] == "px"
    assert found["auc_bar_fraction", "detection"]["n"] == 60
    assert found["median_angle_error", "angles"]["value"] < 3
    assert found["measured_of_barred", "detection"]["value"] == 1


def test_sizes_on_the_image_feed_the_null_predictors(validated, synthetic_run) -> None:
    found = numbers(validated[0])
    truth, *_ = known_pairs(synthetic_run)
    assert found["null_constant_rmse", "null"]["n"] == truth.size
    assert found["partial_rho", "honest"]["value"] > 0.9


def test_the_table_has_its_schema_and_says_what_ran(validated) -> None:
    table = pq.read_table(validated[0] / "validation.parquet")
    assert table.schema.remove_metadata().equals(SCHEMA, check_metadata=False)
    assert b'"against": "mock"' in table.schema.metadata[b"ansae"]
    names = list(zip(table["name"].to_pylist(), table["source"].to_pylist(), strict=True))
    assert len(names) == len(set(names))
    assert all("run synthetic-" in source for _, source in names)


def test_page_is_whole_offline_and_readable(validated) -> None:
    _, parsed = validated
    assert parsed.open == []
    assert not {tag for tag, _ in parsed.tags} & {"script", "link", "iframe"}
    for _, attributes in parsed.tags:
        for name in ("src", "href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("data:image/", "#"))
    identities = [a["id"] for _, a in parsed.tags if "id" in a]
    assert len(identities) == len(set(identities))
    assert {a["href"][1:] for a in parsed.named("a") if a.get("href")} <= {*identities}
    plots = [a for a in parsed.named("div") if a.get("role") == "img"]
    assert len(plots) > 6
    assert all(a["aria-label"] for a in plots)
    assert all(a["alt"] for a in parsed.named("img"))
    for words in ("The paper's numbers", "The honest numbers", "The null predictors", "within 1 σ"):
        assert words in parsed.text


def test_worst_cases_are_shown(validated, synthetic_run) -> None:
    _, parsed = validated
    measured = {r["object_id"]: r for r in synthetic_run.rows().to_pylist()}
    ratios = {
        t["object_id"]: measured[t["object_id"]]["bar_length_px"] / t["true_bar_length_px"]
        for t in synthetic_run.truth.to_pylist()
        if t["true_bar_length_px"]
    }
    order = sorted(ratios, key=lambda k: ratios[k])
    text = parsed.text
    short, long = text.index("Measured too short"), text.rindex("Measured too long")
    assert short < text.index(str(order[0]), short) < long
    assert text.index(str(order[-1]), long) > long


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
    assert ("rho", "paper") not in found


@pytest.mark.data
def test_null_predictors_of_the_real_table(data_dir: Path, tmp_path: Path, capsys) -> None:
    """What paper 1's correlation of 0.76 has to be seen beside; no catalogue is needed for it."""
    arguments = ["--against", "hoyle", "--truth", str(data_dir / "hoyle2011"), "--output", str(tmp_path)]  # noqa: E501  # fmt: skip
    assert ansae.main(["validate", *arguments]) == 0
    rows = {r["name"]: r for r in pq.read_table(tmp_path / "validation.parquet").to_pylist()}
    for name, value, within in (
        ("null_constant_rho", 0.74, 0.02),
        ("null_constant_rmse", 1.60, 0.05),
        ("null_shuffled_rho", 0.56, 0.03),
    ):
        assert rows[name]["value"] == pytest.approx(value, abs=within)
        assert rows[name]["low"] < rows[name]["value"] < rows[name]["high"]
        assert rows[name]["high"] - rows[name]["low"] < 3 * within
        assert rows[name]["n"] == 3150
    assert "0.739" in capsys.readouterr().out
    assert Page((tmp_path / "validation.html").read_text()).open == []


@pytest.mark.data
def test_the_real_table_with_a_catalogue(data_dir: Path, tmp_path: Path) -> None:
    """Lengths that are all the same share of petroR90 reach what the null predictor reaches."""
    from catalogues.bars import SCHEMA as BARS
    from catalogues.layouts.hoyle import hoyle_table

    known = hoyle_table(*storage.filesystem(str(data_dir / "hoyle2011"))).slice(0, 600)
    r90 = known["petro_r90_arcsec"].to_numpy()
    columns: dict[str, Any] = {
        "object_id": known["object_id"], "bar_length_arcsec": 0.9 * r90,
        "bar_length_px": np.full(600, 45.0), "bar_fraction": np.full(600, 0.8),
        "pixel_scale_arcsec": 0.02 * r90, "status": ["measured"] * 600, "shard": ["s"] * 600,
        "shard_row": np.arange(600), "run_id": ["x"] * 600,
    }  # fmt: skip
    arrays = [
        pa.chunked_array(columns[f.name]).cast(f.type) if isinstance(columns.get(f.name), pa.ChunkedArray)  # noqa: E501
        else pa.array(columns[f.name]).cast(f.type) if f.name in columns else pa.nulls(600, f.type)
        for f in BARS
    ]  # fmt: skip
    (tmp_path / "run" / "catalogue").mkdir(parents=True)
    pq.write_table(
        pa.Table.from_arrays(arrays, names=BARS.names), tmp_path / "run" / "catalogue" / "a.parquet"
    )
    validate.run(
        options(
            catalogue=str(tmp_path / "run"), against="hoyle", truth=str(data_dir / "hoyle2011")
        ),
        QUIET,
    )
    found = numbers(tmp_path / "run")
    assert found["rho", "paper"]["value"] == pytest.approx(
        found["null_constant_rho", "null"]["value"], abs=1e-5
    )
    assert found["null_constant_rho", "paper's axis"]["n"] == 3150
    assert found["rho", "paper"]["unit"] == ""
    assert found["rmse", "paper"]["unit"] == "paper"
    # the slope on the paper's axes, which are not of one unit: 0.396 theta against 0.35 theta
    truth = known["length_arcsec"].to_numpy()
    slope = statistics.slope_through_origin(0.35 * truth, 0.396 * 0.9 * r90)
    assert found["slope", "paper"]["value"] == pytest.approx(slope, rel=1e-5)
    # and what is honest says that nothing was measured
    assert abs(found["scaled_rho", "honest"]["value"]) < 4 / np.sqrt(600)


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{run}", "--against", "mock", "--truth", "{tmp}/absent"], r"holds no \.parquet and 0"),
        (
            ["{tmp}/absent", "--against", "mock", "--truth", "{tmp}/t.parquet"],
            r"holds no catalogue/",
        ),
        (
            ["--against", "mock", "--truth", "{tmp}/t.parquet"],
            r"without a catalogue leaves nothing",
        ),
        (
            ["{run}", "--against", "table", "--truth", "{tmp}/t.parquet"],
            r"median full length of 4000 kpc, but bars have medians of 0\.3 to 40 kpc \(4000 pc",
        ),
        (
            ["{run}", "--against", "table", "--truth", "{tmp}/other.parquet"],
            r"no galaxy with votes stands both .* identifiers are like \d+ here and 1 there; "
            r"within 2 arcsec no places agree \(60 rows have one here, 0 there\)",
        ),
        (
            ["{run}", "--against", "table", "--truth", "{tmp}/other.parquet", "--join", "id"],
            r"like \d+ here and 1 there\. Give",
        ),
        (["{run}", "--against", "hoyle", "--truth", "{tmp}"], r"hoyle_barlengths\.csv"),
        (
            [
                "{run}",
                "--against",
                "table",
                "--truth",
                "{tmp}/other.parquet",
                "--tolerance-arcsec",
                "0",
            ],
            r"tolerance_arcsec 0\.0 must be above 0",
        ),
        (["{run}", "--against", "eye", "--truth", "x"], r"eye"),
        (
            ["{run}", "--against", "mock", "--truth", "{tmp}/truth.parquet", "--again", "{tmp}"],
            r"give the output folder of a second `ansae measure`",
        ),
    ],
)
def test_mistakes_are_one_line(arguments, message, synthetic_run, tmp_path, capsys) -> None:
    pq.write_table(pa.table({"object_id": [1], "length_kpc": [4000.0]}), tmp_path / "t.parquet")
    pq.write_table(pa.table({"object_id": [1], "length_kpc": [4.0]}), tmp_path / "other.parquet")
    pq.write_table(synthetic_run.truth, tmp_path / "truth.parquet")
    filled = [a.format(tmp=tmp_path, run=synthetic_run.folder) for a in arguments]
    try:
        status = validate.main(filled)
    except SystemExit as end:
        status = end.code
    assert status == 2
    error = capsys.readouterr().err
    assert re.search(message, error), error
    assert error.count("\n") == 1
    assert not (tmp_path / "validation.html").exists()


def test_lengths_in_a_unit_that_the_catalogue_lacks(synthetic_run, tmp_path: Path) -> None:
    table = synthetic_run.rows()
    index = table.schema.get_field_index("bar_length_kpc")
    empty = table.set_column(index, table.schema.field(index), [pa.nulls(len(table), pa.float32())])
    (tmp_path / "catalogue").mkdir()
    pq.write_table(empty, tmp_path / "catalogue" / "a.parquet")
    truth = pa.table({"object_id": table["object_id"], "length_kpc": [4.0] * len(table)})
    pq.write_table(truth, tmp_path / "t.parquet")
    with pytest.raises(ValueError, match=r"the truth is in kpc, and none of the 60 galaxies that"):
        validate.run(
            options(catalogue=str(tmp_path), against="table", truth=str(tmp_path / "t.parquet")),
            QUIET,
        )


def test_identifiers_that_are_not_the_truths(synthetic_run, tmp_path: Path) -> None:
    """Ids agree by accident, places do not: the page says so."""
    rows = [r for r in synthetic_run.rows().to_pylist() if r["status"] == "measured"]
    shifted = rows[1:] + rows[:1]
    truth = {"object_id": [r["object_id"] for r in shifted], "ra": [r["ra"] for r in rows]}
    truth |= {"dec": [r["dec"] for r in rows], "length_px": [r["bar_length_px"] for r in rows]}
    pq.write_table(pa.table(truth), tmp_path / "t.parquet")
    for join, rho in (("auto", None), ("position", 1.0)):
        validate.run(
            options(
                catalogue=str(synthetic_run.folder), against="table", output=str(tmp_path),
                truth=str(tmp_path / "t.parquet"), pictures=0, join=join,
            ),
            QUIET,
        )  # fmt: skip
        text = Page((tmp_path / "validation.html").read_text()).text
        assert ("say --join position" in text) == (join == "auto")
        assert rho is None or numbers(tmp_path)["rho", "paper"]["value"] == pytest.approx(rho)


def test_the_command_is_known() -> None:
    assert "validate" in ansae.commands()
