"""Make the table `known` of a truth, with one set of column names for all kinds of truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from catalogues.galaxyzoo import COLUMNS
from catalogues.queries.database import columns, fetch
from catalogues.shards.ids import PART_BITS
from catalogues.truth.columns import TRUE_AXIS_RATIO
from catalogues.truth.length_units import LengthColumn, check_lengths
from catalogues.truth.params import Kind

KNOWN = "known"
"""Table of the truth: truth_row, object_id, ra, dec, STANDARD, trend_NAME and vote_NAME. Unknown
values are null."""

STANDARD: tuple[str, ...] = (
    *("true_length", "true_length_err", "true_angle_deg", "true_barred", "true_size"),
    *("true_length_px", "true_length_arcsec", "true_length_kpc", "true_psf_fwhm_px"),
    *("grade", "grade_low", "grade_high", "length_scaled"),
)
"""Columns of KNOWN, doubles. true_length: the full length in the truth's unit. true_size: the
galaxy's size in that unit, if the truth has it. true_barred: 1, 0, or null if unknown. grade_low,
grade_high: the experts' bounds of the grade."""

TRENDS: Mapping[str, tuple[str, ...]] = {
    "inclination": ("true_inclination_deg", "inclination_deg", "inclination", "inclination_grade"),
    "redshift": ("z", "redshift"),
    "snr": ("snr", "s_n", "signal_to_noise", "snr_median"),
    "psf_fwhm": ("true_psf_fwhm_px", "psf_fwhm_arcsec", "psf_fwhm"),
    "true_axis_ratio": (TRUE_AXIS_RATIO, "axis_ratio"),
}
"""Quantities against which the accuracy is shown, and the truth's columns that hold them, in upper
or lower case."""


@dataclass(frozen=True, kw_only=True)
class Truth:
    """Contents of KNOWN.

    Attributes
    ----------
    kind : kind of truth.
    place : address of the truth, without credentials.
    unit : unit of true_length, "" if there are only grades.
    rows : number of galaxies.
    lengths : number of galaxies with a length.
    votes : whether there are vote fractions that count as truth.
    trends : names NAME of the columns trend_NAME against which the accuracy is shown.
    notes : sentences about rows that are left out, with the reason.
    """

    kind: Kind
    place: str
    unit: str
    rows: int
    lengths: int
    votes: bool
    trends: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())


def establish(
    con: duckdb.DuckDBPyConnection,
    view: str,
    *,
    kind: Kind,
    place: str,
    expressions: Mapping[str, str],
    length: LengthColumn | None,
    trends: Sequence[str] = (),
    votes: bool = False,
    notes: Sequence[str] = (),
) -> Truth:
    """Make KNOWN from `view`.

    Raises ValueError if a column of `trends` is absent or the lengths contradict their unit.

    Parameters
    ----------
    con, view : connection and view of the truth as published.
    kind, place, votes : as in Truth.
    expressions : SQL of object_id, ra, dec and STANDARD, by name; absent ones are null.
    length : column of the lengths, None if there are only grades or votes.
    trends : further columns against which the accuracy is shown.
    notes : notes that are already known.
    """
    names = columns(con, view)
    chosen = _trends(names, trends)
    selected = [f"row_number() OVER () - 1 AS truth_row, {expressions.get('object_id', 'NULL')}::BIGINT AS object_id"]  # noqa: E501  # fmt: skip
    selected += [f"{expressions.get(n, 'NULL')} AS {n}" for n in ("ra", "dec", *STANDARD)]
    selected += [
        f"{number(column)} AS {quoted('trend_' + name)}" for name, column in chosen.items()
    ]
    selected += [f"{number('vote_' + n)} AS vote_{n}" for n in COLUMNS if votes]
    con.execute(f"CREATE OR REPLACE TEMP TABLE {KNOWN} AS SELECT {', '.join(selected)} FROM {view}")
    counts = fetch(
        con,
        f"SELECT count(*) AS n, count(*) FILTER (true_length > 0) AS lengths, "
        f"count(*) FILTER (true_length < 0) AS below FROM {KNOWN}",
    ).to_pylist()[0]
    if length is not None:
        check_lengths(length, fetch(con, f"SELECT true_length FROM {KNOWN}")["true_length"])
    return Truth(
        kind=kind,
        place=place,
        unit=length.unit if length else "",
        rows=counts["n"],
        lengths=counts["lengths"],
        votes=votes,
        trends=tuple(chosen),
        notes=(*notes, *_notes(con, counts["below"])),
    )


def _trends(names: Sequence[str], more: Sequence[str]) -> dict[str, str]:
    """Return the columns for trends: {name in KNOWN: the view's column}."""
    lower = {name.lower(): name for name in names}
    found = {}
    for trend, aliases in TRENDS.items():
        column = next((lower[a] for a in aliases if a in lower), None)
        if column is not None:
            found[trend] = column
    if absent := [name for name in more if name not in names]:
        raise ValueError(
            f"the truth has no column {absent[0]!r} for a trend of the accuracy: its columns are "
            f"{', '.join(names)}"
        )
    return found | {name: name for name in more}


def _notes(con: duckdb.DuckDBPyConnection, below: int) -> tuple[str, ...]:
    notes = []
    twice = fetch(
        con,
        f"SELECT count(*) - count(DISTINCT object_id) AS n FROM {KNOWN} "
        "WHERE object_id IS NOT NULL",
    )["n"][0].as_py()
    if twice:
        notes.append(f"{twice} rows of the truth repeat an identifier: the first of each counts")
    if below:
        notes.append(f"{below} rows of the truth have a length below 0: they are left out")
    return tuple(notes)


def quoted(name: str) -> str:
    """Quote any name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def number(name: str, factor: float = 1.0) -> str:
    """Return SQL of a column as finite doubles times `factor`, null for other values."""
    value = f"TRY_CAST({quoted(name)} AS DOUBLE)"
    times = f" * {factor!r}" if factor != 1.0 else ""
    return f"(CASE WHEN isfinite({value}) THEN {value}{times} END)"


def packed_identifier(con: duckdb.DuckDBPyConnection, view: str, parts: Mapping[str, str]) -> str:
    """Return SQL of a Legacy Surveys identifier, as catalogues.shards.ids.packed_ids makes it.

    `parts`: the columns of release, brickid and objid.
    """
    values = {part: identifier(con, view, parts[part]) for part in PART_BITS}
    fit = " AND ".join(
        f"{v} BETWEEN 0 AND {2 ** PART_BITS[part] - 1}" for part, v in values.items()
    )
    brick, whole = 2 ** PART_BITS["objid"], 2 ** (PART_BITS["objid"] + PART_BITS["brickid"])
    packed = f"{values['release']} * {whole} + {values['brickid']} * {brick} + {values['objid']}"
    return f"(CASE WHEN {fit} THEN {packed} END)"


def identifier(con: duckdb.DuckDBPyConnection, view: str, name: str) -> str:
    """Return SQL of a column as int64, null if it is not whole or a float that lost digits."""
    kind = con.execute(
        "SELECT data_type FROM duckdb_columns() WHERE table_name = ? AND column_name = ?",
        [view, name],
    ).fetchone()
    if kind is not None and kind[0] in ("DOUBLE", "FLOAT"):
        value = quoted(name)
        whole = f"abs({value}) <= {2**53} AND {value} = floor({value})"
        return f"(CASE WHEN {whole} THEN TRY_CAST({value} AS BIGINT) END)"
    return f"TRY_CAST({quoted(name)} AS BIGINT)"
