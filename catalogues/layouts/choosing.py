"""Which layout a folder has."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from catalogues import storage
from catalogues.layouts.described_folder import describe_folder
from catalogues.layouts.efigi_folder import open_efigi
from catalogues.layouts.files import Files, list_images
from catalogues.layouts.folder import Folder
from catalogues.layouts.hdf5_files import SUFFIXES as HDF5
from catalogues.layouts.huggingface import open_huggingface
from catalogues.layouts.mirabest import Subset, open_mirabest
from catalogues.layouts.multimodal import open_multimodal
from catalogues.layouts.pieces import Layout
from catalogues.layouts.tables import table_columns
from catalogues.layouts.votes import VoteScheme, VoteTable, WithVotes, find_scheme
from catalogues.layouts.webdataset import SUFFIX as TAR
from catalogues.layouts.webdataset import column_names, first_samples, open_webdataset
from catalogues.manifest import SCHEMA
from catalogues.shards import list_shards, shard_fields
from catalogues.storage import StorageError, StorageOptions

LayoutName = Literal[
    "auto", "folder", "huggingface", "efigi", "mirabest", "webdataset", "multimodal"
]
"""How the files of a source are arranged."""

KAGGLE_TABLE = "training_solutions_rev1.csv"
"""The Galaxy Zoo challenge's votes, in the folder that holds its folder of images."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """What is to be read, in the user's words.

    `url`: a folder, or a Parquet file. `layout`: "auto" takes a folder that has no `table` for
    Hugging Face's if it holds Parquet files, for a WebDataset if it holds tar files, for the
    Multimodal Universe if it holds HDF5 files. `table`: the table that describes a folder's files.
    `chosen`: {our column: the table's}. `file_column`, `hash_ids`, `keep`: as in
    catalogues.layouts.described_folder. `votes`: whose vote columns become ours, see
    catalogues.layouts.votes; "auto" knows them by their names. `subset`: of MiraBest. `bands`: of
    the Multimodal Universe, see catalogues.layouts.bands.
    """

    url: str
    layout: LayoutName = "auto"
    table: str | None = None
    chosen: Mapping[str, str] = field(default_factory=dict)
    file_column: str | None = None
    hash_ids: bool = False
    keep: tuple[str, ...] = ()
    votes: VoteTable = "auto"
    subset: Subset = "all"
    bands: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if unknown := [name for name in self.chosen if name not in SCHEMA.names]:
            raise ValueError(
                f"{', '.join(unknown)} is no column of image shards: those are "
                f"{', '.join(SCHEMA.names)}"
            )
        if len(self.bands) not in (0, 1, 3):
            raise ValueError(
                f"{len(self.bands)} bands make no picture: name three, or one for grey"
            )
        if self.table is None and self.file_column:
            raise ValueError("a file column belongs to a table: name the table")
        if self.hash_ids and self.layout in ("efigi", "mirabest", "webdataset"):
            raise ValueError(
                f"the layout {self.layout} has identifiers of its own: leave hashed ids out"
            )
        if self.layout not in ("auto", "folder") and self.table is not None:
            raise ValueError(
                f"the layout {self.layout} has its columns beside its images: leave the table "
                f"{self.table!r} out, or give the layout folder"
            )
        if self.subset != "all" and self.layout != "mirabest":
            raise ValueError(
                f"the subset {self.subset!r} is MiraBest's: give the layout mirabest, or leave it "
                "out"
            )


def open_layout(source: Source, options: StorageOptions | None = None) -> tuple[Layout, list[str]]:
    """(layout, names of files that are of no kind it reads). Raises StorageError, ValueError."""
    if source.layout == "efigi":
        return open_efigi(*storage.filesystem(source.url, options)), []
    if source.layout == "mirabest":
        return open_mirabest(*storage.filesystem(source.url, options), source.subset)
    if source.layout == "webdataset" or (
        source.layout == "auto" and _holds(source, options, (TAR,))
    ):
        return _webdataset(source, options), []
    if source.layout == "multimodal" or (source.layout == "auto" and _holds(source, options, HDF5)):
        return _multimodal(source, options), []
    source = _kaggle(source, options)
    if source.layout == "huggingface" or (
        source.layout == "auto" and _holds(source, options, (".parquet",))
    ):
        fs, _ = storage.filesystem(source.url, options)
        first = list_shards(source.url, options, source.chosen)[0]
        scheme = find_scheme(shard_fields(fs, first.path).names, source.votes)
        rows = open_huggingface(
            source.url, options, source.chosen, _kept(source, scheme), source.hash_ids
        )
        return _with_votes(rows, source, scheme), []
    files = _files(source, options)
    if source.table is None:
        if source.votes not in ("auto", "none"):
            raise ValueError(f"votes {source.votes!r} stand in a table: name it with --table")
        if source.keep or source.chosen or source.hash_ids:
            raise ValueError(
                "a folder without a table has no columns to keep, choose or hash: name one"
            )
        return Folder(files=files), list(files.others)
    table_fs, table = storage.filesystem(source.table, options)
    scheme = find_scheme(table_columns(table_fs, table), source.votes)
    layout = describe_folder(
        files,
        table_fs,
        table,
        source.chosen,
        source.file_column,
        source.hash_ids,
        _kept(source, scheme),
    )
    return _with_votes(layout, source, scheme), list(files.others)


def _webdataset(source: Source, options: StorageOptions | None) -> Layout:
    fs, root = storage.filesystem(source.url, options)
    tars = _named(fs, root, (TAR,))
    if not tars:
        raise StorageError(f"{storage.redact(root)!r} holds no {TAR} files: give their folder")
    scheme = find_scheme(column_names(first_samples(fs, tars)), source.votes)
    rows = open_webdataset(fs, tars, source.chosen, _kept(source, scheme))
    return _with_votes(rows, source, scheme)


def _kaggle(source: Source, options: StorageOptions | None) -> Source:
    """The same source, with Kaggle's table where its folder holds one and none was named."""
    if source.table is not None or source.layout == "huggingface" or source.votes == "none":
        return source
    fs, root = storage.filesystem(source.url, options)
    table = storage.join(root, KAGGLE_TABLE)
    return replace(source, table=_url(fs, table)) if storage.exists(fs, table) else source


def _url(fs: Any, path: str) -> str:
    return path if storage.is_local(fs) else str(fs.unstrip_protocol(path))


def _kept(source: Source, scheme: VoteScheme | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*source.keep, *(scheme.columns if scheme else ())]))


def _with_votes(layout: Layout, source: Source, scheme: VoteScheme | None) -> Layout:
    return WithVotes(layout=layout, scheme=scheme, keep=source.keep) if scheme else layout


def _multimodal(source: Source, options: StorageOptions | None) -> Layout:
    fs, root = storage.filesystem(source.url, options)
    files = _named(fs, root, HDF5)
    if not files:
        raise StorageError(
            f"{storage.redact(root)!r} holds no {' or '.join(HDF5)} files: give their folder"
        )
    return open_multimodal(fs, files, source.chosen, source.keep, source.bands, source.hash_ids)


def _holds(source: Source, options: StorageOptions | None, suffixes: tuple[str, ...]) -> bool:
    """Whether files of a kind are there, and no table that says it is a folder of images."""
    if source.table is not None:
        return False
    return bool(_named(*storage.filesystem(source.url, options), suffixes))


def _named(fs: Any, root: str, suffixes: tuple[str, ...]) -> dict[str, str]:
    """Files of a kind, the only one that `root` may be too, by their relative names."""
    paths = [p for p, _ in storage.list_files(fs, root, suffixes) if p.lower().endswith(suffixes)]
    base = len(posixpath.dirname(root) if paths == [root] else root.rstrip("/")) + 1
    return {path[base:]: path for path in paths}


def _files(source: Source, options: StorageOptions | None) -> Files:
    fs, root = storage.filesystem(source.url, options)
    table = source.table and storage.filesystem(source.table, options)[1]
    return list_images(fs, root, besides=table or None)
