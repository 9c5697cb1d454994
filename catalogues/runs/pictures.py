"""Pictures of a sample of galaxies with their saliency maps, stored for the report."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from catalogues.columns import column
from catalogues.shards.splits import unit_hash

_JPEG_QUALITY = 92

SCHEMA: pa.Schema = pa.schema(
    [
        column("object_id", pa.int64(), "identifier of the galaxy", ucd="meta.id"),
        column("shard", pa.string(), "input shard", ucd="meta.id;meta.file", null=False),
        column("shard_row", pa.int64(), "row in the shard, from 0", ucd="meta.record", null=False),
        column("canvas", pa.binary(), "the networks' input, (S, S, 3), JPEG", null=False),
        column("map", pa.binary(), "mean saliency map of the members, (S, S), 8-bit PNG"),
        column("x0", pa.float64(), "canvas's left edge, pixels of the stored image", "pixel"),
        column("y0", pa.float64(), "canvas's upper edge, pixels of the stored image", "pixel"),
        column("factor_x", pa.float64(), "stored image's pixels per canvas pixel, along x"),
        column("factor_y", pa.float64(), "stored image's pixels per canvas pixel, along y"),
        column("north_deg", pa.float64(), "north, counter-clockwise from image up", "deg"),
    ]
)  # fmt: skip
"""Columns of `pictures/*.parquet`. `map` is null if the galaxy has no saliency map.

The position x of the stored image is at canvas column (x + 0.5 - x0) / factor_x - 0.5.
"""


def is_kept(object_id: int, fraction: float) -> bool:
    """Return whether a galaxy is in the `fraction` with stored pictures, by hash of its id."""
    return unit_hash(object_id) < fraction


def encode_picture(pixels: NDArray[np.uint8]) -> bytes:
    """Encode (H, W, 3) uint8 as JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue()


def encode_map(values: NDArray[np.floating]) -> bytes:
    """Encode (H, W) in [0, 1] as 8-bit grey PNG; NaN becomes 0."""
    levels = np.rint(255 * np.clip(np.nan_to_num(values), 0, 1)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "PNG")
    return buffer.getvalue()
