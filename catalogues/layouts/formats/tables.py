"""Read tables of galaxies in portions: CSV, Parquet and FITS, with exact identifiers.

FITS tables are converted to the machine's byte order; integers stay exact and nulls stay null.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from astropy.io import fits

from catalogues import storage
from catalogues.storage import FileSystem, StorageError


def fits_columns(file: Any, path: str) -> list[str]:
    """Return the column names of the first table in a FITS file. Raises ValueError."""
    with _opened(file, path) as opened:
        return list(_table(opened, path).columns.names)


def read_fits(file: Any, path: str, names: list[str], rows: int) -> Iterator[pa.Table]:
    """Read the columns `names` of the first table in a FITS file. Raises ValueError."""
    with _opened(file, path) as opened:
        hdu = _table(opened, path)
        for start in range(0, len(hdu.data), rows):
            part = hdu.data[start : start + rows]
            arrays = [_array(part[name], hdu.columns[name], path) for name in names]
            yield pa.table(arrays, names=names)


def _opened(file: Any, path: str) -> Any:
    try:
        return fits.open(file, memmap=False, lazy_load_hdus=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"the table {path!r} is not a readable FITS file: {error}") from error


def _table(opened: Any, path: str) -> Any:
    for hdu in opened:
        if isinstance(hdu, (fits.BinTableHDU, fits.TableHDU)):
            return hdu
    raise ValueError(f"the FITS file {path!r} holds no table: give the file with the table")


def _array(values: Any, column: Any, path: str) -> pa.Array:
    values = np.asarray(values)
    if values.ndim != 1:
        raise ValueError(
            f"column {column.name!r} of {path!r} holds {values.shape[1:]} values per row: name "
            "columns with one value per row"
        )
    if values.dtype.kind in "SU":
        return pa.array([str(v).strip() or None for v in values.astype(str)], pa.string())
    native = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("="), copy=False))
    null = column.null
    mask = native == int(null) if null not in (None, "") and native.dtype.kind in "iu" else None
    return pa.array(native, mask=mask)


CSV, TSV, PARQUET, FITS = ".csv", ".tsv", ".parquet", ".fits"
_SUFFIXES = {CSV: CSV, TSV: TSV, PARQUET: PARQUET, FITS: FITS, ".fit": FITS, ".fts": FITS}
_BLOCK_BYTES = 16 * 2**20


def kind_of_table(path: str) -> str:
    """Return CSV, TSV, PARQUET or FITS, by the suffix. Raises ValueError for any other suffix."""
    for suffix, kind in _SUFFIXES.items():
        if path.lower().endswith(suffix):
            return kind
    raise ValueError(
        f"the table {storage.redact(path)!r} has an unsupported format: give one that ends in "
        f"{', '.join(_SUFFIXES)}"
    )


def table_columns(fs: FileSystem, path: str) -> list[str]:
    """Return the names of a table's columns. Raises StorageError and ValueError."""
    kind = kind_of_table(path)
    with storage.open_random(fs, path) as file, storage.explained("read", path):
        if kind == PARQUET:
            return list(_parquet(file, path).schema_arrow.names)
        if kind == FITS:
            return fits_columns(file, path)
        line = file.readline(2**20).decode("utf-8-sig", errors="replace")
        names = next(csv.reader(io.StringIO(line), delimiter=_delimiter(kind)), [])
        if not names:
            raise ValueError(f"the table {path!r} is empty: its first line must name the columns")
        return names


def read_table(
    fs: FileSystem, path: str, names: Collection[str], text: Collection[str], rows: int
) -> Iterator[pa.Table]:
    """Read the columns `names` in order, in portions of at most `rows`.

    In a CSV the columns in `text` are read as text, digit for digit. The types of the other columns
    come from the first 16 MiB. Raises StorageError and ValueError.
    """
    kind = kind_of_table(path)
    read = list(dict.fromkeys(names))
    with storage.open_random(fs, path) as file, storage.explained("read", path):
        if kind == PARQUET:
            for batch in _parquet(file, path).iter_batches(rows, columns=read):
                yield pa.Table.from_batches([batch])
        elif kind == FITS:
            yield from read_fits(file, path, read, rows)
        else:
            yield from _read_csv(file, path, kind, read, text, rows)


def _parquet(file: Any, path: str) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(file)
    except pa.ArrowInvalid as error:
        raise StorageError(f"{path!r} is not a readable Parquet file: {error}") from error


def _delimiter(kind: str) -> str:
    return "\t" if kind == TSV else ","


def _read_csv(
    file: Any, path: str, kind: str, names: list[str], text: Collection[str], rows: int
) -> Iterator[pa.Table]:
    convert = pyarrow.csv.ConvertOptions(
        include_columns=names,
        column_types={name: pa.string() for name in names if name in text},
        strings_can_be_null=True,
    )
    try:
        reader = pyarrow.csv.open_csv(
            file,
            read_options=pyarrow.csv.ReadOptions(block_size=_BLOCK_BYTES),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=_delimiter(kind), newlines_in_values=True
            ),
            convert_options=convert,
        )
        for batch in reader:
            for start in range(0, len(batch), rows):
                yield pa.Table.from_batches([batch.slice(start, rows)])
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise ValueError(
            f"the table {path!r} cannot be read as {kind[1:].upper()}: {error}; correct that line, "
            "or store the table as Parquet"
        ) from error
