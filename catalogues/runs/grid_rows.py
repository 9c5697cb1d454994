"""Parquet tables of calibration grids.

One table has a row per method and point of the paper's grid, the other a row per kind of map and
way to measure it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from catalogues import storage
from catalogues.columns import column
from catalogues.storage import FileSystem

SCHEMA = pa.schema(
    [
        column(
            "method",
            pa.string(),
            "name of a member, 'average maps' or 'average measurements'",
            null=False,
        ),
        column("multiply_by_input", pa.bool_(), "X_input: map times grey image", null=False),
        column("noise_fraction", pa.float64(), "S_noise: noise / the image's range", null=False),
        column("correlation_min", pa.float64(), "T_c: least correlation of the pixels", null=False),
        column("pixels_min", pa.int32(), "T_1: least number of pixels", "pixel", null=False),
        column("galaxies", pa.int64(), "number of galaxies compared", null=False),
        column(
            "pearson",
            pa.float64(),
            "Pearson's rho of measured and known lengths, in the unit of the known lengths",
            ucd="stat.correlation",
        ),
        column(
            "spearman",
            pa.float64(),
            "Spearman's rho of measured and known lengths",
            ucd="stat.correlation",
        ),
        column(
            "median_relative_error",
            pa.float64(),
            "median of |measured - known| / known",
            ucd="stat.error",
        ),
        column(
            "pearson_on_map",
            pa.float64(),
            "Pearson's rho of both lengths in pixels of the map, where no common scale is used",
            ucd="stat.correlation",
        ),
        column(
            "best",
            pa.bool_(),
            "whether pearson is the highest value of this method for this kind of map",
            null=False,
        ),
        column(
            "pearson_low",
            pa.float64(),
            "lower end of pearson's central 68 % bootstrap interval, only if best",
            ucd="stat.min",
        ),
        column("pearson_high", pa.float64(), "upper end of that interval", ucd="stat.max"),
        column(
            "error_floor",
            pa.float64(),
            "1-sigma relative error in addition to the members' spread, only if best",
            ucd="stat.error",
        ),
    ]
)
"""Columns of the paper's grid. A value that is not defined or not computed is null."""

READINGS = pa.schema(
    [
        column("kind", pa.string(), "kind of map, the name of its folder", null=False),
        column("gradient", pa.string(), "'absolute' or 'signed'", null=False),
        column("channels", pa.string(), "'max' or 'sum' of the colours", null=False),
        column("views", pa.bool_(), "each sample rotated, mirrored, cropped", null=False),
        column("width", pa.float64(), "width of the network's field of view / canvas"),
        column("noise_fraction", pa.float64(), "S_noise: noise / the image's range", null=False),
        column("smoothing_px", pa.float64(), "sigma of the finished map's smoothing", "pixel"),
        column("multiply_by_input", pa.bool_(), "X_input: map times grey image", null=False),
        column("family", pa.string(), "family of readings", null=False),
        column("reading", pa.string(), "the reading in words", null=False),
        column("galaxies", pa.int64(), "number of galaxies with maps", null=False),
        column("measured", pa.float64(), "share of these galaxies with a length", null=False),
        column(
            "median_error", pa.float64(), "median of |measured - known| / known", ucd="stat.error"
        ),
        column("rho", pa.float64(), "Pearson's rho, in pixels of the map", ucd="stat.correlation"),
        column(
            "median_angle_error_deg",
            pa.float64(),
            "median error of the position angle of galaxies with a length",
            "deg",
            ucd="stat.error",
        ),
        column("cost", pa.float64(), "number that the choice minimises"),
        column("estimator", pa.string(), "the calibrated reading as JSON", null=False),
    ]
)
"""Columns of the grid over kinds of map and readings. Each reading has its own calibration."""


def write_points(
    fs: FileSystem, path: str, rows: Iterable[Mapping[str, Any]], schema: pa.Schema = SCHEMA
) -> None:
    """Write rows of the schema as one file, NaN as null. Raises StorageError."""
    plain = [{k: None if _is_nan(v) else v for k, v in row.items()} for row in rows]
    table = pa.Table.from_pylist(plain, schema=schema)

    def write(file: BinaryIO) -> None:
        pq.write_table(table, file, compression="zstd")

    storage.write_whole(fs, path, write)


def read_points(fs: FileSystem, path: str) -> list[dict[str, Any]] | None:
    """Read the rows of a file, null as NaN. None if there is no file. Raises StorageError."""
    if not storage.exists(fs, path):
        return None
    with storage.open_random(fs, path) as file, storage.explained("read", path):
        rows = pq.read_table(file).to_pylist()
    return [{k: math.nan if v is None else v for k, v in row.items()} for row in rows]


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)
