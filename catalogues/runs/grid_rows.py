"""The points of a grid as a Parquet file: one row for each method at each point of the paper's, or
for each reading of each kind of map."""

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
            "a member's name, 'average maps' or 'average measurements'",
            null=False,
        ),
        column("multiply_by_input", pa.bool_(), "X_input: map times grey image", null=False),
        column("noise_fraction", pa.float64(), "S_noise: noise over the image's range", null=False),
        column("correlation_min", pa.float64(), "T_c: least correlation of the pixels", null=False),
        column("pixels_min", pa.int32(), "T_1: least number of pixels", "pixel", null=False),
        column("galaxies", pa.int64(), "galaxies compared", null=False),
        column(
            "pearson",
            pa.float64(),
            "Pearson's rho of measured and known length, in the known length's unit",
            ucd="stat.correlation",
        ),
        column("spearman", pa.float64(), "Spearman's rho of the same", ucd="stat.correlation"),
        column(
            "median_relative_error",
            pa.float64(),
            "median of |measured - known| / known",
            ucd="stat.error",
        ),
        column(
            "pearson_on_map",
            pa.float64(),
            "Pearson's rho of both lengths in pixels of the map, where no scale is common to both",
            ucd="stat.correlation",
        ),
        column(
            "best",
            pa.bool_(),
            "whether pearson is the highest of its method for its kind of map",
            null=False,
        ),
        column(
            "pearson_low",
            pa.float64(),
            "lower end of pearson's central 68 % bootstrap interval, where best",
            ucd="stat.min",
        ),
        column("pearson_high", pa.float64(), "upper end of the same", ucd="stat.max"),
        column(
            "error_floor",
            pa.float64(),
            "1-sigma relative error beside the members' spread, where best",
            ucd="stat.error",
        ),
    ]
)
"""Columns of the file; what is not defined or not computed is null."""

READINGS = pa.schema(
    [
        column("kind", pa.string(), "kind of map, as its folder is called", null=False),
        column("gradient", pa.string(), "'absolute' or 'signed'", null=False),
        column("channels", pa.string(), "'max' or 'sum' of the colours", null=False),
        column("views", pa.bool_(), "each sample turned, mirrored, cropped", null=False),
        column("width", pa.float64(), "width of what the network sees, over the canvas"),
        column("noise_fraction", pa.float64(), "S_noise: noise over the image's range", null=False),
        column("smoothing_px", pa.float64(), "sigma of the finished map's smoothing", "pixel"),
        column("multiply_by_input", pa.bool_(), "X_input: map times grey image", null=False),
        column("family", pa.string(), "family of readings", null=False),
        column("reading", pa.string(), "the reading in words", null=False),
        column("galaxies", pa.int64(), "galaxies with maps", null=False),
        column("measured", pa.float64(), "share of them that got a length", null=False),
        column(
            "median_error", pa.float64(), "median of |measured - known| / known", ucd="stat.error"
        ),
        column("rho", pa.float64(), "Pearson's, in pixels of the map", ucd="stat.correlation"),
        column("median_angle_error_deg", pa.float64(), "of the measured", "deg", ucd="stat.error"),
        column("cost", pa.float64(), "what the choice minimises"),
        column("estimator", pa.string(), "the calibrated reading as JSON", null=False),
    ]
)
"""The same for the readings of kinds of map, after each reading's own calibration."""


def write_points(
    fs: FileSystem, path: str, rows: Iterable[Mapping[str, Any]], schema: pa.Schema = SCHEMA
) -> None:
    """Write rows of the schema, NaN as null, as one file, whole or not at all. StorageError."""
    plain = [{k: None if _is_nan(v) else v for k, v in row.items()} for row in rows]
    table = pa.Table.from_pylist(plain, schema=schema)

    def write(file: BinaryIO) -> None:
        pq.write_table(table, file, compression="zstd")

    storage.write_whole(fs, path, write)


def read_points(fs: FileSystem, path: str) -> list[dict[str, Any]] | None:
    """The rows of a file, null numbers as NaN; None where there is no such file.

    Raises StorageError.
    """
    if not storage.exists(fs, path):
        return None
    with storage.open_random(fs, path) as file, storage.explained("read", path):
        rows = pq.read_table(file).to_pylist()
    return [{k: math.nan if v is None else v for k, v in row.items()} for row in rows]


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)
