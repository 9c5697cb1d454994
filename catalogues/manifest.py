"""The input: columns of an image shard with types and units, and their names in other tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa

from catalogues.columns import column

IMAGE_TYPE = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
"""Hugging Face's image type: the encoded file, or its path."""

SCHEMA = pa.schema(
    [
        column("object_id", pa.int64(), "identifier of the galaxy", ucd="meta.id;meta.main", null=False),
        column("image", IMAGE_TYPE, "encoded image file (JPEG, PNG or FITS) or its path", null=False),
        column("ra", pa.float64(), "right ascension of the galaxy in degrees, ICRS", "deg", "pos.eq.ra;meta.main"),
        column("dec", pa.float64(), "declination of the galaxy in degrees, ICRS", "deg", "pos.eq.dec;meta.main"),
        column("pixel_scale_arcsec", pa.float64(), "pixel scale of the stored image in arcseconds per pixel", "arcsec/pixel", "instr.scale"),
        column("z", pa.float64(), "redshift of the galaxy", "", "src.redshift"),
        column("petro_r90_arcsec", pa.float64(), "radius that contains 90 % of the Petrosian flux in the r band, in arcseconds", "arcsec", "phys.angSize"),
        column("north_deg", pa.float64(), "direction of north in degrees, counter-clockwise from image up; east is 90 degrees further", "deg", "pos.posAng"),
        column("survey", pa.string(), "name of the survey", ucd="meta.dataset"),
        column("data_release", pa.string(), "data release of the survey", ucd="meta.version"),
        column("survey_id", pa.string(), "identifier of the galaxy in the survey, as text", ucd="meta.id"),
    ]
)  # fmt: skip
"""Columns of a shard. Only `object_id` and `image` are required; others may be absent or null."""

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
"""Names of these columns in published tables, most specific first."""

ID_PARTS: tuple[str, ...] = ("release", "brickid")
"""Columns that make a Legacy Surveys objid unique, see catalogues.shards.ids.packed_ids."""


def resolve(names: Iterable[str], chosen: Mapping[str, str] | None = None) -> dict[str, str]:
    """Find the manifest's columns among a table's columns: {manifest name: table name}.

    For each manifest column the order of preference is: `chosen` (the user's choice, in the same
    form), the exact name, then the name and its aliases in upper or lower case. Other columns of
    the table are left out. If the identifier is an objid next to a brickid, ID_PARTS are in the
    mapping, too. Raises ValueError if `chosen` names an absent column, if two columns match one
    name, or if an objid cannot be made unique.
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
                f"the columns {_listed(found)} could all be {name}, but only one column may be: "
                f"name the right one, or rename it to {name}"
            )
        if found:
            mapping[name] = found[0]
    if mapping.get("object_id", "").lower() == "objid" and "object_id" not in (chosen or {}):
        mapping |= _id_parts(present)
    return mapping


def _id_parts(present: list[str]) -> dict[str, str]:
    """Find the columns of ID_PARTS; none if the table is not from the Legacy Surveys."""
    lower = {name.lower(): name for name in present}
    if "brickid" not in lower and "brickname" not in lower:
        return {}
    if absent := [part for part in ID_PARTS if part not in lower]:
        raise ValueError(
            f"an objid of the Legacy Surveys is unique only within a brick of a release, and "
            f"there is no column {' nor '.join(absent)}: add it, or name a column with another "
            "identifier as object_id"
        )
    return {part: lower[part] for part in ID_PARTS}


def require(mapping: Mapping[str, str], names: Iterable[str], needed: Iterable[str]) -> None:
    """Check that `mapping` (from `resolve`) has every name of `needed`. Raises ValueError."""
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
