"""Which layout a folder has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from catalogues import storage
from catalogues.layouts.described_folder import describe_folder
from catalogues.layouts.files import Files, list_images
from catalogues.layouts.folder import Folder
from catalogues.layouts.huggingface import open_huggingface
from catalogues.layouts.pieces import Layout
from catalogues.manifest import SCHEMA
from catalogues.storage import StorageOptions


@dataclass(frozen=True, kw_only=True)
class Source:
    """What is to be read, in the user's words.

    `url`: a folder, or a Parquet file. `layout`: "auto" takes a folder that holds Parquet files and
    has no `table` for Hugging Face's. `table`: the table that describes a folder's files. `chosen`:
    {our column: the table's}. `file_column`, `hash_ids`, `keep`: as in
    catalogues.layouts.described_folder.
    """

    url: str
    layout: Literal["auto", "folder", "huggingface"] = "auto"
    table: str | None = None
    chosen: Mapping[str, str] = field(default_factory=dict)
    file_column: str | None = None
    hash_ids: bool = False
    keep: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if unknown := [name for name in self.chosen if name not in SCHEMA.names]:
            raise ValueError(
                f"{', '.join(unknown)} is no column of image shards: those are "
                f"{', '.join(SCHEMA.names)}"
            )
        if self.table is None and (self.file_column or self.hash_ids):
            raise ValueError("a file column and hashed ids belong to a table: name the table")
        if self.layout == "huggingface" and self.table is not None:
            raise ValueError(
                f"the layout huggingface has its columns beside its images: leave the table "
                f"{self.table!r} out, or give the layout folder"
            )


def open_layout(source: Source, options: StorageOptions | None = None) -> tuple[Layout, list[str]]:
    """(layout, names of files that are of no kind it reads). Raises StorageError, ValueError."""
    if source.layout == "huggingface" or (source.layout == "auto" and _is_parquet(source, options)):
        return open_huggingface(source.url, options, source.chosen, source.keep), []
    files = _files(source, options)
    if source.table is None:
        if source.keep or source.chosen:
            raise ValueError("a folder without a table has no columns to keep or choose: name one")
        return Folder(files=files), list(files.others)
    table_fs, table = storage.filesystem(source.table, options)
    layout = describe_folder(
        files,
        table_fs,
        table,
        source.chosen,
        source.file_column,
        source.hash_ids,
        source.keep,
    )
    return layout, list(files.others)


def _is_parquet(source: Source, options: StorageOptions | None) -> bool:
    if source.table is not None:
        return False
    fs, root = storage.filesystem(source.url, options)
    return bool(storage.list_files(fs, root, (".parquet",)))


def _files(source: Source, options: StorageOptions | None) -> Files:
    fs, root = storage.filesystem(source.url, options)
    table = source.table and storage.filesystem(source.table, options)[1]
    return list_images(fs, root, besides=table or None)
