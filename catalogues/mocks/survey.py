"""A mock survey in a folder of image shards, with a record of what it was drawn from."""

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
"""File beside the shards, which readers of the folder pass over; it is written last, so that its
presence says they are whole."""


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
