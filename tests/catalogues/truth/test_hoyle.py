"""Hoyle et al.'s bar lengths: the real table, and small ones with what goes wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from astropy.cosmology import FlatLambdaCDM

from catalogues import storage
from catalogues.truth.hoyle import FILE, REDSHIFTS, SCHEMA, hoyle_table

HEAD = "objid,ra,dec,length_avg,length_stdev,width_avg,width_stdev,length_scaled,bar_meas"
ROWS = (
    "587722981747982465,198.05199,-1.0951362,5.841887,0.32031392,2.3284724,0.95103847,0.4611,3",
    "587722981752438860,208.22692,-1.1146164,3.240697,0.74189323,0.60321635,0.19786,0.3396,4",
)
BESIDE = (
    "#SDSS_OBJID sma_kpc err_sma_kpc logMstar M_g M_i z",
    "587722981747982465 2.045 0.112 9.336 -19.317 -19.840 0.04089",
    "587722981752438860 1.134 0.260 9.379 -17.417 -18.500 0.00461",
)


def read(folder: Path) -> pa.Table:
    return hoyle_table(*storage.filesystem(str(folder)))


def write(folder: Path, rows=ROWS, head: str = HEAD, beside=BESIDE) -> Path:
    (folder / FILE).write_text("\n".join([head, *rows]) + "\n")
    if beside:
        (folder / REDSHIFTS).write_text("\n".join(beside) + "\n")
    return folder


def test_lengths_on_the_sky_and_sizes_are_rebuilt(tmp_path: Path) -> None:
    table = read(write(tmp_path))
    assert table.schema == SCHEMA
    row = table.to_pylist()[0]
    assert row["object_id"] == 587722981747982465
    kpc = FlatLambdaCDM(H0=70, Om0=0.3).kpc_proper_per_arcmin(0.04089).value / 60
    assert row["length_arcsec"] == pytest.approx(5.841887 / kpc)
    assert row["petro_r90_arcsec"] == pytest.approx(5.841887 / kpc / (2 * 0.4611))
    assert (row["z"], row["volunteers"], row["problem"]) == (0.04089, 3, None)
    assert row["axis_ratio"] == pytest.approx(2.3284724 / 5.841887)


def test_a_column_z_does_instead_of_the_second_file(tmp_path: Path) -> None:
    rows = [f"{row},0.03" for row in ROWS]
    table = read(write(tmp_path, rows, f"{HEAD},z", beside=()))
    assert table["z"].to_pylist() == [0.03, 0.03]


def test_rows_that_give_no_length_say_why(tmp_path: Path) -> None:
    rows = (*ROWS, ROWS[0].replace("5.841887", "0"), ROWS[0].replace("0.4611", ""), "5,1,1,5,1,1,1,0.5,3")  # noqa: E501  # fmt: skip
    table = read(write(tmp_path, rows))
    assert table["problem"].to_pylist() == [
        None,
        None,
        "length_avg is not a number above 0",
        "length_scaled is not a number above 0",
        "no redshift above 0",
    ]
    assert table["petro_r90_arcsec"].null_count == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"head": HEAD.replace("length_scaled", "scaled")}, r"has no column 'length_scaled'"),
        ({"beside": ()}, r"does not exist: lengths in kpc can .* or add a column z"),
        ({"beside": ("SDSS_OBJID z",)}, r"does not begin with '#SDSS_OBJID \.\.\. z'"),
        ({"rows": [r.replace(",5.84", ",5840.").replace(",3.24", ",3240.") for r in ROWS]},
         r"'length_avg' has a median full length of \d+ kpc"),
        ({"rows": [ROWS[0].replace("198.05199", "north")]},
         r"column 'ra' .* holds other things than numbers"),
    ],
)  # fmt: skip
def test_tables_that_are_not_it(changes: dict, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        read(write(tmp_path, **changes))


@pytest.mark.data
def test_the_real_table(data_dir: Path) -> None:
    table = read(data_dir / "hoyle2011")
    assert table.num_rows == 3150
    assert table["problem"].null_count == 3150
    assert len(set(table["object_id"].to_pylist())) == 3150
    r90 = table["petro_r90_arcsec"].to_numpy()
    assert np.median(r90) == pytest.approx(13.2, abs=0.05)
    assert (r90.min(), r90.max()) == pytest.approx((3.4, 57.5), abs=0.05)
    assert (table["length_scaled"].to_numpy() > 1).sum() == 11
    relative = table["length_kpc_err"].to_numpy() / table["length_kpc"].to_numpy()
    assert relative.mean() == pytest.approx(0.168, abs=0.001)
