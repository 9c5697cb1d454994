"""The layout of MiraBest, a set of radio galaxies with classes FRI, FRII and hybrid.

MiraBest: Miraghaei & Best 2017, MNRAS 466, 4346; Porter & Scaife 2023, RASTI 2. Two releases are
read as .npz: fluxes (`images`, integers of 0.05 mJy/beam) with a table of labels in the same
folder, and an 8-bit release (`images`, `labels`, `source`). Every image is stored in a shard
without loss, as FITS in Jy/beam or as an 8-bit PNG; row 0 of the array is the top. The published
batches are pickled and are refused, because unpickling runs any code in the file.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from catalogues.layouts.formats.cifar_batches import LABELS, find_files, label_columns, read_arrays
from catalogues.layouts.formats.pieces import IMAGE_STATUS, Piece
from catalogues.layouts.params import Subset
from catalogues.manifest import IMAGE_TYPE, SCHEMA
from catalogues.shards.ids import hashed_id
from catalogues.shards.rows import NOTE, manifest_rows
from catalogues.sky import SkyIndex
from catalogues.statuses import Status
from catalogues.storage import FileSystem

EXTRA = pa.schema([*((name, pa.string()) for name in LABELS), ("sky_group", pa.int64()), (IMAGE_STATUS, pa.string())])  # noqa: E501  # fmt: skip
"""Columns besides the manifest's. sky_group: object_id of the first source in a group whose cutouts
overlap, directly or through others. If cross-validation keeps groups together, no network is
trained on a part of an image that it is tested on."""

PIXEL_ARCSEC = 1.8
_JY_PER_STEP = 5e-5


@dataclass(frozen=True, kw_only=True)
class MiraBest:
    """A Layout (catalogues.layouts.formats.pieces); `open_mirabest` opens one.

    images: (N, H, W). rows: the manifest's columns without images, and EXTRA.
    """

    images: NDArray[Any]
    rows: pa.Table
    piece_rows: int = 100

    @property
    def extra(self) -> pa.Schema:
        """EXTRA."""
        return EXTRA

    def keys(self, names: tuple[str, ...]) -> Iterator[pa.Table]:
        """Read the keys. Identifiers are hashes of the sources' names."""
        yield manifest_rows(self.rows, self._mapping(self.rows)).select(names)

    def pieces(self) -> Iterator[Piece]:
        """Iterate over the rows in the file's order."""
        for start in range(0, len(self.images), self.piece_rows):
            some = self.images[start : start + self.piece_rows]
            images = [{"bytes": encoded(image), "path": None} for image in some]
            table = self.rows.slice(start, self.piece_rows)
            table = table.append_column("image", pa.array(images, IMAGE_TYPE))
            rows = manifest_rows(table, self._mapping(table), EXTRA.names)
            yield Piece(rows=rows.drop_columns([NOTE]))

    @staticmethod
    def _mapping(table: pa.Table) -> dict[str, str]:
        return {name: name for name in SCHEMA.names if name in table.column_names}


def open_mirabest(fs: FileSystem, path: str, subset: Subset = "all") -> tuple[MiraBest, list[str]]:
    """Open MiraBest. Returns the layout and the .npz files that are not read.

    `path`: an .npz file or its folder. In a folder, the release with a table *_labels.csv counts.
    Raises StorageError and ValueError.
    """
    npz, table, others = find_files(fs, path)
    arrays = read_arrays(fs, npz)
    images = arrays["images"]
    rows = _rows(label_columns(fs, npz, table, arrays), images)
    chosen = np.flatnonzero(_chosen(rows, subset))
    if not len(chosen):
        raise ValueError(f"no source of {npz!r} is in the subset {subset!r}: take 'all'")
    return MiraBest(images=images[chosen], rows=rows.take(chosen)), others


def encoded(image: NDArray[Any]) -> bytes:
    """Encode (H, W) without loss: 8 bits as PNG, else as FITS, integers in 0.05 mJy/beam."""
    out = io.BytesIO()
    if image.dtype == np.uint8:
        Image.fromarray(image).save(out, "PNG")
        return out.getvalue()
    from astropy.io import fits  # slow to import

    hdu = fits.PrimaryHDU(np.ascontiguousarray(image[::-1]))
    if image.dtype.kind == "i":
        hdu.header["BSCALE"] = _JY_PER_STEP
        hdu.header["BUNIT"] = "Jy/beam"
    hdu.writeto(out)
    return out.getvalue()


def _rows(columns: dict[str, list[Any]], images: NDArray[Any]) -> pa.Table:
    count = len(images)
    none: list[Any] = [None] * count
    ids = np.array([hashed_id(name) for name in columns["source"]], np.int64)
    ra, dec = (columns.get(name, none) for name in ("ra_deg", "dec_deg"))
    cutout_arcsec = PIXEL_ARCSEC * max(images.shape[1:])
    sky = SkyIndex(np.array(ra, np.float64), np.array(dec, np.float64))
    return pa.table(
        {
            "object_id": pa.array(ids, pa.int64()), "ra": pa.array(ra, pa.float64()),
            "dec": pa.array(dec, pa.float64()), "z": pa.array(columns.get("z", none), pa.float64()),
            "pixel_scale_arcsec": pa.array([PIXEL_ARCSEC] * count, pa.float64()),
            "survey": pa.array(["FIRST"] * count), "survey_id": pa.array(columns["source"]),
            **{name: pa.array(columns[name], pa.string()) for name in LABELS},
            "sky_group": pa.array(ids[sky.groups(count, cutout_arcsec)], pa.int64()),
            IMAGE_STATUS: pa.array([_fault(image) for image in images], pa.string()),
        }
    )  # fmt: skip


def _fault(image: NDArray[Any]) -> str | None:
    good = image[np.isfinite(image)]
    if not good.size:
        return Status.NOT_FINITE_IMAGE.value
    return Status.BLANK_IMAGE.value if good.min() == good.max() else None


def _chosen(rows: pa.Table, subset: Subset) -> NDArray[np.bool_]:
    told = {name: np.array(rows.column(name).to_pylist(), dtype=object) for name in LABELS}
    chosen = np.ones(len(rows), dtype=bool)
    if subset != "all":
        chosen &= np.isin(told["fr_class"], ["FRI", "FRII"]) & (told["confidence"] == "confident")
    if subset == "confident-standard":
        chosen &= told["morphology"] == "standard"
    return chosen
