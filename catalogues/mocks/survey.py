"""Write a mock survey as a folder of image shards, with a record of its parameters."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pyarrow as pa

from catalogues import storage
from catalogues.mocks.params import MockSurvey
from catalogues.shards.params import ShardParams
from catalogues.shards.reading import Shard
from catalogues.shards.writing import old_shards, write_shards
from catalogues.storage import FileSystem

RECORD = "_mock.json"
"""File in the folder of the shards, which readers of shards skip. It is written last: if it exists,
the shards are complete."""


def is_written(fs: FileSystem, root: str, survey: MockSurvey) -> bool:
    """Return whether `root` holds the complete `survey`.

    Raises ValueError if it holds another mock survey.
    """
    path = storage.join(root, RECORD)
    if storage.exists(fs, path):
        stored = storage.read_whole(fs, path)
        if json.loads(stored) == json.loads(survey.to_json()):
            return True
        raise ValueError(
            f"{storage.redact(root)!r} holds another mock survey, with {_summary(stored)}: give "
            "the same options, choose another output, or replace it"
        )
    return False


def write_survey(
    fs: FileSystem, root: str, survey: MockSurvey, tables: Iterable[pa.Table]
) -> tuple[Shard, ...]:
    """Write the survey's rows (of catalogues.mocks.table.TABLE_SCHEMA) as shards, then the record.

    Files of an interrupted attempt are replaced. Raises StorageError.
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
