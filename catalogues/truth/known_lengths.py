"""Read galaxies with known bar lengths from a column of image shards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from catalogues import storage
from catalogues.columns import column, one_array
from catalogues.scales import arcsec_to_kpc, px_to_arcsec
from catalogues.shards.reading import ROW, Shard, read_shard, shard_fields
from catalogues.shards.splits import SplitFractions, part_of
from catalogues.storage import FileSystem, StorageOptions
from catalogues.truth.columns import TRUE_LENGTH_PX
from catalogues.truth.length_units import NEEDS, LengthColumn, check_lengths

DEFAULT_COLUMN = TRUE_LENGTH_PX
"""Column of the known lengths of mock galaxies."""

_FIELDS = ("pixel_scale_arcsec", "z", "petro_r90_arcsec")

SCHEMA = pa.schema(
    [
        column("object_id", pa.int64(), "identifier of the galaxy", null=False),
        column("shard", pa.string(), "input shard, relative to the input's root", null=False),
        column(ROW, pa.int64(), "number of the row in its shard, counted from 0", null=False),
        column("length", pa.float64(), "known full length of the bar", null=False),
        *(column(name, pa.float64(), "from the input") for name in _FIELDS),
    ]
)
"""Columns of `known_lengths`."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """Galaxies with a known length, and the number of galaxies that are left out.

    `table`: columns of SCHEMA. `left_out`: {reason: rows} for rows with a length that are not in
    the table.
    """

    table: pa.Table
    left_out: dict[str, int]


def known_lengths(
    url: str,
    shards: Sequence[Shard],
    of: LengthColumn,
    *,
    galaxies: int,
    split: SplitFractions,
    options: StorageOptions | None = None,
) -> Known:
    """Read the first `galaxies` galaxies outside the test part that have a length in column `of`.

    No image is read. Left out are rows of the test part (split), lengths that are not positive
    numbers, ids that are null or repeated, and rows without the columns that the unit needs
    (NEEDS). Raises StorageError. Raises ValueError if a shard lacks the column, if the column does
    not hold numbers, or if the lengths contradict their unit (length_units.check_lengths).
    """
    fs, _ = storage.filesystem(url, options)
    rows: list[dict[str, Any]] = []
    left_out: dict[str, int] = {}
    seen: set[int] = set()
    wanted = ("object_id", *_FIELDS)
    for shard in shards:
        _check_column(fs, shard, of.name)
        for table in read_shard(fs, shard.path, columns=wanted, extra=(of.name,), batch_rows=4096):
            for row in _rows(table, shard, of):
                why = _fault(row, seen, of.unit, split)
                if why is None and len(rows) < galaxies:
                    rows.append(row)
                elif why is not None:
                    left_out[why] = left_out.get(why, 0) + 1
                if row["object_id"] is not None:
                    seen.add(row["object_id"])
        if len(rows) >= galaxies:
            break
    if rows:
        check_lengths(of, [row["length"] for row in rows])
    return Known(table=pa.Table.from_pylist(rows, schema=SCHEMA), left_out=left_out)


def require_enough(table: pa.Table, left_out: Mapping[str, int], name: str, least: int) -> None:
    """Check that `table` holds at least `least` galaxies. Raises ValueError if not.

    left_out: {reason: rows} for rows with a length that are not in the table.
    """
    if len(table) >= least:
        return
    others = ", ".join(f"{n} {why}" for why, n in sorted(left_out.items()))
    raise ValueError(
        f"{len(table)} galaxies have a length in {name!r} that can be used, but at least {least} "
        "are needed"
        + (f" (left out: {others})" if others else "")
        + ": give more galaxies with known lengths"
    )


def unit_per_px(table: pa.Table, unit: str, cosmology_name: str) -> NDArray[np.float64]:
    """Return the size of a pixel of the stored image in `unit`, (N,); NaN where it is unknown.

    table: with the columns pixel_scale_arcsec, z and petro_r90_arcsec as in SCHEMA.
    """
    if unit == "px":
        return np.ones(len(table))
    scale, z, r90 = (table[name].cast(pa.float64()).to_numpy() for name in _FIELDS)
    arcsec = px_to_arcsec(1.0, scale)
    if unit == "arcsec":
        return arcsec
    if unit == "kpc":
        return arcsec_to_kpc(arcsec, z, cosmology_name)
    return arcsec / np.where(r90 > 0, r90, np.nan)


def check_sizes(of: LengthColumn, length_px: NDArray[np.float64], image_px: float) -> None:
    """Check that known lengths in pixels can be bars on their images. Raises ValueError if not.

    length_px: (N,). image_px: the median side of the images.
    """
    middle = float(np.median(length_px))
    if 1.0 <= middle <= np.sqrt(2) * image_px:
        return
    raise ValueError(
        f"if column {of.name!r} holds full lengths in {of.unit}, the median bar is {middle:.3g} "
        f"px long on images of {image_px:.0f} px: its unit or the images' pixel scale is wrong; "
        "give --unit, --scale, or another column"
    )


def _check_column(fs: FileSystem, shard: Shard, name: str) -> None:
    """Check that the shard has a column of numbers with this name. Raises ValueError if not."""
    fields = shard_fields(fs, shard.path)
    if name not in fields.names:
        raise ValueError(
            f"shard {shard.name!r} has no column {name!r} with the known lengths: it has "
            f"{', '.join(fields.names)}; name the right column with --length"
        )
    kind = fields.field(name).type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        raise ValueError(
            f"column {name!r} of shard {shard.name!r} has the type {kind} and holds no lengths: "
            "name another column with --length, or store it as numbers"
        )


def _rows(table: pa.Table, shard: Shard, of: LengthColumn) -> list[dict[str, Any]]:
    """Return rows of SCHEMA for the galaxies with a value in the length column."""
    lengths = pc.multiply(one_array(table.column(of.name)).cast(pa.float64()), of.factor)
    table = table.append_column("length", lengths).filter(lengths.is_valid())
    kept = table.select(["object_id", ROW, "length", *_FIELDS])
    return [{**row, "shard": shard.name} for row in kept.to_pylist()]


def _fault(row: dict[str, Any], seen: set[int], unit: str, split: SplitFractions) -> str | None:
    """Return the reason why a row with a length is not used; None if it is used."""
    if row["object_id"] is None:
        return "without an id"
    if row["object_id"] in seen:
        return "with a repeated id"
    if not (np.isfinite(row["length"]) and row["length"] > 0):
        return "with a length that is not a positive number"
    if part_of(row["object_id"], split) == "test":
        return "in the test part"
    for name in NEEDS[unit]:
        if row[name] is None or not row[name] > 0:
            return f"without {name}"
    return None
