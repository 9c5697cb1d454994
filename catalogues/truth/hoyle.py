"""Read Hoyle et al.'s (2011, MNRAS 415, 3627) bar lengths by eye, the truth table of paper 1.

The table is `hoyle_barlengths.csv` as published at data.galaxyzoo.org. Its columns are objid (SDSS
DR7), ra, dec (deg), length_avg, length_stdev, width_avg, width_stdev (full lengths; the header says
kpc/h, but they are kpc at h = 0.7), length_scaled (full angular length / (2 petroR90_r)) and
bar_meas, the number of volunteers. Redshifts come from `GalaxyZoo2_barlengths_alldata.txt` in the
same folder, or from a column z.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from catalogues import scales, storage
from catalogues.columns import column, one_array
from catalogues.layouts.formats.tables import read_table, table_columns
from catalogues.shards.ids import exact_ids
from catalogues.storage import FileSystem
from catalogues.truth.length_units import check_lengths, length_column

Floats = NDArray[np.float64]

FILE, REDSHIFTS = "hoyle_barlengths.csv", "GalaxyZoo2_barlengths_alldata.txt"

RELATIVE_ERROR = 0.17
"""sigma / length of a published length: paper 1, section 5. (Hoyle et al.'s own mean: 0.168.)"""

H = 0.7
"""Factor by which paper 1 multiplies the published lengths, to get h^-1 kpc."""

CODE_ARCSEC = 0.396
"""Factor by which paper 1's code multiplies its lengths on the sky; it calls the result h^-1 kpc.
The factor is SDSS's arcseconds per pixel, although the lengths are already in arcseconds."""

SCHEMA: pa.Schema = pa.schema(
    [
        column("object_id", pa.int64(), "SDSS DR7 objid", ucd="meta.id;meta.main"),
        column("ra", pa.float64(), "right ascension", "deg", "pos.eq.ra;meta.main"),
        column("dec", pa.float64(), "declination", "deg", "pos.eq.dec;meta.main"),
        column("z", pa.float64(), "redshift", "", "src.redshift"),
        column("length_kpc", pa.float64(), "full length of the bar", "kpc", "phys.size"),
        column(
            "length_kpc_err",
            pa.float64(),
            "standard deviation of the volunteers' lengths",
            "kpc",
            "stat.stdev;phys.size",
        ),
        column(
            "length_arcsec",
            pa.float64(),
            "full length of the bar on the sky",
            "arcsec",
            "phys.angSize",
        ),
        column(
            "length_scaled",
            pa.float64(),
            "full length / (2 petroR90)",
            "",
            "phys.angSize;arith.ratio",
        ),
        column(
            "petro_r90_arcsec",
            pa.float64(),
            "petroR90_r, computed from the lengths",
            "arcsec",
            "phys.angSize",
        ),
        column("axis_ratio", pa.float64(), "width / length", "", "phys.size.axisRatio"),
        column("volunteers", pa.int64(), "number of volunteers who measured", "", "meta.number"),
        column("problem", pa.string(), "why there is no length", ucd="meta.note"),
    ]
)
"""Columns that `hoyle_table` returns."""

_NUMBERS = ("ra", "dec", "length_avg", "length_stdev", "width_avg", "length_scaled", "bar_meas")


def hoyle_table(fs: FileSystem, path: str) -> pa.Table:
    """Read the table and compute angular lengths and petroR90: rows of SCHEMA, in file order.

    path: the CSV or its folder, on `fs`. theta = length_avg / (kpc per arcsec at z; flat, H0 = 70,
    Om = 0.3) and petroR90 = theta / (2 length_scaled). If a row's length, length_scaled or redshift
    is not a number above 0, its values are null, and `problem` says why. Raises StorageError, and
    ValueError if columns are missing or the lengths cannot be kpc.
    """
    path = path if path.lower().endswith(".csv") else storage.join(path, FILE)
    names = table_columns(fs, path)
    if absent := [n for n in ("objid", *_NUMBERS) if n not in names]:
        raise ValueError(
            f"{storage.redact(path)!r} has no column {absent[0]!r}: give Hoyle et al.'s table of "
            f"bar lengths, {FILE}, with the columns {', '.join(('objid', *_NUMBERS))}"
        )
    wanted = ["objid", *_NUMBERS, *(["z"] if "z" in names else [])]
    table = pa.concat_tables(read_table(fs, path, wanted, ("objid",), 1 << 20))
    ids, _ = exact_ids(one_array(table["objid"]))
    values = {n: _floats(table[n], n, path) for n in wanted[1:]}
    beside = storage.join(os.path.dirname(path), REDSHIFTS)
    redshift = values["z"] if "z" in values else _redshifts(fs, beside, ids)
    return _rebuilt(ids, values, redshift)


def _rebuilt(ids: pa.Int64Array, values: dict[str, Floats], redshift: Floats) -> pa.Table:
    length, scaled = _above_0(values["length_avg"]), _above_0(values["length_scaled"])
    check_lengths(length_column("length_avg", "kpc"), length)
    arcsec = length / scales.kpc_per_arcsec(redshift)
    missing = [
        ("length_avg is not a number above 0", np.isnan(length)),
        ("length_scaled is not a number above 0", np.isnan(scaled)),
        ("no redshift above 0", np.isnan(_above_0(redshift))),
    ]
    problem = [None] * len(ids)
    for words, where in reversed(missing):
        problem = [words if bad else p for p, bad in zip(problem, where, strict=True)]
    columns = {
        "object_id": ids,
        "ra": values["ra"],
        "dec": values["dec"],
        "z": redshift,
        "length_kpc": length,
        "length_kpc_err": values["length_stdev"],
        "length_arcsec": arcsec,
        "length_scaled": scaled,
        "petro_r90_arcsec": arcsec / (2 * scaled),
        "axis_ratio": values["width_avg"] / length,
        "volunteers": pa.array(values["bar_meas"], from_pandas=True).cast(pa.int64()),
        "problem": pa.array(problem, pa.string()),
    }
    arrays = [_nullable(columns[f.name], f.type) for f in SCHEMA]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _nullable(values: Any, kind: pa.DataType) -> pa.Array:
    return values if isinstance(values, pa.Array) else pa.array(values, kind, from_pandas=True)


def _above_0(values: Floats) -> Floats:
    return np.where(np.isfinite(values) & (values > 0), values, np.nan)


def _floats(values: pa.ChunkedArray, name: str, path: str) -> Floats:
    try:
        return np.asarray(values.cast(pa.float64()).to_numpy(), dtype=np.float64)
    except pa.ArrowInvalid as error:
        raise ValueError(
            f"column {name!r} of {storage.redact(path)!r} holds other things than numbers "
            f"({error}): leave the field empty if a value is unknown"
        ) from error


def _redshifts(fs: FileSystem, path: str, ids: pa.Int64Array) -> Floats:
    """Read the redshifts of `ids` from the table of all data, whose first comment names columns."""
    if not storage.exists(fs, path):
        raise ValueError(
            f"{storage.redact(path)!r} does not exist: lengths in kpc can only be converted to "
            "angles with its redshifts; put it in the folder of the table, or add a column z"
        )
    lines = storage.read_whole(fs, path).decode("utf-8", errors="replace").splitlines()
    names = next((line[1:].split() for line in lines if line.startswith("#")), [])
    if "SDSS_OBJID" not in names or "z" not in names:
        raise ValueError(
            f"{storage.redact(path)!r} does not begin with '#SDSS_OBJID ... z': fetch it again"
        )
    who, what = names.index("SDSS_OBJID"), names.index("z")
    rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    known = {r[who]: r[what] for r in rows if len(r) == len(names)}
    found = [known.get(str(i)) for i in ids.to_pylist()]
    return np.array([_number(z) for z in found], dtype=np.float64)


def _number(text: str | None) -> float:
    try:
        return float(text) if text is not None else float("nan")
    except ValueError:
        return float("nan")
