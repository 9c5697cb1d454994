"""From shards with votes to training examples on disk: canvases decoded once, parts by hash."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import ray
from numpy.typing import NDArray

from catalogues import storage
from catalogues.galaxyzoo import COLUMNS
from catalogues.images import decode
from catalogues.shards import Shard, read_shard
from catalogues.splits import SplitFractions, parts_of
from models.preprocess import FieldSpec, canvas

VOTES = tuple(f"vote_{name}" for name in COLUMNS)
"""Names of the vote columns of a training shard."""

Arrays = dict[str, NDArray[np.generic]]


@ray.remote
def shard_ids(url: str, shard: Shard) -> NDArray[np.int64]:
    """The shard's identifiers, (N,), -1 where null; no image is read."""
    fs, _ = storage.filesystem(url)
    tables = read_shard(fs, shard.path, columns=["object_id"], batch_rows=4096)
    return np.concatenate([t["object_id"].fill_null(-1).to_numpy() for t in tables])


@ray.remote
def shard_examples(url: str, shard: Shard, split: SplitFractions, field: FieldSpec) -> dict[str, Arrays]:  # noqa: E501  # fmt: skip
    """Canvases and votes of the shard's training and validation galaxies, by part.

    A galaxy whose image cannot be read keeps its place with unknown votes, so it teaches nothing.
    """
    fs, _ = storage.filesystem(url)
    parts: dict[str, list[Arrays]] = {"train": [], "validation": []}
    for table in read_shard(fs, shard.path, columns=["object_id", "image"], extra=VOTES):
        ids = table["object_id"].fill_null(-1).to_numpy()
        which = parts_of(ids.tolist(), split)
        for part, rows in parts.items():
            mine = table.filter(pa.array(which == part))
            rows.extend(_example(row, field) for row in mine.to_pylist())
    return {part: _stacked(rows, field) for part, rows in parts.items()}


def _example(row: dict[str, object], field: FieldSpec) -> Arrays:
    image = row["image"]
    decoded = decode(image["bytes"] if isinstance(image, dict) else None)
    votes = np.array([np.nan if row[v] is None else row[v] for v in VOTES], dtype=np.float32)
    if decoded.pixels is None:
        side = field.canvas_px
        blank = np.zeros((side, side, 3), np.uint8)
        return _arrays(blank, (0.0, 0.0, 0.0), 1.0, np.full_like(votes, np.nan))
    seen = canvas(decoded.pixels, field)
    return _arrays(seen.pixels, seen.sky, seen.scale, votes)


def _arrays(
    pixels: NDArray[np.uint8], sky: tuple[float, ...], scale: float, votes: NDArray[np.float32]
) -> Arrays:
    return {
        "pixels": pixels,
        "sky": np.array(sky, dtype=np.float32),
        "scale": np.array(scale, dtype=np.float32),
        "votes": votes,
    }


def _stacked(rows: list[Arrays], field: FieldSpec) -> Arrays:
    if rows:
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    side = field.canvas_px
    shapes = {"pixels": (0, side, side, 3), "sky": (0, 3), "scale": (0,), "votes": (0, len(VOTES))}
    kinds = {"pixels": np.uint8}
    return {name: np.zeros(shape, kinds.get(name, np.float32)) for name, shape in shapes.items()}


def write_examples(folder: Path, part: str, counts: list[int], results: list[ray.ObjectRef], field: FieldSpec) -> None:  # noqa: E501  # fmt: skip
    """Collect one part of every shard into <part>_<name>.npy, one shard in memory at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    total, side = sum(counts), field.canvas_px
    shapes = {"pixels": (total, side, side, 3), "sky": (total, 3), "scale": (total,), "votes": (total, len(VOTES))}  # noqa: E501  # fmt: skip
    files = {
        name: np.lib.format.open_memmap(  # type: ignore[no-untyped-call]
            folder / f"{part}_{name}.npy", mode="w+",
            dtype=np.uint8 if name == "pixels" else np.float32, shape=shape,
        )
        for name, shape in shapes.items()
    }  # fmt: skip
    first = 0
    for count, result in zip(counts, results, strict=True):
        arrays = ray.get(result)[part]
        for name, file in files.items():
            file[first : first + count] = arrays[name]
        first += count
    for file in files.values():
        file.flush()
