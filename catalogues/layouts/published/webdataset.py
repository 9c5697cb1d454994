"""The layout of WebDataset: tar files in which neighbouring members with one name are a sample.

`00017.jpg` and `00017.json` are one galaxy: the name up to its first dot is the key, the rest is
the kind of the member. The JSON object holds the columns. If the columns hold no identifier, the id
is the key if that is an integer, else a hash of the key. Nothing is unpacked to disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyarrow as pa

from catalogues import storage
from catalogues.layouts.formats.image_files import integer_stem
from catalogues.layouts.formats.pieces import Piece, Skipped, check_kept, with_ids
from catalogues.layouts.formats.tar import TarSample, read_samples
from catalogues.manifest import resolve
from catalogues.shards.ids import hashed_id
from catalogues.shards.rows import manifest_rows
from catalogues.storage import FileSystem, StorageError

SUFFIX = ".tar"

_HEAD = 100
"""Number of samples at the beginning that define the columns."""


@dataclass(frozen=True, kw_only=True)
class WebDataset:
    """A Layout (catalogues.layouts.formats.pieces); `open_webdataset` opens one.

    `tars`: path by relative name. `mapping`: {manifest column: name in the JSON}. `extra`: columns
    to pass through, with their types in the first samples.
    """

    fs: FileSystem
    tars: Mapping[str, str]
    mapping: Mapping[str, str]
    extra: pa.Schema
    piece_rows: int = 100

    def keys(self, names: tuple[str, ...]) -> Iterator[pa.Table]:
        """Read the keys; the images are skipped."""
        for piece in self._pieces(images=False):
            yield piece.rows.select(names)

    def pieces(self) -> Iterator[Piece]:
        """Iterate over the rows in the order of the files' names and their samples."""
        return self._pieces(images=True)

    def _pieces(self, images: bool) -> Iterator[Piece]:
        for name, path in self.tars.items():
            samples, first = read_samples(self.fs, path, images), 0
            while held := list(islice(samples, self.piece_rows)):
                yield self._piece(name, held, first)
                first += len(held)

    def _piece(self, name: str, samples: list[TarSample], first: int) -> Piece:
        good = [sample for sample in samples if sample.fault is None]
        piece = with_ids(self._rows(good), name, first)
        left = tuple(
            Skipped(where=f"{name}, {s.key}", status=s.fault[0], message=s.fault[1])
            for s in samples
            if s.fault is not None
        )
        return Piece(rows=piece.rows, skipped=(*left, *piece.skipped))

    def _rows(self, samples: list[TarSample]) -> pa.Table:
        """Make manifest rows. Numbers become text, digit for digit: a column may hold both."""
        columns = {
            theirs: pa.array([_text(s.columns.get(theirs)) for s in samples], pa.string())
            for theirs in self.mapping.values()
        }
        mapping = {**self.mapping, "image": "\0image"}
        if "object_id" not in mapping:
            columns["\0id"] = pa.array([_id_of(s) for s in samples], pa.int64())
            mapping["object_id"] = "\0id"
        if "survey_id" not in mapping:
            columns["\0key"] = pa.array([s.key for s in samples], pa.string())
            mapping["survey_id"] = "\0key"
        columns["\0image"] = pa.array(
            [{"bytes": s.image, "path": s.image_name} for s in samples],
            pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
        )
        for kept in self.extra:
            columns[kept.name] = _typed([s.columns.get(kept.name) for s in samples], kept)
        return manifest_rows(pa.table(columns), mapping, self.extra.names)


def open_webdataset(
    fs: FileSystem, tars: Mapping[str, str], chosen: Mapping[str, str] | None, keep: tuple[str, ...]
) -> WebDataset:
    """Open tar files, and find the manifest's columns in the first samples. `tars`: path by name.

    Raises ValueError if a named column is absent, and StorageError.
    """
    head = first_samples(fs, tars)
    names = column_names(head)
    mapping = resolve(names, chosen)
    mapping.pop("image", None)
    check_kept(keep, names)
    fields = [pa.field(n, pa.array([s.columns.get(n) for s in head]).type) for n in keep]
    return WebDataset(fs=fs, tars=tars, mapping=mapping, extra=pa.schema(fields))


def first_samples(fs: FileSystem, tars: Mapping[str, str]) -> list[TarSample]:
    """Read the first samples of the first file, without images.

    Raises StorageError if it holds no samples.
    """
    path = next(iter(tars.values()))
    head = list(islice(read_samples(fs, path, images=False), _HEAD))
    if not head:
        raise StorageError(f"{storage.redact(path)!r} holds no samples: it is not a WebDataset")
    return head


def column_names(samples: list[TarSample]) -> list[str]:
    """Return the names in the samples' JSON, in order."""
    return list(dict.fromkeys(name for sample in samples for name in sample.columns))


def _id_of(sample: TarSample) -> int:
    number = integer_stem(sample.key)
    return hashed_id(sample.key) if number is None else number


def _text(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value)


def _typed(values: list[Any], kept: pa.Field) -> pa.Array:
    try:
        return pa.array(values, kept.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        raise ValueError(
            f"the column {kept.name!r} has the type {kept.type} in the first samples and another "
            f"type later ({error}): leave it out, or store it with one type"
        ) from error
