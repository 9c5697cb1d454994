"""Make training examples of shards with a class column: canvases, classes, and folds by source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from actors.train.gathering import bounded
from catalogues import storage
from catalogues.columns import one_array
from catalogues.images.decode import decode
from catalogues.images.flux import decode_flux
from catalogues.manifest import SCHEMA
from catalogues.shards.reading import Shard, read_shard, shard_fields
from catalogues.shards.splits import fold_of
from models.networks.classes import class_canvas
from models.networks.spec import ClassSpec
from models.training.class_training import ClassExamples
from models.view_params import FieldSpec

FIELDS = ("images", "labels", "folds", "object_id")
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class ClassPlan:
    """How a shard's rows become examples.

    `spec` holds the classes, the folds and how images are read; `field` says what canvases show.
    """

    spec: ClassSpec
    field: FieldSpec


@dataclass(frozen=True, kw_only=True)
class ClassScan:
    """What a shard contains for training.

    Attributes
    ----------
    url, shard
        Address of the input, and the shard.
    counts
        (K, F) number of sources by class and fold.
    others
        Number of rows of other classes, by class.
    unknown
        Number of rows without a class.
    """

    url: str
    shard: Shard
    counts: NDArray[np.int64]
    others: Counter[str] = field(default_factory=Counter)
    unknown: int = 0

    @property
    def rows(self) -> int:
        """Number of examples, including those whose image cannot be read."""
        return int(self.counts.sum())


def scan_item(item: tuple[int, tuple[str, Shard]], plan: ClassPlan) -> ClassScan:
    """Count the classes of a numbered shard; no image is read. Raises ValueError, StorageError."""
    url, shard = item[1]
    spec, counts = plan.spec, np.zeros((len(plan.spec.names), plan.spec.folds), np.int64)
    fs, _ = storage.filesystem(url)
    names = shard_fields(fs, shard.path).names
    for name in (spec.column, spec.fold_column):
        if name not in names:
            raise ValueError(
                f"shard {shard.path!r} has no column {name!r}: choose one of {', '.join(names)}"
            )
    others, unknown = Counter[str](), 0
    for table in _read(url, shard, plan, ("object_id",), 4096):
        told = [None if v is None else str(v) for v in table[spec.column].to_pylist()]
        for value, fold in zip(told, _folds(table, spec), strict=True):
            if value in spec.names:
                counts[spec.index(value), fold] += 1
        others.update(value for value in told if value is not None and value not in spec.names)
        unknown += told.count(None)
    return ClassScan(url=url, shard=shard, counts=counts, others=others, unknown=unknown)


def _read(
    url: str, shard: Shard, plan: ClassPlan, columns: Sequence[str], rows: int
) -> Iterator[pa.Table]:
    fs, _ = storage.filesystem(url)
    wanted = dict.fromkeys([*columns, plan.spec.column, plan.spec.fold_column])
    mine = [name for name in wanted if name in SCHEMA.names]
    extra = [name for name in wanted if name not in SCHEMA.names]
    return read_shard(fs, shard.path, columns=mine, extra=extra, batch_rows=rows)


def _folds(table: pa.Table, spec: ClassSpec) -> list[int]:
    ids = one_array(table.column("object_id")).to_pylist()
    sources = one_array(table.column(spec.fold_column)).to_pylist()
    pairs = zip(sources, ids, strict=True)
    return [fold_of(str(own if source is None else source), spec.folds) for source, own in pairs]


def shard_examples(scan: ClassScan, plan: ClassPlan) -> Arrays:
    """Return FIELDS of the shard's rows with a known class; label -1 if the image is unreadable."""
    spec, shape = plan.spec, shapes(scan.rows, plan)
    out = {name: np.zeros(shape[name], kind_of(name)) for name in FIELDS}
    at = 0
    for table in _read(scan.url, scan.shard, plan, ("object_id", "image"), 64):
        for row, fold in zip(table.to_pylist(), _folds(table, spec), strict=True):
            if str(row[spec.column]) not in spec.names:
                continue
            canvas = read_canvas((row["image"] or {}).get("bytes"), plan)
            out["labels"][at] = -1 if canvas is None else spec.index(row[spec.column])
            out["images"][at] = 0 if canvas is None else canvas
            out["folds"][at], out["object_id"][at] = fold, row["object_id"] or -1
            at += 1
    return out


def read_canvas(data: bytes | None, plan: ClassPlan) -> NDArray[np.float32] | None:
    """Return the canvas, (C, S, S), of an encoded image; None if it is unreadable or blank."""
    image = decode_flux(data).values if plan.spec.reads == "flux" else decode(data).pixels
    return None if image is None else class_canvas(image, plan.spec, plan.field)


def shapes(count: int, plan: ClassPlan) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the arrays of `count` examples."""
    side, bands = plan.field.canvas_px, 1 if plan.spec.reads == "flux" else 3
    found: dict[str, tuple[int, ...]] = dict.fromkeys(FIELDS, (count,))
    return {**found, "images": (count, bands, side, side)}


def kind_of(name: str) -> type[np.generic]:
    """Return the dtype of the array `name`."""
    kinds: dict[str, type[np.generic]] = {"images": np.float32, "object_id": np.int64}
    return kinds.get(name, np.int8)


def gather_class_examples(
    folder: Path, scans: Sequence[ClassScan], plan: ClassPlan, most: int
) -> Iterator[ClassScan]:
    """Write all examples to <name>.npy below `folder`, in the shards' order.

    Yields each shard when it is done. At most `most` shards are in memory.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        name: np.lib.format.open_memmap(
            folder / f"{name}.npy", mode="w+", dtype=kind_of(name), shape=shape
        )
        for name, shape in shapes(sum(scan.rows for scan in scans), plan).items()
    }
    ends = np.cumsum([0, *(scan.rows for scan in scans)]).tolist()
    first = {id(scan): start for scan, start in zip(scans, ends, strict=False)}
    for scan, arrays in bounded(shard_examples, scans, most, plan):
        start = first[id(scan)]
        for name, file in files.items():
            file[start : start + scan.rows] = arrays[name]
        yield scan
    for file in files.values():
        file.flush()


def load_arrays(folder: str | Path) -> Arrays:
    """Open gathered examples as memory maps."""
    return {name: np.load(Path(folder) / f"{name}.npy", mmap_mode="r") for name in FIELDS}


def load_class_examples(folder: str | Path, classes: int, fold: int, part: str) -> ClassExamples:
    """Return the readable sources of `fold` ("validation"), or of all other folds ("train")."""
    arrays = load_arrays(folder)
    mine = (arrays["folds"] == fold) == (part == "validation")
    rows = np.flatnonzero(mine & (arrays["labels"] >= 0))
    return ClassExamples(arrays["images"], np.asarray(arrays["labels"]), classes, rows)
