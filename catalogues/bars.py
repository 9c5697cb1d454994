"""Output rows: the bar catalogue's columns, their types, units, UCDs and meanings, written once.

From measurements in pixels to the catalogue's rows: units, frames, positions, types.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from catalogues import scales
from catalogues.columns import column
from catalogues.galaxyzoo import COLUMNS, KAGGLE_COLUMNS
from catalogues.scales import position_angle_on_sky
from catalogues.sky import healpix_29


def _ids() -> list[pa.Field]:
    return [
        column("object_id", pa.int64(), "identifier of the galaxy; null only where the input had none that is an integer", ucd="meta.id;meta.main"),
        column("ra", pa.float64(), "right ascension, ICRS", "deg", "pos.eq.ra;meta.main"),
        column("dec", pa.float64(), "declination, ICRS", "deg", "pos.eq.dec;meta.main"),
        column("_healpix_29", pa.int64(), "HEALPix pixel, nested, order 29", ucd="pos.healpix"),
        column("survey", pa.string(), "survey", ucd="meta.dataset"),
        column("data_release", pa.string(), "data release", ucd="meta.version"),
        column("survey_id", pa.string(), "the survey's own identifier, as text", ucd="meta.id"),
        column("z", pa.float64(), "redshift, from the input", "", "src.redshift"),
        column("petro_r90_arcsec", pa.float64(), "radius of 90 % of the Petrosian flux, from the input", "arcsec", "phys.angSize"),
        column("pixel_scale_arcsec", pa.float64(), "pixel scale of the stored image, from the input or petro_r90_arcsec's convention", "arcsec/pixel", "instr.scale"),
    ]  # fmt: skip


def _status() -> list[pa.Field]:
    return [
        column("status", pa.string(), "what became of the galaxy: catalogues.statuses.Status", ucd="meta.code.status", null=False),
        column("status_message", pa.string(), "why, in words, where the status is not a success", ucd="meta.note"),
    ]  # fmt: skip


def _bar() -> list[pa.Field]:
    length = "full length of the bar"
    fields = [
        column("bar_fraction", pa.float32(), "share answering 'bar' among those who reach the question, of all members", "", "stat.probability"),
        column("galaxy_radius_px", pa.float32(), "semi-major radius of the galaxy measured on the image, pixels of the stored image", "pixel", "phys.angSize"),
    ]  # fmt: skip
    for suffix, unit, ucd in (
        ("px", "pixel", "phys.angSize"),
        ("arcsec", "arcsec", "phys.angSize"),
        ("kpc", "kpc", "phys.size"),
        ("over_r90", "", "phys.angSize;arith.ratio"),
    ):
        what = f"{length} / petro_r90_arcsec" if suffix == "over_r90" else length
        what += ", pixels of the stored image" if suffix == "px" else ""
        fields += [
            column(f"bar_length_{suffix}", pa.float32(), what, unit, ucd),
            column(f"bar_length_{suffix}_err", pa.float32(), f"1-sigma error of bar_length_{suffix}", unit, f"stat.error;{ucd}"),
        ]  # fmt: skip
    return fields + [
        column("bar_position_angle_deg", pa.float32(), "position angle of the bar in [0, 180): north through east where bar_position_angle_frame is 'sky', else counter-clockwise from image up", "deg", "pos.posAng"),
        column("bar_position_angle_frame", pa.string(), "'sky' or 'image'", ucd="meta.code"),
        column("bar_axis_ratio", pa.float32(), "minor over major axis of the bar in the saliency map", "", "phys.size.axisRatio"),
        column("bar_x_px", pa.float32(), "centre of the bar, column of the stored image, first pixel centre 0", "pixel", "pos.cartesian.x"),
        column("bar_y_px", pa.float32(), "centre of the bar, row of the stored image from the top, first pixel centre 0", "pixel", "pos.cartesian.y"),
        column("bar_length_px_members", pa.list_(pa.float32()), "length by each member, NaN where it found none; members in run.json's order", "pixel", "phys.angSize"),
        column("stop_reason", pa.string(), "how the reading of the map ended", ucd="meta.code"),
        column("threshold", pa.float32(), "level of the scaled map at which the reading ended", "", ""),
        column("pixels", pa.int32(), "map pixels above the threshold", "", "meta.number"),
    ]  # fmt: skip


def _vote_fields() -> list[pa.Field]:
    fields = []
    for name, kaggle in zip(COLUMNS, KAGGLE_COLUMNS, strict=True):
        fields += [
            column(name, pa.float32(), f"Galaxy Zoo vote fraction ({kaggle}), cumulative down the tree, of all members", "", "stat.probability"),
            column(f"{name}_std", pa.float32(), f"standard deviation of {name} over members", "", "stat.stdev;stat.probability"),
        ]  # fmt: skip
    return fields


def _where() -> list[pa.Field]:
    return [
        column("shard", pa.string(), "input shard, relative to the input's root", ucd="meta.id;meta.file", null=False),
        column("shard_row", pa.int64(), "row of the shard, first 0", ucd="meta.record", null=False),
        column("run_id", pa.string(), "run that made the row: see run.json", ucd="meta.id", null=False),
    ]  # fmt: skip


CONTROL: pa.Field = column("bar_length_control_px", pa.float32(), "full length of the bar by the control network, directly from the image; of galaxies with a saliency map", "pixel", "phys.angSize")  # fmt: skip
"""Stands in the catalogue where a control was given."""

SAMPLES: pa.Field = column("map_samples", pa.int32(), "noise samples of the galaxy's saliency maps", ucd="meta.number")  # fmt: skip
"""Stands in the catalogue where they differ from galaxy to galaxy."""

ARMS: tuple[pa.Field, ...] = (
    column("spiral_pitch_deg", pa.float32(), "experimental: pitch angle of the spiral arms in the disc's plane, by the saliency map for 'spiral arms'; above 0 where an arm that is followed outward turns counter-clockwise on the image, and the sign is surer than the size; null where few voters see arms", "deg", "src.morph.param"),
    column("spiral_arms", pa.int32(), "experimental: number of arms in the map for 'spiral arms', 2 to 4", ucd="meta.number;src.morph.param"),
    column("spiral_strength", pa.float32(), "experimental: share of that map which lies on arms of this number and pitch, 0 to 1; below 0.25 take neither for certain", "", "src.morph.param"),
    column("spiral_radius_px", pa.float32(), "experimental: mean radius of that map in the disc's plane, pixels of the stored image; mostly the galaxy's size", "pixel", "phys.angSize"),
    column("disc_axis_ratio", pa.float32(), "experimental: axis ratio of the galaxy's light on the image, from which the disc's inclination was taken; below 0.5 take no pitch for certain", "", "phys.size.axisRatio"),
)  # fmt: skip
"""Stand in the catalogue where arms were asked for: of galaxies with a saliency map."""

BULGE: tuple[pa.Field, ...] = (
    column("bulge_extent_px", pa.float32(), "experimental: full extent, in pixels of the stored image, of the saliency map for 'obvious or dominant bulge' above half its maximum; follows the seeing (Spearman's rho 0.63 on mocks) more than the bulge (0.10 with its effective radius)", "pixel", "phys.angSize"),
    column("bulge_position_angle_deg", pa.float32(), "experimental: position angle of that map in [0, 180), in the frame of bar_position_angle_frame; lies across the bar in most galaxies (median 83 deg from it on mocks, 65 on real ones), NOT the bulge's own angle", "deg", "pos.posAng"),
)  # fmt: skip
"""Stand in the catalogue where the bulge was asked for: of galaxies with a saliency map."""

OPTIONAL: dict[str, tuple[pa.Field, ...]] = {
    "control": (CONTROL,),
    "length_tolerance": (SAMPLES,),
    "spiral_arms": ARMS,
    "bulge": BULGE,
}
"""Columns that a catalogue may have after those of SCHEMA, by the option of `measure` that asks for
them."""

SCHEMA: pa.Schema = pa.schema(_ids() + _status() + _bar() + _vote_fields() + _where())
"""The catalogue's columns in order. One row per input row, whatever happened to it."""


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
    return pa.schema([*SCHEMA, *extra], metadata=metadata)


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
