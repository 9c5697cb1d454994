"""The layout of the Multimodal Universe: HDF5 files, healpix=*/*.hdf5, with one row per galaxy.

Multimodal Universe: Angeloudi et al. 2024, NeurIPS. Each data set is a column. Images are either
`image_array` (N, bands, H, W), fluxes with row 0 at the bottom as in FITS, with `image_band` and
`image_scale` (arcsec) (Legacy Surveys, HSC); or `images` (N, H, W, 3), 8-bit colours with row 0 at
the top, with `pxscale` (Galaxy10 DECaLS). Fluxes of three bands are stored in a shard as FITS
without loss and become colours like every FITS image (catalogues.images.stretch). If the identifier
is a text, the id is packed from release, brickid and objid if they exist, else it is hashed on
request; the text is kept as survey_id.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from catalogues import storage
from catalogues.layouts.formats.band_files import chosen_bands, encoded
from catalogues.layouts.formats.hdf5 import column, is_column, opened
from catalogues.layouts.formats.image_files import FILE_BYTES_MAX
from catalogues.layouts.formats.pieces import Piece, check_kept, with_ids
from catalogues.manifest import ID_PARTS, IMAGE_TYPE, require, resolve
from catalogues.shards.ids import exact_ids
from catalogues.shards.rows import manifest_rows
from catalogues.storage import FileSystem

FLUXES, BANDS, SCALES, COLOURS = "image_array", "image_band", "image_scale", "images"

_ID = ("object_id", *ID_PARTS)
_READ_BYTES = 64 * 2**20
_KEY_ROWS = 100_000


@dataclass(frozen=True, kw_only=True)
class Multimodal:
    """A Layout (catalogues.layouts.formats.pieces); `open_multimodal` opens one.

    Attributes
    ----------
    fs : file system of the files.
    files : path by relative name.
    mapping : {manifest column: data set}.
    extra : passed-through columns.
    bands : as in catalogues.layouts.formats.band_files.chosen_bands.
    hash_ids : identify a row by the hash of its text.
    piece_rows : largest number of rows per piece.
    """

    fs: FileSystem
    files: Mapping[str, str]
    mapping: Mapping[str, str]
    extra: pa.Schema
    bands: tuple[str, ...]
    hash_ids: bool
    piece_rows: int = 100

    def keys(self, names: tuple[str, ...]) -> Iterator[pa.Table]:
        """Read these columns alone."""
        mapping = {k: v for k, v in self.mapping.items() if k in (*names, *_ID)}
        for path in self.files.values():
            with opened(self.fs, path) as found:
                for rows in _portions(_count(found, mapping.values(), path), _KEY_ROWS):
                    yield self._rows(found, rows, mapping).select(names)

    def pieces(self) -> Iterator[Piece]:
        """Iterate over the rows in the order of the files' names and their rows."""
        for name, path in self.files.items():
            with opened(self.fs, path) as found:
                images = _images(found, path)
                wanted = (*self.mapping.values(), *self.extra.names, images.name.rsplit("/")[-1])
                count = _count(found, wanted, path)
                for rows in _portions(count, self._rows_at_once(images, path)):
                    table = self._rows(found, rows, self.mapping, images)
                    yield with_ids(table, name, rows.start)

    def _rows_at_once(self, images: Any, path: str) -> int:
        size = int(math.prod(images.shape[1:]) * images.dtype.itemsize)
        if size > FILE_BYTES_MAX:
            raise ValueError(
                f"an image in {storage.redact(path)!r} has {size} bytes, more than "
                f"{FILE_BYTES_MAX}: cut out the galaxy"
            )
        return min(self.piece_rows, max(1, _READ_BYTES // max(size, 1)))

    def _rows(
        self, found: Any, rows: slice, mapping: Mapping[str, str], images: Any = None
    ) -> pa.Table:
        """Make manifest rows, then `extra`; with images if `images` is their data set."""
        kept = self.extra.names if images is not None else []
        columns = {n: column(found[n], rows) for n in dict.fromkeys([*mapping.values(), *kept])}
        made = {}
        if images is not None:
            data, scales = self._encoded(found, images, rows)
            made["image"] = pa.array([{"bytes": d, "path": None} for d in data], IMAGE_TYPE)
            if scales is not None and "pixel_scale_arcsec" not in mapping:
                made["pixel_scale_arcsec"] = pa.array(scales, pa.float64(), from_pandas=True)
        table = pa.table(columns | {f"\0{name}": values for name, values in made.items()})
        mapping = {**mapping, **{name: f"\0{name}" for name in made}}
        return manifest_rows(table, mapping, kept, self.hash_ids)

    def _encoded(
        self, found: Any, images: Any, rows: slice
    ) -> tuple[list[bytes], NDArray[np.float64] | None]:
        """Encode images. Returns their files, and arcsec per pixel if the file has it per band."""
        pixels = images[rows]
        if images.ndim == 4 and images.shape[-1] == 3 and images.dtype == np.uint8:
            return [encoded(image) for image in pixels], None
        scales = None
        if SCALES in found and found[SCALES].shape == found[BANDS].shape:
            scales = np.asarray(found[SCALES][rows], np.float64)
        data, shown = [], np.full(len(pixels), np.nan)
        for i, names in enumerate(found[BANDS][rows]):
            planes = chosen_bands([_text(name) for name in names], self.bands)
            data.append(encoded(pixels[i, list(planes)]))
            if scales is not None:
                shown[i] = _one_scale(scales[i, list(planes)])
        return data, shown


def open_multimodal(
    fs: FileSystem,
    files: Mapping[str, str],
    chosen: Mapping[str, str] | None = None,
    keep: tuple[str, ...] = (),
    bands: tuple[str, ...] = (),
    hash_ids: bool = False,
) -> Multimodal:
    """Open files, and find the manifest's columns in the first file. `files`: path by name.

    The other parameters are as in Multimodal. Raises ValueError if a needed or named column is
    absent, if identifiers are texts that cannot be converted, or if no colours can be made. Raises
    StorageError.
    """
    path = next(iter(files.values()))
    with opened(fs, path) as found:
        columns = {name: data for name, data in found.items() if is_column(data)}
        mapping = resolve(columns, chosen)
        mapping.pop("image", None)
        require(mapping, columns, ("object_id",))
        check_kept(keep, columns)
        first = {name: column(data, slice(0, 1)) for name, data in columns.items()}
        if not chosen or "object_id" not in chosen:
            mapping = _packed(mapping, list(columns), first)
        _check_ids(first[mapping["object_id"]], hash_ids, mapping)
        images = _images(found, path)
        if BANDS in found and len(images):
            chosen_bands([_text(name) for name in found[BANDS][0]], bands)
    extra = pa.schema([pa.field(name, first[name].type) for name in keep])
    return Multimodal(
        fs=fs, files=files, mapping=mapping, extra=extra, bands=bands, hash_ids=hash_ids
    )


def set_columns(fs: FileSystem, files: Mapping[str, str]) -> list[str]:
    """Return the names of the columns in the first file. Raises StorageError and ValueError."""
    with opened(fs, next(iter(files.values()))) as found:
        return [name for name, data in found.items() if is_column(data)]


def _packed(
    mapping: dict[str, str], names: list[str], first: Mapping[str, pa.Array]
) -> dict[str, str]:
    """Replace a textual identifier in the mapping by a packed one, if its parts exist."""
    theirs = mapping["object_id"]
    if not pa.types.is_string(first[theirs].type):
        return mapping
    mapping.setdefault("survey_id", theirs)
    parts_there = {*ID_PARTS, "objid"} <= {name.lower() for name in names}
    if exact_ids(first[theirs])[0].null_count == 0 or not parts_there:
        return mapping
    parts = resolve([name for name in names if name != theirs])
    return mapping | {name: parts[name] for name in ("object_id", *ID_PARTS)}


def _check_ids(first: pa.Array, hash_ids: bool, mapping: Mapping[str, str]) -> None:
    if hash_ids or "brickid" in mapping or exact_ids(first)[0].null_count == 0:
        return
    raise ValueError(
        f"the identifiers are texts such as {first[0].as_py()!r}, and a galaxy needs an integer of "
        "64 bits: pass --hash-ids (the text is kept as survey_id), or name a column of integers "
        "with --rename object_id=..."
    )


def _images(found: Mapping[str, Any], path: str) -> Any:
    """Return the data set of the images. Raises ValueError if none has a known shape."""
    fluxes, bands = found.get(FLUXES), found.get(BANDS)
    if fluxes is not None and bands is not None:
        alike = fluxes.ndim == 4 and fluxes.shape[:2] == bands.shape
        if alike and fluxes.dtype.kind in "iuf":
            return fluxes
    colours = found.get(COLOURS)
    if colours is not None and colours.dtype == np.uint8 and colours.shape[3:] == (3,):
        return colours
    raise ValueError(
        f"{storage.redact(path)!r} holds neither {FLUXES} (N, bands, H, W) with {BANDS} (N, bands) "
        f"nor 8-bit {COLOURS} (N, H, W, 3), but {', '.join(found) or 'nothing'}: give files of an "
        "image data set of the Multimodal Universe"
    )


def _count(found: Mapping[str, Any], names: Any, path: str) -> int:
    """Count the rows of a file. Raises ValueError if columns are absent or differ in length."""
    wanted = list(dict.fromkeys(names))
    if absent := [name for name in wanted if name not in found]:
        raise ValueError(
            f"{storage.redact(path)!r} has no {', '.join(absent)}, which the first file has: give "
            "files of one data set"
        )
    counts = {name: len(found[name]) for name in wanted}
    for one, other in pairwise(wanted):
        if counts[one] != counts[other]:
            raise ValueError(
                f"{storage.redact(path)!r} has {counts[one]} rows of {one} but {counts[other]} of "
                f"{other}: fetch it again"
            )
    return counts[wanted[0]] if wanted else 0


def _portions(count: int, rows: int) -> Iterator[slice]:
    for start in range(0, count, rows):
        yield slice(start, min(start + rows, count))


def _one_scale(scales: NDArray[np.float64]) -> float:
    """Return the common scale of the bands, NaN if they differ: colours need one scale."""
    return float(scales[0]) if np.ptp(scales) <= 1e-3 * abs(scales[0]) else float("nan")


def _text(name: Any) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
