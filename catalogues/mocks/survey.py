"""A mock survey in a folder of image shards, with a record of what it was drawn from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import pyarrow as pa

from catalogues import storage
from catalogues.mocks.sky import MockSkyParams
from catalogues.shards.reading import Shard, ShardParams
from catalogues.shards.writing import old_shards, write_shards
from catalogues.storage import FileSystem

RECORD = "_mock.json"
"""File beside the shards, which readers of the folder pass over; it is written last, so that its
presence says they are whole."""

_SKY = MockSkyParams()


@dataclass(frozen=True, kw_only=True)
class MockSurvey:
    """Galaxies 0 to `galaxies` - 1 of the sky `seed`, cut into shards of `rows_per_shard`."""

    galaxies: int
    seed: int
    rows_per_shard: int = 100
    sky: MockSkyParams = _SKY

    def __post_init__(self) -> None:
        for name in ("galaxies", "rows_per_shard"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 1")
        if self.seed < 0:
            raise ValueError(f"seed={self.seed} must not be negative")

    def blocks(self, rows: int) -> list[range]:
        """The galaxies' indices in order, in ranges of at most `rows`."""
        return [
            range(i, min(i + rows, self.galaxies)) for i in range(0, self.galaxies, max(rows, 1))
        ]

    def to_json(self) -> bytes:
        """The record's bytes."""
        return json.dumps(asdict(self), indent=1).encode()


def is_written(fs: FileSystem, root: str, survey: MockSurvey) -> bool:
    """Whether `root` holds all of `survey`.

    Raises ValueError where it holds another mock survey, or shards of something else.
    """
    path = storage.join(root, RECORD)
    if storage.exists(fs, path):
        stored = storage.read_whole(fs, path)
        if json.loads(stored) == json.loads(survey.to_json()):
            return True
        raise ValueError(
            f"{storage.redact(root)!r} holds another mock survey, with {_summary(stored)}: ask "
            "for the same one, choose another output, or replace it"
        )
    return False


def write_survey(
    fs: FileSystem, root: str, survey: MockSurvey, tables: Iterable[pa.Table]
) -> tuple[Shard, ...]:
    """Write the survey's rows (of mocks.TABLE_SCHEMA, in order) as shards, then the record.

    What an interrupted attempt left is written over. Raises StorageError.
    """
    left = set(old_shards(fs, root))
    params = ShardParams(rows_max=survey.rows_per_shard)
    shards = tuple(write_shards(tables, fs, root, params))
    for path in left - {shard.path for shard in shards}:
        fs.rm_file(path)
    storage.write_whole(fs, storage.join(root, RECORD), survey.to_json())
    return shards


def _summary(stored: bytes) -> str:
    values = json.loads(stored)
    return f"{values.get('galaxies')} galaxies of seed {values.get('seed')}"
