"""Tables in three formats say the same, digit for digit."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from astropy.io import fits

from catalogues import storage
from catalogues.layouts.formats.tables import kind_of_table, read_table, table_columns
from catalogues.storage import StorageError

IDS = [587722981742084096, -1, 2**63 - 1, -(2**63), 0]
TABLE = pa.table(
    {
        "objid": pa.array(IDS, pa.int64()),
        "ra": [0.1, 359.99999999999994, 1e-300, -0.0, 12.0],
        "name": ["a", "b c", 'd"e', "f,g", "h"],
        "grade": pa.array([1, 2, 3, 4, 5], pa.int16()),
        "good": [True, False, True, True, False],
    }
)


def as_fits(table: pa.Table) -> bytes:
    """The table as FITS, in FITS's byte order, after an image."""
    formats = {"objid": "K", "ra": "D", "name": "8A", "grade": "I", "good": "L"}
    columns = [
        fits.Column(name=n, format=formats[n], array=np.array(table.column(n).to_pylist()))
        for n in table.schema.names
    ]
    image = fits.ImageHDU(np.zeros((4, 4), np.float32))
    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), image, fits.BinTableHDU.from_columns(columns)]).writeto(buffer)
    return buffer.getvalue()


def write(folder: Path, name: str, table: pa.Table) -> str:
    """Write `table` in the format of the name; the path."""
    path = folder / name
    if name.endswith(".parquet"):
        pq.write_table(table, path)
    elif name.lower().endswith((".fits", ".fit")):
        path.write_bytes(as_fits(table))
    else:
        options = pyarrow.csv.WriteOptions(delimiter="\t" if name.endswith(".tsv") else ",")
        pyarrow.csv.write_csv(table, path, options)
    return str(path)


@pytest.mark.parametrize("name", ["t.csv", "t.TSV", "t.tsv", "t.parquet", "t.fits", "T.FIT"])
def test_same_table_in_every_format(tmp_path: Path, name: str) -> None:
    if name == "t.TSV":
        pyarrow.csv.write_csv(TABLE, tmp_path / name, pyarrow.csv.WriteOptions(delimiter="\t"))
        path = str(tmp_path / name)
    else:
        path = write(tmp_path, name, TABLE)
    fs, _ = storage.filesystem(path)
    assert table_columns(fs, path) == TABLE.schema.names
    wanted = ["name", "objid", "ra", "grade", "good"]
    portions = list(read_table(fs, path, wanted, text=("objid",), rows=2))
    assert [len(portion) for portion in portions] == [2, 2, 1]
    read = pa.concat_tables(portions)
    assert read.schema.names == wanted
    assert [int(value) for value in read.column("objid").to_pylist()] == IDS
    for column in ("ra", "name", "grade", "good"):
        assert read.column(column).to_pylist() == TABLE.column(column).to_pylist(), column


def test_fits_nulls_unsigned_and_scaled(tmp_path: Path) -> None:
    columns = [
        fits.Column(name="u", format="K", bzero=2**63, array=np.array([2**63, 1], np.uint64)),
        fits.Column(name="n", format="J", null=-9, array=np.array([-9, 3])),
        fits.Column(name="s", format="4A", array=np.array(["", "x"])),
        fits.Column(name="v", format="2D", array=np.zeros((2, 2))),
    ]
    path = str(tmp_path / "t.fits")
    fits.BinTableHDU.from_columns(columns).writeto(path)
    fs, _ = storage.filesystem(path)
    (read,) = read_table(fs, path, ["u", "n", "s"], (), 10)
    assert read.column("u").to_pylist() == [2**63, 1]
    assert read.column("n").to_pylist() == [None, 3]
    assert read.column("s").to_pylist() == [None, "x"]
    with pytest.raises(ValueError, match=r"column 'v' .* holds \(2,\) values per row"):
        list(read_table(fs, path, ["v"], (), 10))


def test_csv_with_bom_blanks_and_nulls(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b'\xef\xbb\xbf"objid",z\r\n 12 ,\r\n,0.5\r\n"1,2",NaN\r\n')
    fs, _ = storage.filesystem(str(path))
    assert table_columns(fs, str(path)) == ["objid", "z"]
    (read,) = read_table(fs, str(path), ["objid", "z"], ("objid", "z"), 10)
    assert read.column("objid").to_pylist() == [" 12 ", None, "1,2"]


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"t.xlsx' has an unsupported format: give one that ends"):
        kind_of_table("t.xlsx")
    fs, _ = storage.filesystem(str(tmp_path))
    cases: list[tuple[str, bytes, type[Exception], str]] = [
        ("t.csv", b"", ValueError, "is empty: its first line must name the columns"),
        ("t.parquet", b"PAR1", StorageError, "is not a readable Parquet file"),
        ("t.fits", b"SIMPLE  = nothing", ValueError, "is not a readable FITS file"),
    ]
    for name, content, error, match in cases:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(error, match=match):
            table_columns(fs, str(tmp_path / name))
    (tmp_path / "ragged.csv").write_bytes(b"a,b\n1,2\n3\n")
    with pytest.raises(ValueError, match=r"ragged.csv' cannot be read as CSV: .*correct that line"):
        list(read_table(fs, str(tmp_path / "ragged.csv"), ["a", "b"], (), 10))
    fits.PrimaryHDU(np.zeros((3, 3))).writeto(tmp_path / "image.fits")
    with pytest.raises(ValueError, match=r"image.fits' holds no table"):
        table_columns(fs, str(tmp_path / "image.fits"))
    with pytest.raises(StorageError, match="no such file"):
        table_columns(fs, str(tmp_path / "absent.csv"))
