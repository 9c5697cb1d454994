"""Galaxies whose bands lie in a FITS file each, NAME_g.fits, NAME_r.fits, NAME_i.fits.

So the Dark Energy Survey's cutout service delivers them (COADD_OBJECT_ID_g.fits or DESJ..._g.fits,
the fluxes in the first image), and so do many scripts for SDSS. Three bands become one FITS cube
without loss, with the scale and orientation of the middle one.

Which bands of a survey's images make a colour picture, and the picture's file.
"""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from catalogues.images.decode import known_image
from catalogues.images.fits import read_flux
from catalogues.images.fits_headers import hdus
from catalogues.images.kinds import FITS
from catalogues.images.limits import ImageFault, ImageLimits
from catalogues.images.stretch import Floats
from catalogues.statuses import Status

COLOURS: tuple[tuple[str, ...], ...] = (("g", "r", "i"), ("g", "r", "z"))
"""Bands in order of wavelength, those taken first where they are there: catalogues.images.stretch
makes colours of them."""


def chosen_bands(names: Sequence[str], wanted: Sequence[str] = ()) -> tuple[int, ...]:
    """Which planes to show, blue to red, of bands named as "g", "des-g" or "HSC-G".

    `wanted`: one or three of them, in that order; else COLOURS, or the only band. Raises
    ValueError.
    """
    short = [_short(name) for name in names]
    ways = [tuple(_short(name) for name in wanted)] if wanted else list(COLOURS)
    for way in ways:
        if all(short.count(band) == 1 for band in way):
            return tuple(short.index(band) for band in way)
    if len(short) == 1 and not wanted:
        return (0,)
    said = ", ".join(wanted) or " nor ".join(" ".join(way) for way in COLOURS)
    raise ValueError(
        f"the images have the bands {', '.join(names)}, not {said}: name one of them, or three "
        "from blue to red, with --bands"
    )


def encoded(planes: NDArray[Any]) -> bytes:
    """A picture without loss: (H, W, 3) uint8, row 0 at the top, as PNG; (bands, H, W) fluxes, row
    0 at the bottom as FITS has it, as FITS, which catalogues.images.fits makes colours of."""
    out = io.BytesIO()
    if planes.dtype == np.uint8:
        Image.fromarray(planes).save(out, "PNG")
        return out.getvalue()
    from astropy.io import fits  # heavy

    stored = planes if planes.dtype.kind == "f" else planes.astype(np.float32)
    fits.PrimaryHDU(np.ascontiguousarray(stored)).writeto(out)
    return out.getvalue()


def _short(name: str) -> str:
    return re.split(r"[-_. ]", name.strip().lower())[-1]


_FITS = (".fits.fz", ".fits.gz", ".fits", ".fit", ".fts")
_ONE = re.compile(r"(?P<name>.*[^/])[-_.](?P<band>[ugrizyUGRIZY])(?P<end>\.[a-z.]+)", re.I)
_PICTURE = re.compile(r"(?P<name>.*[^/])_[ugrizy]{3}\.[a-z]+", re.I)
_WCS = re.compile(r"(CTYPE|CUNIT|CRVAL|CDELT|CROTA)[12]|(CD|PC)[12]_[12]|BUNIT")


def group_bands(
    names: Collection[str], wanted: Sequence[str] = ()
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """({NAME.fits: its files, blue to red}, files that are of no use) among file names.

    A name with files of two or more bands is one galaxy. Of no use are its other bands, pictures
    made of them (NAME_gri.png), and all where the bands to show are not all there or NAME.fits is.
    `wanted`: of catalogues.layouts.formats.band_files.chosen_bands.
    """
    bands: dict[str, dict[str, str]] = defaultdict(dict)
    for name in names:
        if name.lower().endswith(_FITS) and (found := _ONE.fullmatch(name)):
            bands[found["name"]].setdefault(found["band"].lower(), name)
    several = {name: files for name, files in bands.items() if len(files) > 1}
    groups, useless = {}, []
    for name, files in several.items():
        try:
            shown = chosen_bands(list(files), wanted)
        except ValueError:
            shown = ()
        if f"{name}.fits" in names:
            shown = ()
        if len(shown) == 3:
            groups[f"{name}.fits"] = tuple(list(files.values())[i] for i in shown)
        useless += [
            file for i, file in enumerate(files.values()) if len(shown) < 3 or i not in shown
        ]
    useless += [n for n in names if (found := _PICTURE.fullmatch(n)) and found["name"] in several]
    return groups, useless


def cube(files: Sequence[bytes | None], limits: ImageLimits | None = None) -> bytes:
    """One FITS file of one image each, in their order. Raises ImageFault."""
    from astropy.io import fits  # heavy

    limits = limits or ImageLimits()
    if any(data is None for data in files):
        raise ImageFault(Status.MISSING_IMAGE, "a band's file is gone since the folder was listed")
    planes = [_plane(data or b"", limits) for data in files]
    shapes = {plane.shape for plane in planes}
    if len(shapes) > 1:
        said = ", ".join(f"{width} x {height}" for height, width in sorted(shapes))
        raise ImageFault(
            Status.UNSUPPORTED_IMAGE, f"the bands are of {said} px: colours need one grid of pixels"
        )
    hdu = fits.PrimaryHDU(np.stack(planes).astype(np.float32))
    _, middle_file = known_image(files[len(files) // 2] or b"", limits)
    middle = next(unit for unit in hdus(middle_file, limits) if unit.is_image)
    for name, value in middle.header.items():
        if _WCS.fullmatch(name):
            hdu.header[name] = value
    out = io.BytesIO()
    hdu.writeto(out)
    return out.getvalue()


def _plane(data: bytes, limits: ImageLimits) -> Floats:
    kind, data = known_image(data, limits)
    if kind != FITS:
        raise ImageFault(Status.UNSUPPORTED_IMAGE, f"a band's file is {kind}, not FITS")
    return read_flux(data, limits)[::-1]
