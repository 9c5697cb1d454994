"""Output rows: the bar catalogue's columns, their types, units, UCDs and meanings, written once."""

from __future__ import annotations

import pyarrow as pa

from catalogues.columns import column
from catalogues.galaxyzoo import COLUMNS, KAGGLE_COLUMNS


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


def _votes() -> list[pa.Field]:
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

SCHEMA: pa.Schema = pa.schema(_ids() + _status() + _bar() + _votes() + _where())
"""The catalogue's columns in order. One row per input row, whatever happened to it."""
