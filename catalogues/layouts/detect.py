"""Find out which layout a folder has, which columns it holds, and how to open it."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from catalogues import storage
from catalogues.layouts.formats.hdf5 import SUFFIXES as HDF5
from catalogues.layouts.formats.image_files import list_images
from catalogues.layouts.formats.pieces import Layout
from catalogues.layouts.formats.tables import table_columns
from catalogues.layouts.params import LayoutSource
from catalogues.layouts.published.efigi import open_efigi
from catalogues.layouts.published.folder import Folder, describe_folder
from catalogues.layouts.published.huggingface import open_huggingface
from catalogues.layouts.published.mirabest import open_mirabest
from catalogues.layouts.published.multimodal import open_multimodal, set_columns
from catalogues.layouts.published.webdataset import SUFFIX as TAR
from catalogues.layouts.published.webdataset import column_names, first_samples, open_webdataset
from catalogues.shards.reading import shard_columns
from catalogues.storage import FileSystem, StorageError, StorageOptions

KAGGLE_TABLE = "training_solutions_rev1.csv"
"""Votes of the Galaxy Zoo challenge, in the folder that contains its folder of images."""

Chosen = Mapping[str, str]
Kept = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Base:
    """A source before it is opened.

    `names`: names of its columns. `open`: a function of {manifest column: table column} and the
    columns to keep, which returns the layout and the names of files that are not read.
    """

    names: list[str]
    open: Callable[[Chosen, Kept], tuple[Layout, list[str]]]


def find_base(source: LayoutSource, options: StorageOptions | None = None) -> Base:
    """Find a source's layout, as given or by its files. Raises StorageError and ValueError."""
    fs, root = storage.filesystem(source.url, options)
    if source.layout == "efigi":
        return Base(names=[], open=lambda _, __: (open_efigi(fs, root), []))
    if source.layout == "mirabest":
        return Base(names=[], open=lambda _, __: open_mirabest(fs, root, source.subset))
    if _is(source, "webdataset", fs, root, (TAR,)):
        return _webdataset(fs, root)
    if _is(source, "multimodal", fs, root, HDF5):
        return _multimodal(fs, root, source)
    source = _kaggle(source, fs, root)
    if _is(source, "huggingface", fs, root, (".parquet",)):
        return _huggingface(source, options)
    if source.table is None:
        return _folder(source, fs, root, options)
    return _described(source, source.table, fs, root, options)


def _is(
    source: LayoutSource, layout: str, fs: FileSystem, root: str, suffixes: tuple[str, ...]
) -> bool:
    """Return whether a source has this layout, by its name, or by its files without a table."""
    if source.layout != "auto" or source.table is not None:
        return source.layout == layout
    return bool(_named(fs, root, suffixes))


def _named(fs: FileSystem, root: str, suffixes: tuple[str, ...]) -> dict[str, str]:
    """Return files with these suffixes by relative name. `root` may itself be the only file."""
    paths = [p for p, _ in storage.list_files(fs, root, suffixes) if p.lower().endswith(suffixes)]
    base = len(posixpath.dirname(root) if paths == [root] else root.rstrip("/")) + 1
    return {path[base:]: path for path in paths}


def _there(fs: FileSystem, root: str, suffixes: tuple[str, ...]) -> dict[str, str]:
    """Return the same files as `_named`. Raises StorageError if there are none."""
    files = _named(fs, root, suffixes)
    if not files:
        raise StorageError(
            f"{storage.redact(root)!r} holds no {' or '.join(suffixes)} files: give their folder"
        )
    return files


def _webdataset(fs: FileSystem, root: str) -> Base:
    tars = _there(fs, root, (TAR,))
    return Base(
        names=column_names(first_samples(fs, tars)),
        open=lambda chosen, keep: (open_webdataset(fs, tars, chosen, keep), []),
    )


def _multimodal(fs: FileSystem, root: str, source: LayoutSource) -> Base:
    files = _there(fs, root, HDF5)
    return Base(
        names=set_columns(fs, files),
        open=lambda chosen, keep: (
            open_multimodal(fs, files, chosen, keep, source.bands, source.hash_ids),
            [],
        ),
    )


def _huggingface(source: LayoutSource, options: StorageOptions | None) -> Base:
    return Base(
        names=shard_columns(source.url, options),
        open=lambda chosen, keep: (
            open_huggingface(source.url, options, chosen, keep, source.hash_ids),
            [],
        ),
    )


def _folder(
    source: LayoutSource, fs: FileSystem, root: str, options: StorageOptions | None
) -> Base:
    files = list_images(fs, root, _paths(source.joins, options), source.bands)
    if not source.joins and source.votes not in ("auto", "none"):
        raise ValueError(f"votes {source.votes!r} are columns of a table: name it with --table")
    if source.hash_ids or (not source.joins and (source.keep or source.chosen)):
        raise ValueError(
            "a folder without a table has no columns to keep, choose or hash: name a table"
        )
    return Base(names=[], open=lambda _, __: (Folder(files=files), list(files.others)))


def _described(
    source: LayoutSource, url: str, fs: FileSystem, root: str, options: StorageOptions | None
) -> Base:
    table_fs, table = storage.filesystem(url, options)
    files = list_images(fs, root, (table, *_paths(source.joins, options)), source.bands)

    def opened(chosen: Chosen, keep: Kept) -> tuple[Layout, list[str]]:
        rows = describe_folder(
            files, table_fs, table, chosen, source.file_column, source.hash_ids, keep
        )
        return rows, [*files.others, *rows.unnamed]

    return Base(names=table_columns(table_fs, table), open=opened)


def _paths(urls: tuple[str, ...], options: StorageOptions | None) -> tuple[str, ...]:
    return tuple(storage.filesystem(url, options)[1] for url in urls)


def _kaggle(source: LayoutSource, fs: FileSystem, root: str) -> LayoutSource:
    """Return the source with Kaggle's table, if its folder holds one and no table was named."""
    if source.table is not None or source.layout == "huggingface" or source.votes == "none":
        return source
    table = storage.join(root, KAGGLE_TABLE)
    if not storage.exists(fs, table):
        return source
    return replace(source, table=table if storage.is_local(fs) else fs.unstrip_protocol(table))
