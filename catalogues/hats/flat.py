"""Write a whole catalogue as one Parquet, FITS or CSV file, table by table."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import IO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from catalogues import storage
from catalogues.hats.collection import ROW_GROUP_ROWS
from catalogues.hats.flat_fits import write_fits
from catalogues.hats.params import FlatKind
from catalogues.hats.rows import Widths
from catalogues.storage import FileSystem

Tables = Iterable[pa.Table]


def write_flat(
    fs: FileSystem,
    path: str,
    kind: FlatKind,
    tables: Tables,
    *,
    schema: pa.Schema,
    rows: int,
    widths: Widths,
) -> None:
    """Write a catalogue as one file, with one table in memory at a time. Raises StorageError.

    Parquet gets the schema's metadata. FITS gets a binary table with TUNIT, TUCD and TCOMM; lists
    become vectors, padded with NaN. CSV gets a header line; lists become words separated by blanks.

    Parameters
    ----------
    fs, path : file system and path of the file.
    kind : format of the file.
    tables : tables of the rows, in order.
    schema : schema of the rows.
    rows : number of all rows.
    widths : room for text and lists in FITS.
    """
    content: dict[FlatKind, Callable[[IO[bytes]], None]] = {
        "parquet": lambda file: _write_parquet(file, tables, schema),
        "fits": lambda file: write_fits(file, tables, schema, rows, widths),
        "csv": lambda file: _write_csv(file, tables, schema),
    }
    if storage.is_local(fs):
        storage.write_whole(fs, path, content[kind])
        return
    with tempfile.NamedTemporaryFile(suffix=f".{kind}") as aside:  # too large for memory
        content[kind](aside)
        aside.flush()
        with storage.explained("write", path):
            fs.put_file(aside.name, path)


def _write_parquet(file: IO[bytes], tables: Tables, schema: pa.Schema) -> None:
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for table in tables:
            writer.write_table(table.cast(schema), row_group_size=ROW_GROUP_ROWS)


def _write_csv(file: IO[bytes], tables: Tables, schema: pa.Schema) -> None:
    plain = pa.schema([pa.field(f.name, _csv_type(f.type)) for f in schema])
    with pyarrow.csv.CSVWriter(file, plain) as writer:
        for table in tables:
            writer.write_table(pa.table(list(_csv_columns(table)), schema=plain))


def _csv_type(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_list(kind) else kind


def _csv_columns(table: pa.Table) -> Iterator[pa.ChunkedArray]:
    for f, column in zip(table.schema, table.columns, strict=True):
        if pa.types.is_list(f.type):
            words = [None if v is None else " ".join(map(_word, v)) for v in column.to_pylist()]
            yield pa.chunked_array([pa.array(words, pa.string())])
        else:
            yield column


def _word(value: object) -> str:
    return f"{value:.9g}" if isinstance(value, float) else str(value)
