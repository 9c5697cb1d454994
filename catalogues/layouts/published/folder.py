"""The layout of a folder of JPEG, PNG and FITS files, with or without a table of the galaxies.

With a table, a column names the file of each row, relative to the folder, with or without suffix.
Without such a column, the file whose stem is the row's object_id counts. Rows without a file are
kept: `measure` reports the missing image in the row's status.

Without a table, every file is a galaxy. Its object_id is the stem if that is an integer, else a
hash of the relative path. The path is stored as survey_id in both cases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from catalogues.columns import one_array, replaced
from catalogues.layouts.formats.image_files import Files, integer_stem, read_images
from catalogues.layouts.formats.pieces import Piece, check_kept, with_ids
from catalogues.layouts.formats.tables import read_table, table_columns
from catalogues.manifest import ID_PARTS, IMAGE_TYPE, SCHEMA, require, resolve
from catalogues.shards.ids import exact_ids, hashed_id, repeated
from catalogues.shards.rows import NOTE, manifest_rows
from catalogues.storage import FileSystem

FILE_COLUMNS: tuple[str, ...] = (
    "file_name", "filename", "file", "path", "file_loc", "jpg_loc", "jpeg_loc", "png_loc",
    "asset_id",
)  # fmt: skip
"""Names of a column with file names, in upper or lower case; the aliases of `image` come first."""

ASSETS = "asset_id"
"""Column of gz2_filename_mapping.csv (Galaxy Zoo 2): the integer in the name of an image file. It
does not identify the galaxy."""


@dataclass(frozen=True, kw_only=True)
class DescribedFolder:
    """A Layout (catalogues.layouts.formats.pieces) of a folder with a table.

    `describe_folder` opens one.

    Attributes
    ----------
    files : image files of the folder.
    table_fs, table : file system and path of the table.
    mapping : {manifest column: table column}.
    file_column : column with the files' names, None if files are found by identifier.
    hash_ids : identify a row by the hash of the text in its identifier column or, without such a
        column, of its file's name.
    keep : columns to pass through.
    piece_rows : rows per piece.
    """

    files: Files
    table_fs: FileSystem
    table: str
    mapping: Mapping[str, str]
    file_column: str | None
    hash_ids: bool
    keep: tuple[str, ...]
    piece_rows: int = 100

    @property
    def _hash_names(self) -> bool:
        """Whether identifiers are hashes of file names, because no column was chosen for them."""
        return self.hash_ids and "object_id" not in self.mapping

    @cached_property
    def extra(self) -> pa.Schema:
        """Types of the columns passed through, from the table's first rows."""
        first = next(self._tables(self.keep), None) if self.keep else None
        return pa.schema([]) if first is None else first.schema

    def keys(self, names: tuple[str, ...]) -> Iterator[pa.Table]:
        """Read the keys from the table alone."""
        mapping = {k: v for k, v in self.mapping.items() if k in (*names, "object_id", *ID_PARTS)}
        read = [*mapping.values(), *([str(self.file_column)] if self._hash_names else [])]
        for table in self._tables(tuple(read)):
            rows = manifest_rows(table, mapping, hash_ids=self.hash_ids)
            if self._hash_names:
                rows = replaced(rows, "object_id", _hashed(self._paths(table)))
            yield rows.select(names)

    def pieces(self) -> Iterator[Piece]:
        """Iterate over the rows in the order of the table."""
        names = (*self.mapping.values(), *self.keep, *filter(None, [self.file_column]))
        first = 0
        for table in self._tables(names):
            yield from read_images(with_ids(self._rows(table), self.table, first), self.files)
            first += len(table)

    def _tables(self, names: tuple[str, ...]) -> Iterator[pa.Table]:
        text = {*self.mapping.values(), str(self.file_column)}
        return read_table(self.table_fs, self.table, names, text, self.piece_rows)

    def _rows(self, table: pa.Table) -> pa.Table:
        """Make manifest rows whose image is a path: of the file, or else as the table names it."""
        rows = manifest_rows(table, self.mapping, self.keep, self.hash_ids)
        paths: list[str | None]
        if self.file_column is None:
            ids = rows.column("object_id").to_pylist()
            paths = [self._by_id.get(number, str(number)) for number in ids]
        else:
            paths = self._paths(table)
        if self._hash_names:
            note = [None if path else "the row names no file that gives an id" for path in paths]
            rows = replaced(rows, "object_id", _hashed(paths))
            rows = replaced(rows, NOTE, pa.array(note, pa.string()))
            if "survey_id" not in self.mapping:
                rows = replaced(rows, "survey_id", pa.array(paths, pa.string()))
        images = [{"bytes": None, "path": path} for path in paths]
        return replaced(rows, "image", pa.array(images, IMAGE_TYPE))

    def _paths(self, table: pa.Table) -> list[str | None]:
        column = one_array(table.column(self.file_column))
        if is_assets(self.file_column):
            numbers = exact_ids(column)[0].to_pylist()
            return [None if n is None else self._by_id.get(n, str(n)) for n in numbers]
        return [self.files.find(name) or name for name in column.cast(pa.string()).to_pylist()]

    @cached_property
    def unnamed(self) -> tuple[str, ...]:
        """Images that belong to no row; only known if files are named by asset_id.

        Raises ValueError if one image belongs to two rows.
        """
        if not is_assets(self.file_column):
            return ()
        name = str(self.file_column)
        parts = [exact_ids(one_array(t.column(name)))[0] for t in self._tables((name,))]
        assets = pa.concat_arrays([pa.array([], pa.int64()), *parts]).drop_null().to_numpy()
        if len(twice := repeated(assets)):
            raise ValueError(
                f"{len(twice)} values of {name} occur in more than one row "
                f"({', '.join(map(str, twice[:5]))}): an image belongs to one galaxy; correct the "
                "table"
            )
        named = set(assets.tolist())
        return tuple(file for number, file in self._by_id.items() if number not in named)

    @cached_property
    def _by_id(self) -> dict[int, str]:
        """Files by the integer of their stem. Raises ValueError if two files have the same."""
        found: dict[int, str] = {}
        for name in self.files.sizes:
            number = integer_stem(name)
            if number is not None and found.setdefault(number, name) != name:
                raise ValueError(
                    f"{found[number]!r} and {name!r} are both galaxy {number}: name the right file "
                    "of each row in a column of the table"
                )
        return found


def describe_folder(
    files: Files,
    table_fs: FileSystem,
    table: str,
    chosen: Mapping[str, str] | None = None,
    file_column: str | None = None,
    hash_ids: bool = False,
    keep: tuple[str, ...] = (),
) -> DescribedFolder:
    """Open a folder with a table, and find the manifest's columns among the table's columns.

    `chosen`: the user's choice, {manifest column: table column}. The other parameters are as in
    DescribedFolder. Raises ValueError if a needed or named column is absent, and StorageError if
    the table cannot be read.
    """
    names = table_columns(table_fs, table)
    mapping = resolve(names, chosen)
    image = mapping.pop("image", None)
    if file_column is not None and file_column not in names:
        raise ValueError(
            f"the table has no column {file_column!r}: its columns are {', '.join(names)}"
        )
    file_column = file_column or image or _file_column(names)
    if not hash_ids or "object_id" in (chosen or {}):
        require(mapping, names, ("object_id",))
    elif file_column is None:
        raise ValueError(
            f"no column holds the file names for hashed ids: the columns are {', '.join(names)}; "
            "name the column with the file names"
        )
    else:
        mapping.pop("object_id", None)
    check_kept(keep, names)
    return DescribedFolder(
        files=files,
        table_fs=table_fs,
        table=table,
        mapping=mapping,
        file_column=file_column,
        hash_ids=hash_ids,
        keep=keep,
    )


def is_assets(file_column: str | None) -> bool:
    """Return whether image files are named by asset_id."""
    return file_column is not None and file_column.lower() == ASSETS


def _file_column(names: list[str]) -> str | None:
    lower = {name.lower(): name for name in reversed(names)}
    return next((lower[name] for name in FILE_COLUMNS if name in lower), None)


def _hashed(paths: list[str | None]) -> pa.Int64Array:
    return pa.array([hashed_id(path) if path else None for path in paths], pa.int64())


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A Layout (catalogues.layouts.formats.pieces) of a folder without a table."""

    files: Files
    piece_rows: int = 100

    @property
    def extra(self) -> pa.Schema:
        """No columns besides the manifest's."""
        return pa.schema([])

    def keys(self, names: tuple[str, ...]) -> Iterator[pa.Table]:
        """Make the keys from the files' names alone."""
        yield _rows(list(self.files.sizes)).rows.select(names)

    def pieces(self) -> Iterator[Piece]:
        """Iterate over the rows in the order of the files' names."""
        names = list(self.files.sizes)
        for start in range(0, len(names), self.piece_rows):
            yield from read_images(_rows(names[start : start + self.piece_rows]), self.files)


def _rows(names: list[str]) -> Piece:
    known = {
        "object_id": [_id_of(name) for name in names],
        "image": [{"bytes": None, "path": name} for name in names],
        "survey_id": names,
    }
    nulls = [None] * len(names)
    arrays = [pa.array(known.get(field.name, nulls), field.type) for field in SCHEMA]
    return Piece(rows=pa.table(arrays, schema=SCHEMA))


def _id_of(name: str) -> int:
    number = integer_stem(name)
    return hashed_id(name) if number is None else number
