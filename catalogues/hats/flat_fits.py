"""Write a FITS binary table in pieces: the header first, then any number of rows."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from astropy.io import fits
from astropy.table import Table
from numpy.typing import NDArray

from catalogues.hats.rows import Widths

_BLOCK = 2880

_NUMBERS: dict[pa.DataType, tuple[str, str]] = {
    pa.bool_(): ("B", ">u1"),
    pa.uint8(): ("B", ">u1"),
    pa.int16(): ("I", ">i2"),
    pa.int32(): ("J", ">i4"),
    pa.int64(): ("K", ">i8"),
    pa.float32(): ("E", ">f4"),
    pa.float64(): ("D", ">f8"),
}


@dataclass(frozen=True, kw_only=True)
class _Column:
    field: pa.Field
    form: str
    kind: np.dtype[Any]
    null: int | None = None

    def values(self, column: pa.ChunkedArray) -> NDArray[Any]:
        """Convert to (N,) of `kind`: text as ASCII, nulls as NaN or `null`, lists padded by NaN."""
        if self.kind.subdtype is not None:
            return _filled(column, self.kind)
        if self.kind.kind == "S":
            words = column.cast(pa.string()).to_pylist()
            return np.array([(w or "").encode("ascii", "replace") for w in words], self.kind)
        if self.null is not None:
            column = pc.fill_null(column, self.null)
        return np.asarray(column.to_numpy()).astype(self.kind)


def write_fits(
    file: IO[bytes], tables: Iterable[pa.Table], schema: pa.Schema, rows: int, widths: Widths
) -> None:
    """Write the rows as the first extension. `widths`: room for text and lists.

    Units, UCDs and descriptions are in TUNITn, TUCDn and TCOMMn; descriptions are also where
    astropy's `Table.read` finds them. A null integer is TNULLn, the smallest value of its type, and
    a null number is NaN. Characters outside ASCII become "?". Raises ValueError if the tables do
    not have `rows` rows in total.
    """
    columns = [_column(f, widths) for f in schema]
    kind = np.dtype([(c.field.name, c.kind) for c in columns])
    file.write(fits.PrimaryHDU().header.tostring().encode("ascii"))
    file.write(_header(columns, kind.itemsize, rows).tostring().encode("ascii"))
    written = 0
    for table in tables:
        block = np.zeros(len(table), kind)
        for column in columns:
            block[column.field.name] = column.values(table.column(column.field.name))
        file.write(block.tobytes())
        written += len(table)
    if written != rows:
        raise ValueError(
            f"{written} rows were read instead of {rows}: the catalogue changed in the meantime; "
            "publish it again"
        )
    file.write(b"\0" * (-written * kind.itemsize % _BLOCK))


def _column(field: pa.Field, widths: Widths) -> _Column:
    kind = field.type
    if kind in _NUMBERS:
        letter, code = _NUMBERS[kind]
        whole = letter in "IJK" and field.nullable
        null = int(np.iinfo(code).min) if whole else None
        return _Column(field=field, form=f"1{letter}", kind=np.dtype(code), null=null)
    if pa.types.is_list(kind) and pa.types.is_floating(kind.value_type):
        letter, code = _NUMBERS[kind.value_type]
        length = max(1, widths.lists.get(field.name, 1))
        return _Column(field=field, form=f"{length}{letter}", kind=np.dtype((code, (length,))))
    width = max(1, widths.text.get(field.name, 1))
    return _Column(field=field, form=f"{width}A", kind=np.dtype(f"S{width}"))


def _filled(column: pa.ChunkedArray, kind: np.dtype[Any]) -> NDArray[Any]:
    assert kind.subdtype is not None
    base, (length,) = kind.subdtype[0], kind.subdtype[1]
    out = np.full((len(column), length), np.nan, base)
    for row, value in enumerate(column.to_pylist()):
        if value:
            out[row, : len(value)] = [np.nan if v is None else v for v in value]
    return out


def _header(columns: list[_Column], row_bytes: int, rows: int) -> fits.Header:
    header = fits.Header()
    header["XTENSION"] = "BINTABLE"
    header["BITPIX"], header["NAXIS"] = 8, 2
    header["NAXIS1"], header["NAXIS2"] = row_bytes, rows
    header["PCOUNT"], header["GCOUNT"], header["TFIELDS"] = 0, 1, len(columns)
    for n, column in enumerate(columns, start=1):
        known = {k.decode(): v.decode() for k, v in (column.field.metadata or {}).items()}
        header[f"TTYPE{n}"], header[f"TFORM{n}"] = column.field.name, column.form
        if column.null is not None:
            header[f"TNULL{n}"] = column.null
        for card, key in (("TUNIT", "unit"), ("TUCD", "ucd"), ("TCOMM", "description")):
            if key in known:
                header[f"{card}{n}"] = _ascii(known[key])
    for comment in _descriptions(columns):
        header["COMMENT"] = comment
    return header


def _descriptions(columns: list[_Column]) -> list[str]:
    """Return the comments where astropy stores descriptions: `Table.read` ignores TCOMMn."""
    table = Table({column.field.name: np.zeros(0, column.kind) for column in columns})
    for column in columns:
        told = (column.field.metadata or {}).get(b"description", b"").decode()
        if told:
            table[column.field.name].description = _ascii(told)
    file = io.BytesIO()
    table.write(file, format="fits")
    return [str(line) for line in fits.getheader(io.BytesIO(file.getvalue()), 1).get("COMMENT", [])]


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()
