"""`ansae validate` given what it cannot use."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import __main__ as ansae
from pipelines.validate import command as validate
from pipelines.validate.__main__ import main as validate_main
from tests.pipelines.report.test_report import Page
from tests.pipelines.validate.validating import QUIET, numbers, options


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
            r"no galaxy with votes is both .* identifiers are like \d+ here and 1 there; "
            r"no positions agree within 2 arcsec \(60 rows have a position here, 0 there\)",
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
        (
            ["{run}", "--against", "mock", "--truth", "{tmp}/truth.parquet", "--again", "{run}"],
            r"has the seed 7, like the catalogue, .* measure the second run with another --seed",
        ),
    ],
)
def test_mistakes_are_one_line(arguments, message, synthetic_run, tmp_path, capsys) -> None:
    pq.write_table(pa.table({"object_id": [1], "length_kpc": [4000.0]}), tmp_path / "t.parquet")
    pq.write_table(pa.table({"object_id": [1], "length_kpc": [4.0]}), tmp_path / "other.parquet")
    pq.write_table(synthetic_run.truth, tmp_path / "truth.parquet")
    filled = [a.format(tmp=tmp_path, run=synthetic_run.folder) for a in arguments]
    try:
        status = validate_main(filled)
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


def test_the_command_is_known() -> None:
    assert "validate" in ansae.COMMANDS


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
        assert ("give --join position" in text) == (join == "auto")
        assert rho is None or numbers(tmp_path)["rho", "paper"]["value"] == pytest.approx(rho)


def test_a_second_run_whose_seed_no_record_tells(synthetic_run, tmp_path: Path) -> None:
    (tmp_path / "again" / "catalogue").mkdir(parents=True)
    pq.write_table(synthetic_run.rows(), tmp_path / "again" / "catalogue" / "a.parquet")
    pq.write_table(synthetic_run.truth, tmp_path / "truth.parquet")
    given = options(
        catalogue=str(synthetic_run.folder), against="mock", output=str(tmp_path),
        truth=str(tmp_path / "truth.parquet"), again=str(tmp_path / "again"),
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"again' has no run\.json with a seed"):
        validate.run(given, QUIET)
    assert not (tmp_path / "validation.html").exists()
