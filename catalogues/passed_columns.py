"""Further columns of an input that pass through into its catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq

from catalogues import storage
from catalogues.shards import Shard
from catalogues.storage import StorageOptions

_THREADS = 16


def extra_fields(
    url: str, shards: Sequence[Shard], names: Sequence[str], options: StorageOptions | None = None
) -> tuple[pa.Field, ...]:
    """The columns `names` as all shards have them, nullable, in order; reads footers only.

    Raises StorageError, and ValueError where a shard lacks one or has it of another type.
    """
    if not names:
        return ()
    fs, _ = storage.filesystem(url, options)

    def fields(shard: Shard) -> tuple[pa.Field, ...]:
        with storage.open_random(fs, shard.path) as file:
            schema = pq.ParquetFile(file).schema_arrow
        if absent := [name for name in names if name not in schema.names]:
            raise ValueError(
                f"shard {shard.name!r} has no column {absent[0]!r}, which was to be kept: it has "
                f"{', '.join(schema.names)}"
            )
        return tuple(schema.field(name).with_nullable(True) for name in names)

    with ThreadPoolExecutor(_THREADS) as pool:
        found = list(pool.map(fields, shards))
    for shard, mine in zip(shards, found, strict=True):
        for a, b in zip(found[0], mine, strict=True):
            if a.type != b.type:
                raise ValueError(
                    f"column {a.name!r} is {b.type} in shard {shard.name!r} and {a.type} in "
                    f"{shards[0].name!r}: give it one type, or do not keep it"
                )
    return found[0]
