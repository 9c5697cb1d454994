"""The layout of Hugging Face image Parquet: files with `image` as struct{bytes, path}.

The shards of this project have this layout, too: ingesting them again cuts them to other sizes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from catalogues import storage
from catalogues.layouts.formats.pieces import Piece, check_kept, with_ids
from catalogues.shards.reading import ROW, Shard, list_shards, read_shard, shard_fields
from catalogues.storage import FileSystem, StorageOptions


@dataclass(frozen=True, kw_only=True)
class HuggingFace:
    """A Layout (catalogues.layouts.formats.pieces); `open_huggingface` opens one.

    `hash_ids`: identify a row by the hash of its text.
    """

    fs: FileSystem
    shards: tuple[Shard, ...]
    chosen: Mapping[str, str]
    keep: tuple[str, ...]
    hash_ids: bool = False
    piece_rows: int = 100

    @cached_property
    def extra(self) -> pa.Schema:
        """Types of the columns passed through, from the first file."""
        fields = shard_fields(self.fs, self.shards[0].path)
        return pa.schema([fields.field(name) for name in self.keep])

    def keys(self, names: tuple[str, ...]) -> Iterator[pa.Table]:
        """Read these columns alone."""
        for shard in self.shards:
            rows = read_shard(
                self.fs,
                shard.path,
                columns=names,
                chosen=self.chosen,
                batch_rows=100_000,
                hash_ids=self.hash_ids,
            )
            for table in rows:
                yield table.select(names)

    def pieces(self) -> Iterator[Piece]:
        """Iterate over the rows in the order of the files' names and their rows."""
        for shard in self.shards:
            rows = read_shard(
                self.fs,
                shard.path,
                extra=self.keep,
                chosen=self.chosen,
                batch_rows=self.piece_rows,
                hash_ids=self.hash_ids,
            )
            first = 0
            for table in rows:
                yield with_ids(table.drop_columns([ROW]), shard.name, first)
                first += len(table)


def open_huggingface(
    url: str,
    options: StorageOptions | None = None,
    chosen: Mapping[str, str] | None = None,
    keep: tuple[str, ...] = (),
    hash_ids: bool = False,
) -> HuggingFace:
    """Open Parquet files with images.

    Raises StorageError if there is nothing to read, and ValueError if columns are missing.
    """
    fs, _ = storage.filesystem(url, options)
    shards = list_shards(url, options, chosen)
    check_kept(keep, shard_fields(fs, shards[0].path).names)
    return HuggingFace(fs=fs, shards=shards, chosen=chosen or {}, keep=keep, hash_ids=hash_ids)
