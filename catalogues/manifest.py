"""Input rows: what an image shard holds, under which names, in which units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa

from catalogues.columns import column

IMAGE_TYPE = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
"""Hugging Face's image type: the encoded file, or where it lies."""

SCHEMA = pa.schema(
    [
        column("object_id", pa.int64(), "identifier of the galaxy", ucd="meta.id;meta.main", null=False),
        column("image", IMAGE_TYPE, "encoded image (JPEG, PNG, FITS) or its path", null=False),
        column("ra", pa.float64(), "right ascension, ICRS", "deg", "pos.eq.ra;meta.main"),
        column("dec", pa.float64(), "declination, ICRS", "deg", "pos.eq.dec;meta.main"),
        column("pixel_scale_arcsec", pa.float64(), "pixel scale of the stored image", "arcsec/pixel", "instr.scale"),
        column("z", pa.float64(), "redshift", "", "src.redshift"),
        column("petro_r90_arcsec", pa.float64(), "radius of 90 % of the Petrosian flux, r band", "arcsec", "phys.angSize"),
        column("north_deg", pa.float64(), "direction of north, counter-clockwise from image up; east is 90 deg further", "deg", "pos.posAng"),
        column("survey", pa.string(), "survey", ucd="meta.dataset"),
        column("data_release", pa.string(), "data release", ucd="meta.version"),
        column("survey_id", pa.string(), "the survey's own identifier, as text", ucd="meta.id"),
    ]
)  # fmt: skip
"""Shard columns. Only `object_id` and `image` are required; others may be absent or null."""

REQUIRED: tuple[str, ...] = ("object_id", "image")

ALIASES: dict[str, tuple[str, ...]] = {
    "image": ("image_bytes", "image_path", "img"),
    "object_id": ("objid", "objID", "OBJID", "GalaxyID", "coadd_object_id", "COADD_OBJECT_ID", "dr7objid", "targetid", "id", "id_str"),
    "ra": ("RA", "ra_deg", "RAJ2000", "ALPHAWIN_J2000"),
    "dec": ("DEC", "Dec", "dec_deg", "DEJ2000", "DELTAWIN_J2000"),
    "z": ("redshift", "REDSHIFT", "Z", "z_spec"),
    "petro_r90_arcsec": ("PETROR90_R", "petroR90_r", "petro_r90", "petro_th90"),
    "pixel_scale_arcsec": ("pixel_scale", "pixscale", "pxscale", "scale"),
    "north_deg": ("north_angle_deg",),
    "survey_id": ("iauname", "brickid_objid", "dr8_id"),
}  # fmt: skip
"""Common names of published tables, most specific first."""

ID_PARTS: tuple[str, ...] = ("release", "brickid")
"""Columns that a Legacy Surveys objid needs to be unique, see catalogues.shards.ids.packed_ids."""


def resolve(names: Iterable[str], chosen: Mapping[str, str] | None = None) -> dict[str, str]:
    """Which of a table's columns is which of ours: {our name: the table's name}.

    First `chosen` ({our name: the table's name}, the user's word), then our own name exactly, then
    our name and its aliases in any case. Columns that are none of ours are left out. Where the
    identifier is an objid beside a brickid, ID_PARTS are in the mapping too. Raises ValueError
    where `chosen` names an absent column, two columns claim one meaning or an objid cannot be made
    unique.
    """
    present = list(names)
    mapping: dict[str, str] = {}
    for name in SCHEMA.names:
        wanted = (chosen or {}).get(name)
        if wanted is not None and wanted not in present:
            raise ValueError(
                f"{wanted!r} was named as {name}, but the columns are {_listed(present)}: name one "
                "of them"
            )
        found = [wanted] if wanted is not None else _matches(name, present)
        if len(found) > 1:
            raise ValueError(
                f"the columns {_listed(found)} could all be {name}, which one column may be: name "
                f"the right one, or rename it to {name}"
            )
        if found:
            mapping[name] = found[0]
    if mapping.get("object_id", "").lower() == "objid" and "object_id" not in (chosen or {}):
        mapping |= _id_parts(present)
    return mapping


def _id_parts(present: list[str]) -> dict[str, str]:
    """The columns of ID_PARTS beside an objid, none if it is not one of the Legacy Surveys."""
    lower = {name.lower(): name for name in present}
    if "brickid" not in lower and "brickname" not in lower:
        return {}
    if absent := [part for part in ID_PARTS if part not in lower]:
        raise ValueError(
            f"an objid of the Legacy Surveys is unique only within a brick of a release, and "
            f"there is no column {' nor '.join(absent)}: add it, or name the column of another "
            "identifier as object_id"
        )
    return {part: lower[part] for part in ID_PARTS}


def require(mapping: Mapping[str, str], names: Iterable[str], needed: Iterable[str]) -> None:
    """Raises ValueError if `mapping` (of `resolve`) lacks a name of `needed`."""
    for name in needed:
        if name not in mapping:
            aliases = ", ".join(ALIASES.get(name, ()))
            raise ValueError(
                f"no column is {name}: the columns are {_listed(names)}; name the column, or "
                f"rename it to {name} (also understood: {aliases})"
            )


def _matches(name: str, present: list[str]) -> list[str]:
    if name in present:
        return [name]
    known = {name.lower(), *(alias.lower() for alias in ALIASES.get(name, ()))}
    return [column for column in present if column.lower() in known]


def _listed(names: Iterable[str]) -> str:
    shown = list(names)
    return ", ".join(shown[:20]) + (f" and {len(shown) - 20} more" if len(shown) > 20 else "")
