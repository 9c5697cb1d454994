"""Shards to damage, and what must hold of a damaged one."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from actors.measure.shard_source import read_rows
from catalogues.manifest import SCHEMA
from catalogues.shards.reading import list_shards
from catalogues.shards.rows import NOTE
from catalogues.storage import StorageError, StorageOptions
from tests.faults.mutations import mutant

SHARDS = Path(__file__).parent / "corpus_shards"
"""Damaged shards that once were not answered."""

FOOTER_BYTES = 1500
"""At the end of a shard, where a few bytes matter most."""


def good_shards() -> list[bytes]:
    """Shards in several of the ways that manifests are written."""
    ids = pa.array(range(7, 13), pa.int64())
    images = pa.array([{"bytes": b"not an image", "path": None}] * 6, SCHEMA.field("image").type)
    plain = {"object_id": ids, "image": images, "z": pa.array([0.1] * 6)}
    texts = {
        "objid": ids.cast(pa.string()),
        "image": pa.array([b"x"] * 6),
        "RA": pa.array([3.0] * 6),
    }
    spread = {"id_str": pa.array(["a", None] * 3), "image": images, "petroR90_r": pa.array([2] * 6)}
    return [
        _written(plain),
        _written(plain, compression="zstd", row_group_size=2),
        _written(plain, use_dictionary=False, compression="none", data_page_version="2.0"),
        _written(texts, version="1.0"),
        _written(spread, write_page_index=True, write_statistics=False),
    ]


def damaged(seed: int, pool: list[bytes]) -> Iterator[bytes]:
    """Damaged shards without end, half of them in the footer alone; the same for the same seed."""
    rng = np.random.default_rng(seed)
    while True:
        if rng.random() < 0.5:
            yield mutant(rng, pool)
            continue
        whole = pool[rng.integers(len(pool))]
        yield whole[:-FOOTER_BYTES] + mutant(rng, [whole[-FOOTER_BYTES:]])


def read_all(data: bytes) -> str:
    """Read one shard: "whole" or "refused". Raises AssertionError if rows are lost or added, if a
    row has neither an id nor a note, or if it is refused without words."""
    path = _folder() / "a.parquet"
    path.write_bytes(data)
    try:
        (shard,) = list_shards(str(path.parent))
        tables = list(read_rows(shard, None, str(path.parent), StorageOptions()))
    except (StorageError, ValueError) as error:
        if not str(error).strip():
            raise AssertionError("refused without words") from error
        return "refused"
    assert sum(len(table) for table in tables) == shard.rows
    for table in tables:
        noted = zip(table["object_id"].to_pylist(), table[NOTE].to_pylist(), strict=True)
        assert all((identity is None) == (note is not None) for identity, note in noted)
    return "whole"


@cache
def _folder() -> Path:
    room = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="shards-", dir=room if room.is_dir() else None))


def _written(columns: dict[str, pa.Array], **options: object) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, **options)
    return buffer.getvalue()
