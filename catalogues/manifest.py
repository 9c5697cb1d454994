"""Input rows: what an image shard holds, under which names, in which units."""

from __future__ import annotations

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
        column("pixel_scale_arcsec", pa.float64(), "pixel scale of the stored image", "arcsec/pixel", "instr.pixel"),
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
    "object_id": ("objid", "objID", "OBJID", "GalaxyID", "coadd_object_id", "COADD_OBJECT_ID", "dr7objid", "id", "id_str"),
    "ra": ("RA", "ra_deg", "RAJ2000", "ALPHAWIN_J2000"),
    "dec": ("DEC", "Dec", "dec_deg", "DEJ2000", "DELTAWIN_J2000"),
    "z": ("redshift", "REDSHIFT", "Z", "z_spec"),
    "petro_r90_arcsec": ("PETROR90_R", "petroR90_r", "petro_r90", "petro_th90"),
    "pixel_scale_arcsec": ("pixel_scale", "pixscale", "scale"),
    "north_deg": ("north_angle_deg",),
    "survey_id": ("iauname", "brickid_objid"),
}  # fmt: skip
"""Common names of published tables, most specific first."""
