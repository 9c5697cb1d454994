"""From measurements in pixels to the catalogue's rows: units, frames, positions, types."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from catalogues import bars, scales
from catalogues.bars import ARMS, BULGE
from catalogues.conventions import position_angle_on_sky
from catalogues.galaxyzoo import COLUMNS
from catalogues.positions import healpix_29

MEASURED: dict[str, pa.DataType] = {
    "status": pa.string(),
    "status_message": pa.string(),
    "bar_length_px": pa.float64(),
    "bar_length_px_err": pa.float64(),
    "bar_position_angle_deg": pa.float64(),
    "bar_axis_ratio": pa.float64(),
    "bar_x_px": pa.float64(),
    "bar_y_px": pa.float64(),
    "bar_length_px_members": pa.list_(pa.float32()),
    "stop_reason": pa.string(),
    "threshold": pa.float64(),
    "pixels": pa.int32(),
    **{field.name: field.type for field in (*ARMS, *BULGE)},
}
"""What a measurement gives, in pixels and the axes of the stored image; NaN is unknown."""

RUN_KEY, FACTS_KEY = b"ansae.run_id", b"ansae.facts"
"""Keys of a catalogue file's footer: the run's id, and as JSON what its numbers depend on."""


def catalogue_schema(
    run_id: str, facts: Mapping[str, Any], extra: Iterable[pa.Field] = ()
) -> pa.Schema:
    """catalogues.bars.SCHEMA, then the passed-through columns, with the run in the metadata."""
    metadata = {RUN_KEY: run_id.encode(), FACTS_KEY: json.dumps(facts).encode()}
    return pa.schema([*bars.SCHEMA, *extra], metadata=metadata)


def bar_rows(table: pa.Table, schema: pa.Schema, cosmology: str) -> pa.Table:
    """Rows of the catalogue, in `schema` (of `catalogue_schema`).

    `table`: the manifest's columns but the image, shard and shard_row, north_deg, votes and
    votes_std (lists of 37, null for rows without votes), bar_fraction, galaxy_radius_px, MEASURED
    and the passed-through columns. A NaN becomes null, but in bar_length_px_members.
    """
    columns = {name: table.column(name) for name in table.column_names}
    columns |= _lengths(table, cosmology) | _angles(table) | _votes(table)
    columns["_healpix_29"] = healpix_29(_floats(table, "ra"), _floats(table, "dec"))
    run_id = schema.metadata[RUN_KEY].decode()
    columns["run_id"] = pa.array([run_id] * len(table), pa.string())
    return pa.table([_typed(columns[field.name], field) for field in schema], schema=schema)


def _floats(table: pa.Table, name: str) -> NDArray[np.float64]:
    return np.asarray(table.column(name).to_numpy(), dtype=np.float64)


def _lengths(table: pa.Table, cosmology: str) -> dict[str, NDArray[np.float64]]:
    """The bar's length and its error in arcsec, kpc and petro_r90_arcsec."""
    scale, z, r90 = (_floats(table, n) for n in ("pixel_scale_arcsec", "z", "petro_r90_arcsec"))
    r90 = np.where(r90 > 0, r90, np.nan)
    out = {}
    for end in ("", "_err"):
        arcsec = scales.px_to_arcsec(_floats(table, f"bar_length_px{end}"), scale)
        out[f"bar_length_arcsec{end}"] = arcsec
        out[f"bar_length_kpc{end}"] = scales.arcsec_to_kpc(arcsec, z, cosmology)
        out[f"bar_length_over_r90{end}"] = arcsec / r90
    return out


def _angles(table: pa.Table) -> dict[str, Any]:
    north = _floats(table, "north_deg")
    out: dict[str, Any] = {}
    known = np.zeros(len(table), bool)
    for name in ("bar_position_angle_deg", "bulge_position_angle_deg"):
        angle, frame = position_angle_on_sky(_floats(table, name), north)
        rounded = angle.astype(np.float32)
        rounded[rounded >= 180] = 0  # 179.9999999 rounds up
        known |= np.isfinite(rounded)
        out[name] = rounded
    frames = pa.array(frame.tolist(), pa.string(), mask=~known)
    return out | {"bar_position_angle_frame": frames}


def _votes(table: pa.Table) -> dict[str, pa.Array]:
    out = {}
    for source, end in (("votes", ""), ("votes_std", "_std")):
        lists = table.column(source).to_pylist()
        for i, name in enumerate(COLUMNS):
            out[f"{name}{end}"] = pa.array([v and v[i] for v in lists], pa.float32())
    return out


def _typed(values: Any, field: pa.Field) -> pa.Array:
    """One array of the field's type, NaN as null."""
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if isinstance(array, np.ndarray):
        return pa.array(array, field.type, from_pandas=True)
    if pa.types.is_floating(array.type):
        array = pa.array(array.to_numpy(zero_copy_only=False), array.type, from_pandas=True)
    return array.cast(field.type)
