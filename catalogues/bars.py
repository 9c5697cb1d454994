"""The bar catalogue: its columns with types, units and UCDs, and the rows made of measurements.

A measurement is in pixels. Its row adds arcseconds, kpc, the frame of the angle, and the position
as a HEALPix pixel.
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
        column("object_id", pa.int64(), "identifier of the galaxy; null only if the input has no integer identifier", ucd="meta.id;meta.main"),
        column("ra", pa.float64(), "right ascension of the galaxy in degrees, ICRS, from the input", "deg", "pos.eq.ra;meta.main"),
        column("dec", pa.float64(), "declination of the galaxy in degrees, ICRS, from the input", "deg", "pos.eq.dec;meta.main"),
        column("_healpix_29", pa.int64(), "HEALPix pixel of the position, nested numbering, order 29; null if the position is unknown", ucd="pos.healpix"),
        column("survey", pa.string(), "name of the survey, from the input", ucd="meta.dataset"),
        column("data_release", pa.string(), "data release of the survey, from the input", ucd="meta.version"),
        column("survey_id", pa.string(), "identifier of the galaxy in the survey, as text, from the input", ucd="meta.id"),
        column("z", pa.float64(), "redshift of the galaxy, from the input", "", "src.redshift"),
        column("petro_r90_arcsec", pa.float64(), "radius that contains 90 % of the Petrosian flux, in arcseconds, from the input", "arcsec", "phys.angSize"),
        column("pixel_scale_arcsec", pa.float64(), "pixel scale of the stored image in arcseconds per pixel: from the input, the FITS header, or the Galaxy Zoo 2 rule for petro_r90_arcsec", "arcsec/pixel", "instr.scale"),
    ]  # fmt: skip


def _status() -> list[pa.Field]:
    return [
        column("status", pa.string(), "outcome for the galaxy, one word of catalogues.statuses.Status, such as 'measured'", ucd="meta.code.status", null=False),
        column("status_message", pa.string(), "reason for the status as a sentence; null if nothing went wrong", ucd="meta.note"),
    ]  # fmt: skip


def _bar() -> list[pa.Field]:
    length = "full visual length of the bar, end to end, projected; the shipped estimator gives it on the scale of Hoyle et al. 2011 (MNRAS 415, 3627), whose volunteers drew a line on the image"
    units = {
        "px": "pixels of the stored image",
        "arcsec": "arcseconds",
        "kpc": "proper kiloparsecs",
        "over_r90": "units of petro_r90_arcsec",
    }
    fields = [
        column("bar_fraction", pa.float32(), "share of voters who answer 'bar' among those who reach the question, computed from the pooled votes of all members", "", "stat.probability"),
        column("galaxy_radius_px", pa.float32(), "semi-major radius of the galaxy, measured on the image, in pixels of the stored image", "pixel", "phys.angSize"),
    ]  # fmt: skip
    for suffix, unit, ucd in (
        ("px", "pixel", "phys.angSize"),
        ("arcsec", "arcsec", "phys.angSize"),
        ("kpc", "kpc", "phys.size"),
        ("over_r90", "", "phys.angSize;arith.ratio"),
    ):
        fields += [
            column(f"bar_length_{suffix}", pa.float32(), f"{length}, in {units[suffix]}", unit, ucd),
            column(f"bar_length_{suffix}_err", pa.float32(), f"1-sigma error of bar_length_{suffix} in {units[suffix]}, without the error of the common scale (docs/science.md)", unit, f"stat.error;{ucd}"),
        ]  # fmt: skip
    return fields + [
        column("bar_position_angle_deg", pa.float32(), "position angle of the bar in degrees, in [0, 180): from north through east if bar_position_angle_frame is 'sky', counter-clockwise from image up if it is 'image'", "deg", "pos.posAng"),
        column("bar_position_angle_frame", pa.string(), "frame of the position angles: 'sky' (from north through east) or 'image' (counter-clockwise from image up)", ucd="meta.code"),
        column("bar_axis_ratio", pa.float32(), "axis ratio (minor over major axis) of the bar on the saliency map, 0 to 1", "", "phys.size.axisRatio"),
        column("bar_x_px", pa.float32(), "column of the bar's centre in pixels of the stored image; the centre of the first pixel is 0", "pixel", "pos.cartesian.x"),
        column("bar_y_px", pa.float32(), "row of the bar's centre in pixels of the stored image, counted from the top; the centre of the first pixel is 0", "pixel", "pos.cartesian.y"),
        column("bar_length_px_members", pa.list_(pa.float32()), "full length of the bar on the map of each member, in pixels of the stored image, NaN if that map gave none; members in the order of run.json", "pixel", "phys.angSize"),
        column("stop_reason", pa.string(), "reason why the measurement of the map ended, one word of models.barlength.params.StopReason", ucd="meta.code"),
        column("threshold", pa.float32(), "level of the scaled saliency map at which the measurement ended, in units of that map", "", ""),
        column("pixels", pa.int32(), "number of map pixels above the threshold", "", "meta.number"),
    ]  # fmt: skip


def _vote_fields() -> list[pa.Field]:
    fields = []
    for name, kaggle in zip(COLUMNS, KAGGLE_COLUMNS, strict=True):
        fields += [
            column(name, pa.float32(), f"Galaxy Zoo vote fraction ({kaggle}), cumulative down the decision tree, pooled over members", "", "stat.probability"),
            column(f"{name}_std", pa.float32(), f"standard deviation of {name} over the members", "", "stat.stdev;stat.probability"),
        ]  # fmt: skip
    return fields


def _where() -> list[pa.Field]:
    return [
        column("shard", pa.string(), "input file of the row (shard), relative to the input's root", ucd="meta.id;meta.file", null=False),
        column("shard_row", pa.int64(), "number of the row in its shard, counted from 0", ucd="meta.record", null=False),
        column("run_id", pa.string(), "identifier of the run that made the row; run.json describes the run", ucd="meta.id", null=False),
    ]  # fmt: skip


CONTROL: pa.Field = column("bar_length_control_px", pa.float32(), "full length of the bar in pixels of the stored image, predicted by the control network directly from the image; only for galaxies with a saliency map", "pixel", "phys.angSize")  # fmt: skip
"""Column of catalogues that were measured with a control network."""

SAMPLES: pa.Field = column("map_samples", pa.int32(), "number of noise samples in the galaxy's saliency maps", ucd="meta.number")  # fmt: skip
"""Column of catalogues in which the number of samples differs between galaxies."""

ARMS: tuple[pa.Field, ...] = (
    column("spiral_pitch_deg", pa.float32(), "experimental: pitch angle of the spiral arms in degrees in the disc's plane, measured on the saliency map for 'spiral arms'; above 0 if an arm that is followed outward turns counter-clockwise on the image (the sign is more reliable than the size); null if few voters see arms", "deg", "src.morph.param"),
    column("spiral_arms", pa.int32(), "experimental: number of arms on the saliency map for 'spiral arms', 2 to 4", ucd="meta.number;src.morph.param"),
    column("spiral_strength", pa.float32(), "experimental: share of the map for 'spiral arms' that lies on arms of this number and pitch, 0 to 1; below 0.25 number and pitch are uncertain", "", "src.morph.param"),
    column("spiral_radius_px", pa.float32(), "experimental: mean radius of the map for 'spiral arms' in the disc's plane, in pixels of the stored image; mostly follows the galaxy's size", "pixel", "phys.angSize"),
    column("disc_axis_ratio", pa.float32(), "experimental: axis ratio of the galaxy's light on the image, which gives the disc's inclination; below 0.5 the pitch is uncertain", "", "phys.size.axisRatio"),
)  # fmt: skip
"""Columns of catalogues measured with `--spiral-arms`; only for galaxies with a saliency map."""

BULGE: tuple[pa.Field, ...] = (
    column("bulge_extent_px", pa.float32(), "experimental: full extent, in pixels of the stored image, of the saliency map for 'obvious or dominant bulge' above half its maximum; correlates with the seeing (Spearman's rho 0.63 on mocks) more than with the bulge's effective radius (0.10)", "pixel", "phys.angSize"),
    column("bulge_position_angle_deg", pa.float32(), "experimental: position angle of the map for 'obvious or dominant bulge' in degrees, in [0, 180), in the frame of bar_position_angle_frame; this is NOT the bulge's own angle: in most galaxies it lies across the bar (median difference 83 deg on mocks, 65 deg on real galaxies)", "deg", "pos.posAng"),
)  # fmt: skip
"""Columns of catalogues measured with `--bulge`; only for galaxies with a saliency map."""

OPTIONAL: dict[str, tuple[pa.Field, ...]] = {
    "control": (CONTROL,),
    "length_tolerance": (SAMPLES,),
    "spiral_arms": ARMS,
    "bulge": BULGE,
}
"""Columns that a catalogue may have after the columns of SCHEMA, by the option of `measure` that
adds them."""

SCHEMA: pa.Schema = pa.schema(_ids() + _status() + _bar() + _vote_fields() + _where())
"""The catalogue's columns in order. Every input row has one row, whatever its status."""


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
"""Values of one measurement, in pixels and along the axes of the stored image. NaN: unknown."""

RUN_KEY, FACTS_KEY = b"ansae.run_id", b"ansae.facts"
"""Keys in a catalogue file's footer: the run's id, and the facts its numbers depend on (JSON)."""


def catalogue_schema(
    run_id: str, facts: Mapping[str, Any], extra: Iterable[pa.Field] = ()
) -> pa.Schema:
    """Return SCHEMA followed by the `extra` columns, with run id and facts in the metadata."""
    metadata = {RUN_KEY: run_id.encode(), FACTS_KEY: json.dumps(facts).encode()}
    return pa.schema([*SCHEMA, *extra], metadata=metadata)


def bar_rows(table: pa.Table, schema: pa.Schema, cosmology: str) -> pa.Table:
    """Build rows of the catalogue in `schema` (from `catalogue_schema`).

    `table` has the manifest's columns without the image, shard and shard_row, north_deg, votes and
    votes_std (lists of 37, null for rows without votes), bar_fraction, galaxy_radius_px, the
    columns of MEASURED and the passed-through columns. NaN becomes null, except within
    bar_length_px_members.
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
    """Compute the bar's length and its error in arcsec, kpc and units of petro_r90_arcsec."""
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
        rounded[rounded >= 180] = 0  # 179.9999999 rounds up to 180
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
    """Convert values to one array of the field's type, with NaN as null."""
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if isinstance(array, np.ndarray):
        return pa.array(array, field.type, from_pandas=True)
    if pa.types.is_floating(array.type):
        array = pa.array(array.to_numpy(zero_copy_only=False), array.type, from_pandas=True)
    return array.cast(field.type)
