"""Read each kind of truth into the table `known`, with the names of `catalogues.truth.table`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import duckdb
import pyarrow as pa

from catalogues import manifest, storage
from catalogues.galaxyzoo import COLUMNS
from catalogues.layouts.formats.tables import FITS, TSV, kind_of_table, read_table, table_columns
from catalogues.layouts.published.efigi import efigi_grades
from catalogues.queries import database
from catalogues.queries.database import TRUTH, columns
from catalogues.storage import StorageOptions
from catalogues.truth.columns import (
    TRUE_ANGLE_DEG,
    TRUE_LENGTH_ARCSEC,
    TRUE_LENGTH_KPC,
    TRUE_LENGTH_PX,
    VISUAL_LENGTH_ARCSEC,
    VISUAL_LENGTH_KPC,
    VISUAL_LENGTH_PX,
    length_among,
)
from catalogues.truth.hoyle import RELATIVE_ERROR, hoyle_table
from catalogues.truth.length_units import LengthColumn, length_column
from catalogues.truth.params import Kind, TableColumns
from catalogues.truth.table import Truth, establish, identifier, number, packed_identifier, quoted

MOCK_LENGTH = TRUE_LENGTH_PX
_EDGES = (
    "the truth holds edge-to-edge lengths only, where a bar's light is zero; measured lengths are "
    "visual and about 0.9 of them: make the mock survey anew (`ansae mocks`)"
)

_NOTHING = TableColumns()


def read_truth(
    con: duckdb.DuckDBPyConnection,
    kind: Kind,
    url: str,
    named: TableColumns = _NOTHING,
    options: StorageOptions | None = None,
) -> Truth:
    """Make the table `known` on `con` from the truth at `url`. Raises StorageError, ValueError.

    `url` for hoyle and efigi: the published table or its folder. For mock and table: Parquet (a
    file or a folder, also the input's shards), CSV, TSV or FITS.
    """
    place = storage.redact(url)
    if kind == "hoyle":
        return _hoyle(con, url, place, named.trends, options)
    if kind == "efigi":
        return _efigi(con, url, place, named.trends, options)
    _view(con, url, options)
    return _mock(con, place, named) if kind == "mock" else _table(con, place, named)


def _hoyle(
    con: duckdb.DuckDBPyConnection,
    url: str,
    place: str,
    trends: Sequence[str],
    options: StorageOptions | None,
) -> Truth:
    fs, path = storage.filesystem(url, options)
    table = hoyle_table(fs, path)
    con.register(TRUTH, table)
    problems = Counter(table["problem"].drop_null().to_pylist())
    notes = [f"{n} rows of the truth give no length: {why}" for why, n in problems.items()]
    length = length_column("length_arcsec")
    arcsec = number("length_arcsec")
    return establish(
        con, TRUTH, kind="hoyle", place=place, length=length, trends=trends, notes=notes,
        expressions={
            **{name: name for name in ("object_id", "ra", "dec", "length_scaled")},
            "true_length": arcsec,
            "true_length_err": f"{arcsec} * {RELATIVE_ERROR}",
            "true_length_kpc": number("length_kpc"),
            "true_size": number("petro_r90_arcsec"),
            "true_barred": "1.0",
        },
    )  # fmt: skip


def _efigi(
    con: duckdb.DuckDBPyConnection,
    url: str,
    place: str,
    trends: Sequence[str],
    options: StorageOptions | None,
) -> Truth:
    fs, path = storage.filesystem(url, options)
    con.register(TRUTH, efigi_grades(fs, path))
    barred = "(CASE WHEN grade >= 0.5 THEN 1.0 WHEN grade = 0 THEN 0.0 END)"
    return establish(
        con, TRUTH, kind="efigi", place=place, length=None, trends=trends,
        expressions={
            **{name: name for name in ("object_id", "grade", "grade_low", "grade_high")},
            "true_barred": barred,
        },
    )  # fmt: skip


def _mock(con: duckdb.DuckDBPyConnection, place: str, named: TableColumns) -> Truth:
    names = columns(con, TRUTH)
    length = length_among(names)
    visual = length == VISUAL_LENGTH_PX
    if length not in names or "object_id" not in names:
        raise ValueError(
            f"{place!r} has no columns object_id and {MOCK_LENGTH}: give shards of mock galaxies, "
            "or --against table for another table"
        )
    given = {
        "true_length_px": length,
        "true_length_arcsec": VISUAL_LENGTH_ARCSEC if visual else TRUE_LENGTH_ARCSEC,
        "true_length_kpc": VISUAL_LENGTH_KPC if visual else TRUE_LENGTH_KPC,
        "true_angle_deg": TRUE_ANGLE_DEG,
        "true_psf_fwhm_px": "true_psf_fwhm_px",
        "ra": "ra",
        "dec": "dec",
    }
    expressions = {ours: number(theirs) for ours, theirs in given.items() if theirs in names}
    return establish(
        con, TRUTH, kind="mock", place=place, length=length_column(length),
        notes=[] if visual else [_EDGES],
        trends=named.trends, votes=_has_votes(names),
        expressions={
            **expressions,
            "object_id": identifier(con, TRUTH, "object_id"),
            "true_length": number(length),
            "true_barred": f"coalesce({quoted(length)} > 0, FALSE)::DOUBLE",
        },
    )  # fmt: skip


def _table(con: duckdb.DuckDBPyConnection, place: str, named: TableColumns) -> Truth:
    names = columns(con, TRUTH)
    votes = _has_votes(names)
    length = None if votes and not _likely(names, named) else _length(names, named, place)
    expressions = _lengths(length) if length is not None else {}
    mapping = manifest.resolve([n for n in names if n != "image"])
    if "brickid" in mapping:
        parts = {**mapping, "objid": mapping["object_id"]}
        expressions["object_id"] = packed_identifier(con, TRUTH, parts)
    elif "object_id" in mapping:
        expressions["object_id"] = identifier(con, TRUTH, mapping["object_id"])
    expressions |= {n: number(mapping[n]) for n in ("ra", "dec") if n in mapping}
    error = named.error
    if length is not None and error is None and f"{length.name}_err" in names:
        error = f"{length.name}_err"
    for ours, theirs, factor in (
        ("true_length_err", error, length.factor if length is not None else 1.0),
        ("true_angle_deg", named.angle, 1.0),
    ):
        if theirs is not None:
            _require(names, theirs, place)
            expressions[ours] = number(theirs, factor)
    return establish(
        con, TRUTH, kind="table", place=place, length=length, expressions=expressions,
        trends=named.trends, votes=votes,
    )  # fmt: skip


def _lengths(length: LengthColumn) -> dict[str, str]:
    """Return SQL of the columns of `known` that follow from a column of lengths."""
    value = number(length.name, length.factor)
    found = {
        "true_length": value,
        # a null length may mean that nobody looked: only a 0 says that there is no bar
        "true_barred": f"(CASE WHEN {value} > 0 THEN 1.0 WHEN {value} = 0 THEN 0.0 END)",
    }
    if length.unit == "over_r90":
        return found | {"true_size": "1.0"}
    return found | {f"true_length_{length.unit}": value}


def _likely(names: Sequence[str], named: TableColumns) -> list[str]:
    """Return the columns that may hold the length."""
    if named.length is not None:
        return [named.length]
    return [n for n in names if "length" in n.lower() and not n.lower().endswith("_err")]


def _length(names: Sequence[str], named: TableColumns, place: str) -> LengthColumn:
    """Return the column of lengths: the named one, or the only one with "length" in its name."""
    if named.length is not None:
        _require(names, named.length, place)
        return length_column(named.length, named.unit, named.semi)
    likely = _likely(names, named)
    if len(likely) != 1:
        which = f"could be {', '.join(likely)}" if likely else "is none of them"
        raise ValueError(
            f"{place!r} has the columns {', '.join(names)}, and the bar's length {which}: name it "
            "with --table.length"
        )
    return length_column(likely[0], named.unit, named.semi)


def _require(names: Sequence[str], name: str, place: str) -> None:
    if name not in names:
        raise ValueError(f"{place!r} has no column {name!r}: its columns are {', '.join(names)}")


def _has_votes(names: Sequence[str]) -> bool:
    return all(f"vote_{name}" in names for name in COLUMNS)


def _view(con: duckdb.DuckDBPyConnection, url: str, options: StorageOptions | None) -> None:
    """Make the view TRUTH of any table. FITS and TSV are read into memory."""
    if url.lower().endswith((".fits", ".fit", ".fts", ".tsv")):
        fs, path = storage.filesystem(url, options)
        assert kind_of_table(path) in (FITS, TSV)
        portions = read_table(fs, path, table_columns(fs, path), (), 1 << 20)
        con.register(TRUTH, pa.concat_tables(portions))
        return
    database.add_table(con, TRUTH, url, options)
