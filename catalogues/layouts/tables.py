"""Tables that describe galaxies: CSV, Parquet and FITS, read in portions, ids digit for digit."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from catalogues import storage
from catalogues.layouts import fits_tables
from catalogues.storage import StorageError

CSV, TSV, PARQUET, FITS = ".csv", ".tsv", ".parquet", ".fits"
_SUFFIXES = {CSV: CSV, TSV: TSV, PARQUET: PARQUET, FITS: FITS, ".fit": FITS, ".fts": FITS}
_BLOCK_BYTES = 16 * 2**20


def kind_of_table(path: str) -> str:
    """CSV, TSV, PARQUET or FITS, by the name. Raises ValueError for another."""
    for suffix, kind in _SUFFIXES.items():
        if path.lower().endswith(suffix):
            return kind
    raise ValueError(
        f"the table {storage.redact(path)!r} is of no kind that is read: give one that ends in "
        f"{', '.join(_SUFFIXES)}"
    )


def table_columns(fs: Any, path: str) -> list[str]:
    """Names of a table's columns. Raises StorageError, ValueError."""
    kind = kind_of_table(path)
    with storage.open_random(fs, path) as file, storage.explained("read", path):
        if kind == PARQUET:
            return list(_parquet(file, path).schema_arrow.names)
        if kind == FITS:
            return fits_tables.columns(file, path)
        line = file.readline(2**20).decode("utf-8-sig", errors="replace")
        names = next(csv.reader(io.StringIO(line), delimiter=_delimiter(kind)), [])
        if not names:
            raise ValueError(f"the table {path!r} is empty: its first line must name the columns")
        return names


def read_table(
    fs: Any, path: str, names: Collection[str], text: Collection[str], rows: int
) -> Iterator[pa.Table]:
    """The columns `names` in portions of at most `rows`, in order.

    Of a CSV the columns in `text` are read as text, digit for digit, the types of the others are
    taken from the first 16 MiB. Raises StorageError, ValueError.
    """
    kind = kind_of_table(path)
    read = list(dict.fromkeys(names))
    with storage.open_random(fs, path) as file, storage.explained("read", path):
        if kind == PARQUET:
            for batch in _parquet(file, path).iter_batches(rows, columns=read):
                yield pa.Table.from_batches([batch])
        elif kind == FITS:
            yield from fits_tables.read(file, path, read, rows)
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
            f"the table {path!r} cannot be read as {kind[1:].upper()}: {error}; mend that line, or "
            "store the table as Parquet"
        ) from error
