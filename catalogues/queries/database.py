"""Open a run's output in DuckDB, with the views `catalogue` and, if stored, `pictures`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa

from catalogues import storage
from catalogues.queries.params import DatabaseParams
from catalogues.runs.files import CATALOGUE, PICTURES
from catalogues.storage import FileSystem, StorageError, StorageOptions

TRUTH = "truth"
"""Name of the view of known bars. The other views have the names of their folders."""


_DEFAULT = DatabaseParams()


@contextmanager
def opened(
    output: str, options: StorageOptions | None = None, params: DatabaseParams = _DEFAULT
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB connection with the view `catalogue`, and `pictures` if the run stored any.

    output: a run's output folder, local or s3://. Nothing is copied: queries read the columns they
    need. Raises StorageError if there is no catalogue.
    """
    with connected(params) as con:
        if not add_parquet(con, CATALOGUE, storage.join(output, CATALOGUE), options):
            raise StorageError(
                f"{storage.redact(output)!r} holds no {CATALOGUE}/*.parquet: give the output "
                "folder of an `ansae measure` that has written at least one shard"
            )
        add_parquet(con, PICTURES, storage.join(output, PICTURES), options, places=True)
        yield con


@contextmanager
def connected(params: DatabaseParams = _DEFAULT) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB connection without views."""
    # DuckDB would download an extension when a query first uses it
    config: dict[str, Any] = {
        "autoinstall_known_extensions": "false",
        "memory_limit": f"{params.memory_mb}MB",
        "threads": str(params.threads),
    }
    with duckdb.connect(config=config) as con:
        yield con


def add_parquet(
    con: duckdb.DuckDBPyConnection,
    view: str,
    url: str,
    options: StorageOptions | None = None,
    places: bool = False,
) -> bool:
    """Make `view` of all Parquet files below `url`. Returns False (and no view) if there are none.

    `places` adds the columns filename and file_row_number. Raises StorageError.
    """
    files = _found(con, url, (".parquet",), options)
    if files:
        with _explained(url):
            read = con.read_parquet(files, filename=places, file_row_number=places)
            read.create_view(view)
    return bool(files)


def add_table(
    con: duckdb.DuckDBPyConnection, view: str, url: str, options: StorageOptions | None = None
) -> None:
    """Make `view` of a table: Parquet (a file or a folder of shards) or one CSV file.

    Raises StorageError if there is no such table.
    """
    if add_parquet(con, view, url, options):
        return
    files = _found(con, url, (".csv",), options)
    if len(files) != 1:
        raise StorageError(
            f"{storage.redact(url)!r} holds no .parquet and {len(files)} .csv files: give a "
            "Parquet file, a folder of them, or one CSV file"
        )
    with _explained(url):
        con.read_csv(files[0]).create_view(view)


def columns(con: duckdb.DuckDBPyConnection, view: str) -> tuple[str, ...]:
    """Return the names of a view's columns in order; empty if there is no such view."""
    rows = con.execute(
        "SELECT column_name FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index",
        [view],
    ).fetchall()
    return tuple(name for (name,) in rows)


def fetch(con: duckdb.DuckDBPyConnection, sql: str, values: list[Any] | None = None) -> pa.Table:
    """Run a query and return the result as an Arrow table."""
    return con.sql(sql, params=values or []).to_arrow_table()


def _found(
    con: duckdb.DuckDBPyConnection,
    url: str,
    suffixes: tuple[str, ...],
    options: StorageOptions | None,
) -> list[str]:
    """List the files below `url`, with names that DuckDB understands on this connection."""
    fs, root = storage.filesystem(url, options)
    if not storage.exists(fs, root):
        return []
    listed = storage.list_files(fs, root, suffixes)
    paths = [path for path, _ in listed if path.lower().endswith(suffixes)]  # root may be a file
    if storage.is_local(fs):
        return paths
    if not con.filesystem_is_registered(_protocol(fs)):
        con.register_filesystem(fs)
    return [str(fs.unstrip_protocol(path)) for path in paths]


@contextmanager
def _explained(url: str) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise StorageError(
            f"cannot read the table {storage.redact(url)!r}: {error}; write it again"
        ) from error


def _protocol(fs: FileSystem) -> str:
    return fs.protocol if isinstance(fs.protocol, str) else str(fs.protocol[0])
