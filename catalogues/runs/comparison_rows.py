# ruff: noqa: E501 (a column a line)
"""Table of `ansae compare`: one row per image and saliency method, with the map's metrics."""

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
"""Status of a row with a saliency map. Other statuses: catalogues.statuses.Status, UNKNOWN_CLASS
and NO_MASK."""

UNKNOWN_CLASS = "unknown_class"
"""Status of a row whose label should be explained but is not a class of the network."""

NO_MASK = "no_mask"
"""Status of the oracle's row for a source whose mask is unknown."""

METRICS_FOLDER, MAPS_FOLDER = "metrics", "maps"
TABLE = "metrics.parquet"
"""Parts of an output: rows per method while the run goes on, stored maps, and the whole table."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number that says how good a saliency map is, or what it costs.

    Attributes
    ----------
    name : column of the table.
    label : name for people.
    better : whether high or low values are better.
    meaning : one phrase.
    unit : unit of the values.
    ranked : whether the metric counts in the mean rank. Likeness after randomisation does not:
        noise would have the least of it.
    cost : whether the number is a cost of the map, not its quality.
    stranger : whether the metric belongs to the map of a network with random weights, as judged by
        the trained network. It shows what the map owes to the image alone.
    """

    name: str
    label: str
    better: Literal["high", "low"]
    meaning: str
    unit: str = ""
    ranked: bool = True
    cost: bool = False
    stranger: bool = False


STRANGER = "random_"
"""Prefix of the names of a random network's metrics."""

_OF_IMAGE: tuple[Metric, ...] = (
    Metric(name="relevance_mass", label="relevance mass", better="high", meaning="share of the map's positive values inside the source's mask"),
    Metric(name="relevance_rank", label="relevance rank", better="high", meaning="share of the K highest pixels inside the mask, where K is the mask's size"),
    Metric(name="pointing_game", label="pointing game", better="high", meaning="whether the map's highest pixel lies inside the mask"),
    Metric(name="insertion_auc", label="insertion AUC", better="high", meaning="mean probability of the class while pixels are inserted into a blurred image, highest first"),
    Metric(name="deletion_auc", label="deletion AUC", better="low", meaning="mean probability of the class while pixels are removed, highest first"),
    Metric(name="infidelity", label="infidelity", better="low", meaning="squared error of the map's prediction of how the score changes under perturbations"),
)  # fmt: skip
"""Metrics that a map can also score by following the image alone, without the network."""

METRICS: tuple[Metric, ...] = (
    *_OF_IMAGE,
    Metric(name="max_sensitivity", label="max-sensitivity", better="low", meaning="largest relative change of the map under small changes of the image"),
    Metric(name="randomisation_similarity", label="similarity after randomisation", better="low", meaning="rank correlation with the map of the same network with random weights", ranked=False),
    Metric(name="randomisation_ssim", label="likeness after randomisation", better="low", meaning="structural similarity to the map of the same network with random weights", ranked=False),
    Metric(name="bar_length_error", label="bar length error", better="low", meaning="|length measured on the map - true length| / true length; 1 if no bar was found"),
    Metric(name="bar_angle_error_deg", label="bar angle error", better="low", meaning="angle between the bar measured on the map and the true bar; 45 if no bar was found", unit="deg"),
    *(replace(m, name=STRANGER + m.name, label=f"{m.label} of a random network", meaning=f"{m.meaning}, for the map of a network with random weights", ranked=False, stranger=True) for m in _OF_IMAGE),
    Metric(name="seconds", label="seconds", better="low", meaning="time to make the map", unit="s", ranked=False, cost=True),
    Metric(name="peak_memory_mb", label="peak memory", better="low", meaning="peak memory while the map was made", unit="MB", ranked=False, cost=True),
)  # fmt: skip
"""All metrics of a map, the ranked ones first."""

SCHEMA: pa.Schema = pa.schema(
    [
        column("object_id", pa.int64(), "identifier of the source; null only if the input has no integer identifier", ucd="meta.id;meta.main"),
        column("label", pa.string(), "class in the catalogue, null if there is none", ucd="src.class"),
        column("predicted", pa.string(), "class predicted by the network", ucd="src.class"),
        column("target", pa.string(), "class that the map explains", ucd="src.class"),
        column("probability", pa.float64(), "the network's probability of the target class", ucd="stat.probability"),
        column("correct", pa.bool_(), "whether the prediction is the label"),
        column("confident", pa.bool_(), "whether the label is confident, null if that is unknown"),
        column("method", pa.string(), "saliency method, or a control", null=False),
        column("parameters", pa.string(), "parameters of the method, as JSON", null=False),
        *[column(m.name, pa.float64(), m.meaning, m.unit) for m in METRICS],
        column("bar_length_ratio", pa.float64(), "length measured on the map / true length, null if no bar was found"),
        column(TRUE_LENGTH_PX, pa.float64(), "true length of the bar in pixels of the map", "pixel", "phys.angSize"),
        column("status", pa.string(), "outcome for the image, one word", ucd="meta.code.status", null=False),
        column("status_message", pa.string(), "reason, as a sentence, if there is no map or it has no metrics", ucd="meta.note"),
        column("shard", pa.string(), "input shard, relative to the input's root", ucd="meta.id;meta.file", null=False),
        column("shard_row", pa.int64(), "number of the row in its shard, counted from 0", ucd="meta.record", null=False),
        column("run_id", pa.string(), "digest of everything that the method's numbers depend on", ucd="meta.id", null=False),
    ]
)  # fmt: skip
"""Columns in order. Every image has one row per method, whatever its status."""


def comparison_rows(rows: list[Mapping[str, Any]]) -> pa.Table:
    """Make a table of SCHEMA from rows of named values. Missing values and NaN become null."""
    plain = [{k: None if v != v else v for k, v in row.items()} for row in rows]
    return pa.Table.from_pylist(plain, schema=SCHEMA)


def write_table(fs: FileSystem, root: str, rows: pa.Table) -> str:
    """Write all rows to one file, sorted by shard, row and method. Returns its path.

    Raises StorageError.
    """
    path = storage.join(root, TABLE)
    order = [(name, "ascending") for name in ("shard", "shard_row", "method")]

    def write(file: BinaryIO) -> None:
        pq.write_table(rows.sort_by(order), file, compression="zstd")

    storage.write_whole(fs, path, write)
    return path


def read_tables(fs: FileSystem, paths: list[str]) -> pa.Table:
    """Read the rows of several files. Columns that older files lack are null.

    Raises StorageError.
    """
    found = [SCHEMA.empty_table()]
    for path in paths:
        with storage.open_random(fs, path) as file, storage.explained("read", path):
            found.append(pq.ParquetFile(file).read())
    return pa.concat_tables(found, promote_options="default").cast(SCHEMA)
