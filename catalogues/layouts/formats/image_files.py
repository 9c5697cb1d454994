"""List the image files of a folder, and read them for the rows of a table."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from catalogues import storage
from catalogues.columns import one_array, replaced
from catalogues.images.limits import ImageFault
from catalogues.layouts.formats.band_files import cube, group_bands
from catalogues.layouts.formats.pieces import Piece, Skipped
from catalogues.manifest import IMAGE_TYPE
from catalogues.shards.ids import exact_ids
from catalogues.statuses import Status
from catalogues.storage import FileSystem, StorageError

SUFFIXES: tuple[str, ...] = (
    ".fits.fz", ".fits.gz", ".jpg", ".jpeg", ".png", ".fits", ".fit", ".fts",
)  # fmt: skip
"""Suffixes of image files, in upper or lower case."""

FILE_BYTES_MAX = 64 * 2**20
"""Largest file to read. A larger file is not a cutout; its row is left out."""

_COLOURS = re.compile(r"(?<=\d)_[ugrizyUGRIZY]{3}$")
_READ_BYTES = 128 * 2**20


@dataclass(frozen=True, kw_only=True)
class Files:
    """The image files of a folder.

    Attributes
    ----------
    fs, root : file system and path of the folder.
    sizes : bytes by relative name.
    whole_names : relative name by the name without suffix, if that is unambiguous.
    others : files that are not images.
    bands : files of the galaxies with one file per band (catalogues.layouts.formats.band_files).
    """

    fs: FileSystem
    root: str
    sizes: Mapping[str, int]
    whole_names: Mapping[str, str]
    others: tuple[str, ...]
    bands: Mapping[str, tuple[str, ...]]

    def find(self, name: str | None) -> str | None:
        """Find the relative name of a file from its name in a table, with or without suffix.

        Data sets often unpack into other folders than their tables say. If the exact name does not
        exist, the only file with the same last folder and name counts, or, for a name without
        folder, the only file with that name. Returns None if no file is found.
        """
        inside = storage.within(self.root, name) if name else None
        if inside is None:
            return None
        relative = inside[len(self.root.rstrip("/")) + 1 :]
        if relative in self.sizes:
            return relative
        if relative in self.whole_names:
            return self.whole_names[relative]
        known = self._tails.get("/".join(stem(relative).split("/")[-2:]))
        named_whole = known and posixpath.basename(known) == posixpath.basename(relative)
        return known if known and (named_whole or stem(relative) == relative) else None

    @cached_property
    def _tails(self) -> dict[str, str]:
        """Relative names by last folder and name, and by name alone, without suffixes. An ambiguous
        name has an empty value."""
        found: dict[str, str] = {}
        for name in self.sizes:
            parts = stem(name).split("/")
            for tail in {"/".join(parts[-2:]), parts[-1]}:
                found[tail] = "" if tail in found else name
        return found


def list_images(
    fs: FileSystem, root: str, besides: Collection[str] = (), bands: Sequence[str] = ()
) -> Files:
    """List the image files below `root`, recognised by their suffix.

    `besides`: paths of tables, which are left out. `bands`: bands to show of galaxies with one file
    per band. Raises StorageError if there are no images or `root` is not a folder.
    """
    start = len(root.rstrip("/")) + 1
    found = {p[start:]: n for p, n in storage.list_files(fs, root) if p not in besides}
    sizes = {name: n for name, n in found.items() if name.lower().endswith(SUFFIXES)}
    if not sizes:
        raise StorageError(
            f"{storage.redact(root)!r} is not a folder with files that end in "
            f"{', '.join(SUFFIXES)}: give the folder of the images"
        )
    groups, useless = group_bands(sizes, bands)
    sizes |= {name: sum(sizes[part] for part in parts) for name, parts in groups.items()}
    apart = {*useless, *(part for parts in groups.values() for part in parts)}
    sizes = {name: n for name, n in sorted(sizes.items()) if name not in apart}
    whole: dict[str, str] = {}
    for name in sizes:
        whole[stem(name)] = "" if stem(name) in whole else name
    return Files(
        fs=fs,
        root=root,
        sizes=sizes,
        whole_names={k: v for k, v in whole.items() if v},
        others=tuple(name for name in found if name not in sizes and name not in apart)
        + tuple(useless),
        bands=groups,
    )


def stem(name: str) -> str:
    """Return a relative name without its suffix."""
    ends = [suffix for suffix in SUFFIXES if name.lower().endswith(suffix)]
    return name[: -len(ends[0])] if ends else name


def integer_stem(name: str) -> int | None:
    """Return a file's name as an integer identifier, None if it is not an integer.

    The folder, the suffix and the bands of a Dark Energy Survey picture (12_gri.png) are ignored.
    """
    ids, _ = exact_ids(pa.array([_COLOURS.sub("", posixpath.basename(stem(name)))]))
    number: int | None = ids[0].as_py()
    return number


def read_images(piece: Piece, files: Files) -> Iterator[Piece]:
    """Read the files that `image.path` names, and yield the rows in pieces of bounded size.

    A row whose file does not exist keeps its path, without bytes. A row whose file is larger than
    FILE_BYTES_MAX is left out.
    """
    image = one_array(piece.rows.column("image"))
    names = pc.struct_field(image, "path").to_pylist()
    sizes = [files.sizes.get(name, 0) for name in names]
    large = [n > FILE_BYTES_MAX for n in sizes]
    skipped = [
        Skipped(where=name, status=Status.TOO_LARGE_IMAGE, message=_too_large(size))
        for name, size, over in zip(names, sizes, large, strict=True)
        if over
    ]
    yield Piece(rows=piece.rows.slice(0, 0), skipped=(*piece.skipped, *skipped))
    kept = [i for i, over in enumerate(large) if not over]
    for portion in _portions(kept, sizes):
        rows = piece.rows.take(pa.array(portion, pa.int64()))
        yield _filled(rows, [names[i] for i in portion], files)


def _too_large(size: int) -> str:
    return f"the file has {size} bytes, more than {FILE_BYTES_MAX}: cut out the galaxy"


def _portions(rows: list[int], sizes: list[int]) -> Iterator[list[int]]:
    portion: list[int] = []
    total = 0
    for row in rows:
        if portion and total + sizes[row] > _READ_BYTES:
            yield portion
            portion, total = [], 0
        portion.append(row)
        total += sizes[row]
    if portion:
        yield portion


def _filled(rows: pa.Table, names: list[str | None], files: Files) -> Piece:
    parts = [_parts(name, files) for name in names]
    paths = [storage.join(files.root, part) for several in parts for part in several]
    read = iter(storage.read_many(files.fs, paths))
    data: list[bytes | None] = []
    skipped = []
    for name, several in zip(names, parts, strict=True):
        contents = [next(read) for _ in several]
        try:
            data.append(cube(contents) if len(contents) > 1 else (contents or [None])[0])
        except ImageFault as fault:
            data.append(None)
            skipped.append(Skipped(where=str(name), status=fault.status, message=fault.message))
    arrays = [pa.array(data, pa.binary()), pa.array(names, pa.string())]
    image = pa.StructArray.from_arrays(arrays, fields=list(IMAGE_TYPE))
    left = pa.array([item.where for item in skipped], pa.string())
    kept = replaced(rows, "image", image).filter(pc.invert(pc.is_in(arrays[1], left)))
    return Piece(rows=kept, skipped=tuple(skipped))


def _parts(name: str | None, files: Files) -> tuple[str, ...]:
    """Return the files of an image; none if it does not exist."""
    if name is None or name not in files.sizes:
        return ()
    return files.bands.get(name, (name,))
