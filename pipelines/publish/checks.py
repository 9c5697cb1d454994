"""Check the run, its files and the output before `ansae publish` writes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from actors.publisher import Publication
from catalogues import storage
from catalogues.hats import unfinished
from catalogues.hats.rows import PLACED
from catalogues.runs import provenance
from catalogues.runs.files import CATALOGUE
from catalogues.runs.heartbeat import Life
from catalogues.runs.provenance import RunRecord
from catalogues.storage import FileSystem, StorageError
from pipelines.publish.steps import Pieces

if TYPE_CHECKING:
    from pipelines.publish.options import PublishOptions


def finished_run(options: PublishOptions) -> RunRecord:
    """Return the record of a finished run.

    Raises ValueError if there is no run, or if it has not finished and --unfinished is not given.
    """
    fs, root = storage.filesystem(options.run, options.storage_options())
    record = provenance.read_record(fs, root)
    place = storage.redact(options.run)
    if record is None:
        raise ValueError(f"{place!r} holds no run.json: give the output of an `ansae measure`")
    outcome = record.sessions[-1].get("outcome") if record.sessions else None
    if outcome != Life.FINISHED and not options.unfinished:
        raise ValueError(
            f"run {record.run_id} in {place!r} has not finished: finish it with the same `ansae "
            "measure` command, or give --unfinished to publish the rows that it has"
        )
    return record


def check_output(options: PublishOptions) -> None:
    """Raise ValueError if the output holds files, or lies in the run's catalogue."""
    fs, root = storage.filesystem(options.output, options.storage_options())
    place = storage.redact(options.output)
    if storage.is_within(options.output, storage.join(options.run, CATALOGUE)):
        raise ValueError(f"the output {place!r} lies in the run's catalogue: give another folder")
    unfinished.require_free(fs, root)


def look(options: PublishOptions) -> tuple[Publication, list[tuple[str, int]]]:
    """Find the catalogue. Returns where everything is, and (path, bytes) of the catalogue's files.

    Raises StorageError; ValueError if there are no files.
    """
    reach = options.storage_options()
    url = storage.join(options.run, CATALOGUE)
    fs, folder = storage.filesystem(url, reach)
    files = storage.list_files(fs, folder, (".parquet",)) if storage.exists(fs, folder) else []
    if not files:
        raise ValueError(
            f"{storage.redact(options.run)!r} holds no {CATALOGUE}/*.parquet: give the output "
            "folder of an `ansae measure` that has written galaxies"
        )
    schema = _schema(fs, files[0][0])
    found = Publication(catalogue=url, schema=schema, output=options.output, storage=reach)
    return found, files


def _schema(fs: FileSystem, path: str) -> pa.Schema:
    with storage.open_random(fs, path) as file, storage.explained("read", path):
        try:
            schema = pq.ParquetFile(file).schema_arrow
        except pa.ArrowInvalid as error:
            raise StorageError(f"{path!r} is not a readable Parquet file: {error}") from error
    if absent := [name for name in PLACED if name not in schema.names]:
        raise ValueError(
            f"{path!r} has no column {absent[0]!r}, so it is not a file of a bar catalogue: give "
            "the output folder of `ansae measure`"
        )
    return schema


def check_rows(pieces: Pieces, options: PublishOptions, record: RunRecord) -> None:
    """Raise ValueError if rows are missing, or if no row can be published as asked for."""
    found, known = pieces.rows + pieces.apart_rows, sum(record.statuses.values())
    if found != known and not options.unfinished:
        raise ValueError(
            f"the catalogue has {found} rows, but its run.json counts {known}: files were removed "
            "or added; restore them, measure again, or give --unfinished to publish all rows that "
            "are there"
        )
    if not pieces.rows and options.flat is None:
        raise ValueError(
            "no row has both an identifier and a position (ra, dec), so there is nothing to place "
            "on the sky: give --flat parquet, fits or csv to write one file instead"
        )
