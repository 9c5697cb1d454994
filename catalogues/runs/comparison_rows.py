# ruff: noqa: E501 (a column a line)
"""Rows of `ansae compare`: one image explained by one method, and how good the map is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from catalogues import storage
from catalogues.columns import column
from catalogues.storage import FileSystem
from catalogues.truth.columns import TRUE_LENGTH_PX

COMPARED = "compared"
"""Status of a row whose map was made; the others are catalogues.statuses.Status and
UNKNOWN_CLASS."""

UNKNOWN_CLASS = "unknown_class"
"""Status of a row whose label, which was to be explained, the network does not know."""

NO_MASK = "no_mask"
"""Status of the oracle's row for a source whose mask is not known."""

METRICS_FOLDER, MAPS_FOLDER = "metrics", "maps"
TABLE = "metrics.parquet"
"""Parts of an output: rows by method as they come, kept maps, and all rows in one file."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number that says how good a map is. ranked: whether it counts in the mean rank; likeness
    after randomisation does not, which noise has least of. cost: what the map takes instead.
    stranger: the same metric, before the network, of the map that the method makes of a network
    with random weights: what it owes to the image alone."""

    name: str
    label: str
    better: Literal["high", "low"]
    meaning: str
    unit: str = ""
    ranked: bool = True
    cost: bool = False
    stranger: bool = False


STRANGER = "random_"
"""Beginning of the names of a random network's metrics."""

_OF_IMAGE: tuple[Metric, ...] = (
    Metric(name="relevance_mass", label="relevance mass", better="high", meaning="share of the map's positive values inside the source's mask"),
    Metric(name="relevance_rank", label="relevance rank", better="high", meaning="share of the K highest pixels inside the mask, K its size"),
    Metric(name="pointing_game", label="pointing game", better="high", meaning="whether the map's highest pixel lies inside the mask"),
    Metric(name="insertion_auc", label="insertion AUC", better="high", meaning="mean probability of the class while the highest pixels come first into a blurred image"),
    Metric(name="deletion_auc", label="deletion AUC", better="low", meaning="mean probability of the class while the highest pixels are taken out first"),
    Metric(name="infidelity", label="infidelity", better="low", meaning="squared error with which the map predicts how the score answers to perturbations"),
)  # fmt: skip
"""What a map can owe to the image alone."""

METRICS: tuple[Metric, ...] = (
    *_OF_IMAGE,
    Metric(name="max_sensitivity", label="max-sensitivity", better="low", meaning="largest change of the map, over the map, under small changes of the image"),
    Metric(name="randomisation_similarity", label="similarity after randomisation", better="low", meaning="rank correlation with the map of the same network with random weights", ranked=False),
    Metric(name="randomisation_ssim", label="likeness after randomisation", better="low", meaning="structural similarity with the same", ranked=False),
    Metric(name="bar_length_error", label="bar length error", better="low", meaning="|length read off the map - true length| / true length; 1 where no bar was found"),
    Metric(name="bar_angle_error_deg", label="bar angle error", better="low", meaning="between the bar read off the map and the true one; 45 where no bar was found", unit="deg"),
    *(replace(m, name=STRANGER + m.name, label=f"{m.label} of a random network", meaning=f"{m.meaning}, of the map of a network with random weights", ranked=False, stranger=True) for m in _OF_IMAGE),
    Metric(name="seconds", label="seconds", better="low", meaning="to make the map", unit="s", ranked=False, cost=True),
    Metric(name="peak_memory_mb", label="peak memory", better="low", meaning="memory taken at most while the map was made", unit="MB", ranked=False, cost=True),
)  # fmt: skip
"""Every number of a map, the ranked ones first."""

SCHEMA: pa.Schema = pa.schema(
    [
        column("object_id", pa.int64(), "identifier of the source; null only where the input had none that is an integer", ucd="meta.id;meta.main"),
        column("label", pa.string(), "class by the catalogue, null where there is none", ucd="src.class"),
        column("predicted", pa.string(), "class by the network", ucd="src.class"),
        column("target", pa.string(), "class that is explained", ucd="src.class"),
        column("probability", pa.float64(), "the network's, of the target", ucd="stat.probability"),
        column("correct", pa.bool_(), "whether the prediction is the label"),
        column("confident", pa.bool_(), "whether the label is confident, null where it does not say"),
        column("method", pa.string(), "saliency method, or a control", null=False),
        column("parameters", pa.string(), "of the method, JSON", null=False),
        *[column(m.name, pa.float64(), m.meaning, m.unit) for m in METRICS],
        column("bar_length_ratio", pa.float64(), "length read off the map / true length, null where no bar was found"),
        column(TRUE_LENGTH_PX, pa.float64(), "true length on the map", "pixel", "phys.angSize"),
        column("status", pa.string(), "what became of the image", ucd="meta.code.status", null=False),
        column("status_message", pa.string(), "why, in words, where there is no map or it has no numbers", ucd="meta.note"),
        column("shard", pa.string(), "input shard, relative to the input's root", ucd="meta.id;meta.file", null=False),
        column("shard_row", pa.int64(), "row of the shard, first 0", ucd="meta.record", null=False),
        column("run_id", pa.string(), "digest of all that the method's numbers depend on", ucd="meta.id", null=False),
    ]
)  # fmt: skip
"""Columns in order: one row per image and method, whatever happened to the image."""


def comparison_rows(rows: list[Mapping[str, Any]]) -> pa.Table:
    """Rows by name as a table of SCHEMA; what a row lacks, and NaN, is null."""
    plain = [{k: None if v != v else v for k, v in row.items()} for row in rows]
    return pa.Table.from_pylist(plain, schema=SCHEMA)


def write_table(fs: FileSystem, root: str, rows: pa.Table) -> str:
    """All rows as one file of the output, by shard, row and method; its path. StorageError."""
    path = storage.join(root, TABLE)
    order = [(name, "ascending") for name in ("shard", "shard_row", "method")]

    def write(file: BinaryIO) -> None:
        pq.write_table(rows.sort_by(order), file, compression="zstd")

    storage.write_whole(fs, path, write)
    return path


def read_tables(fs: FileSystem, paths: list[str]) -> pa.Table:
    """The rows of several files of an output; null in columns that older files lack.
    StorageError."""
    found = [SCHEMA.empty_table()]
    for path in paths:
        with storage.open_random(fs, path) as file, storage.explained("read", path):
            found.append(pq.ParquetFile(file).read())
    return pa.concat_tables(found, promote_options="default").cast(SCHEMA)
