"""What the tests of ingest have in common: galaxies to ingest, and reading them back."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
from PIL import Image
from rich.console import Console

from catalogues import storage
from catalogues.layouts.gather import IngestSummary
from catalogues.shards.reading import list_shards, read_shard
from pipelines.ingest.command import run
from pipelines.ingest.options import IngestOptions

FIRST_ID = 587722981742084096


def jpeg(number: int) -> bytes:
    """An image of one's own for each number."""
    pixels = np.random.default_rng(number).integers(0, 255, (24, 24, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


def ingest(source: object, output: object, **options: object) -> IngestSummary:
    """Run quietly."""
    chosen = IngestOptions(source=str(source), output=str(output), **options)  # type: ignore[arg-type]
    return run(chosen, Console(file=io.StringIO()))


def rows_of(url: object, extra: tuple[str, ...] = ()) -> list[dict]:  # type: ignore[type-arg]
    """Every row of every shard."""
    fs, _ = storage.filesystem(str(url))
    return [
        row
        for shard in list_shards(str(url))
        for table in read_shard(fs, shard.path, extra=extra)
        for row in table.to_pylist()
    ]


def described(numbers: list[int], **more: list[object]) -> pa.Table:
    """A table of those galaxies."""
    table = {"OBJID": [FIRST_ID + n for n in numbers], "redshift": [n / 10 for n in numbers]}
    return pa.table({**table, **more})
