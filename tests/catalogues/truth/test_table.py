"""Truths of every kind under one set of names, and what is wrong with some."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import Table

from catalogues.queries.database import connected, fetch
from catalogues.truth.kinds import read_truth
from catalogues.truth.params import TableColumns
from catalogues.truth.table import KNOWN, Truth

IDS = [587722981747982465, 587722981752438860, 587722982286426253]


def established(
    kind: Any, url: Path, named: TableColumns | None = None
) -> tuple[Truth, list[dict[str, Any]]]:
    with connected() as con:
        truth = read_truth(con, kind, str(url), named or TableColumns())
        return truth, fetch(con, f"SELECT * FROM {KNOWN} ORDER BY truth_row").to_pylist()


def write(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def test_a_table_whose_name_says_the_unit(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.parquet",
        objid=IDS,
        RA=[1.0, 2, 3],
        DEC=[4.0, 5, 6],
        bar_length_arcmin=[0.5, 0.0, None],
        bar_length_arcmin_err=[0.1, 0.1, 0.1],
        redshift=[0.1] * 3,
        incl=[10, 20, 30],
    )
    truth, rows = established("table", path, TableColumns(trends=("incl",)))
    assert (truth.unit, truth.rows, truth.lengths) == ("arcsec", 3, 1)
    assert [r["object_id"] for r in rows] == IDS  # digit for digit
    assert [r["true_length"] for r in rows] == [30, 0, None]
    assert rows[0]["true_length_err"] == pytest.approx(6)
    assert [r["true_barred"] for r in rows] == [1, 0, None]  # null is not "no bar"
    assert set(truth.trends) == {"redshift", "incl"}
    assert rows[2]["trend_incl"] == 30
    assert (rows[1]["ra"], rows[1]["dec"]) == (2, 5)


@pytest.mark.parametrize("kind", ["csv", "tsv", "fits"])
def test_tables_of_other_formats(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"t.{kind}"
    table = Table({"objid": IDS, "length_kpc": [3.0, 5.0, 7.0]})
    if kind == "fits":
        table.write(path)
    else:
        table.write(path, format="ascii.csv" if kind == "csv" else "ascii.tab")
    truth, rows = established("table", path)
    assert (truth.unit, truth.lengths) == ("kpc", 3)
    assert [r["object_id"] for r in rows] == IDS


def test_half_lengths_and_a_unit_of_the_users(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", object_id=IDS, sma=[3.0, 5, 7], e_sma=[1.0, 1, 1])
    named = TableColumns(length="sma", unit="kpc", semi=True, error="e_sma")
    _, rows = established("table", path, named)
    assert [r["true_length"] for r in rows] == [6, 10, 14]
    assert rows[0]["true_length_err"] == 2


def test_rows_that_count_for_nothing_are_told(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", object_id=[1, 1, 2], length_kpc=[3.0, 5, -7])
    truth, _ = established("table", path)
    assert truth.lengths == 2
    assert truth.notes == (
        "1 rows of the truth repeat an identifier: the first of each counts",
        "1 rows of the truth have a length below 0: they are left out",
    )


def test_identifiers_of_the_legacy_surveys_are_packed_as_ingest_packs_them(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.parquet",
        RELEASE=pa.array([9011, 9011, 9011], pa.int16()),
        BRICKID=pa.array([565022, 565022, -1], pa.int32()),
        OBJID=pa.array([1254, 1468, 1], pa.int32()),
        bar_length_arcsec=[1.0, 2.0, 3.0],
    )
    _, rows = established("table", path)
    assert [r["object_id"] for r in rows] == [39633166985594086, 39633166985594300, None]


def test_floats_that_lost_digits_are_no_identifiers(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", object_id=[float(IDS[0]), 12.0, 1.5], length_kpc=[3.0] * 3)
    _, rows = established("table", path)
    assert [r["object_id"] for r in rows] == [None, 12, None]


@pytest.mark.parametrize(
    ("columns", "named", "message"),
    [
        (
            {"length_kpc": [4000.0, 4100, 3900]},
            {},
            r"'length_kpc' has a median full length of 4000 kpc, .*\(4000 pc would be 4 kpc\)",
        ),
        ({"length": [4.0, 5, 6]}, {}, r"'length' does not name its unit.*--unit"),
        (
            {"size": [4.0, 5, 6]},
            {},
            r"columns object_id, size, and the bar's length is none of them: name it with",
        ),
        (
            {"length_a": [1.0] * 3, "length_b": [1.0] * 3},
            {},
            r"could be length_a, length_b: name it",
        ),
        ({"length_kpc": [4.0] * 3}, {"length": "bar"}, r"has no column 'bar': its columns are"),
        (
            {"length_kpc": [4.0] * 3},
            {"trends": ("snr",)},
            r"no column 'snr' for a trend of the accuracy",
        ),
        ({"length_kpc": [4.0] * 3}, {"angle": "pa"}, r"has no column 'pa'"),
    ],
)
def test_mistakes_about_a_table(columns: dict, named: dict, message: str, tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", object_id=IDS, **columns)
    with pytest.raises(ValueError, match=message):
        established("table", path, TableColumns(**named))


def test_mock_galaxies(tmp_path: Path) -> None:
    columns: dict[str, Any] = {
        "object_id": [1, 2],
        "image": [{"bytes": b"x", "path": "p"}] * 2,
        "z": [0.1, 0.2],
        "true_bar_length_px": [30.0, None],
        "true_bar_position_angle_deg": [12.0, None],
        "true_psf_fwhm_px": [3.0, 3.0],
        "true_inclination_deg": [10.0, 20.0],
    }
    write(tmp_path / "a.parquet", **columns)
    truth, rows = established("mock", tmp_path)
    assert (truth.unit, truth.rows, truth.lengths, truth.votes) == ("px", 2, 1, False)
    assert [r["true_barred"] for r in rows] == [1, 0]  # a mock without a bar has none
    assert (rows[0]["true_angle_deg"], rows[0]["true_psf_fwhm_px"]) == (12, 3)
    assert set(truth.trends) == {"inclination", "psf_fwhm", "redshift"}
    assert any("edge-to-edge" in note for note in truth.notes)
    columns |= {"true_bar_visual_length_px": [24.0, None]}
    write(tmp_path / "a.parquet", **columns)
    truth, rows = established("mock", tmp_path)
    assert rows[0]["true_length"] == rows[0]["true_length_px"] == 24
    assert not any("edge-to-edge" in note for note in truth.notes)
    del columns["true_bar_visual_length_px"], columns["true_bar_length_px"]
    write(tmp_path / "a.parquet", **columns)
    with pytest.raises(ValueError, match=r"has no columns object_id and true_bar_length_px"):
        established("mock", tmp_path)


def test_columns_of_any_name_are_only_names(tmp_path: Path) -> None:
    name = 'odd"; DROP TABLE known; --'
    path = write(tmp_path / "t.parquet", object_id=[1], length_kpc=[3.0], **{name: [7.0]})
    truth, rows = established("table", path, TableColumns(trends=(name,)))
    assert truth.trends == (name,)
    assert rows[0][f"trend_{name}"] == 7


def test_duckdb_is_left_without_a_network() -> None:
    with connected() as con:
        found = con.execute("SELECT current_setting('autoinstall_known_extensions')").fetchone()
    assert isinstance(con, duckdb.DuckDBPyConnection)
    assert found == (False,)


def test_rows_of_hoyles_table_without_a_length_are_told(tmp_path: Path) -> None:
    head = "objid,ra,dec,length_avg,length_stdev,width_avg,width_stdev,length_scaled,bar_meas,z"
    rows = ["1,10,1,5,1,1,1,0.5,3,0.03", "2,11,1,,1,1,1,0.5,3,0.03", "3,12,1,5,1,1,1,0.5,3,0"]
    (tmp_path / "hoyle_barlengths.csv").write_text("\n".join([head, *rows]) + "\n")
    truth, _ = established("hoyle", tmp_path)
    assert (truth.rows, truth.lengths) == (3, 1)
    assert truth.notes == (
        "1 rows of the truth give no length: length_avg is not a number above 0",
        "1 rows of the truth give no length: no redshift above 0",
    )


@pytest.mark.data
def test_the_real_truths(data_dir: Path) -> None:
    truth, rows = established("hoyle", data_dir / "hoyle2011")
    assert (truth.unit, truth.rows, truth.lengths) == ("arcsec", 3150, 3150)
    assert rows[0]["true_length_err"] == pytest.approx(0.17 * rows[0]["true_length"])
    truth, rows = established("efigi", data_dir / "efigi")
    assert (truth.unit, truth.rows) == ("", 3576)
    assert {r["true_barred"] for r in rows} == {None, 0, 1}
