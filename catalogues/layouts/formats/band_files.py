"""Combine bands that lie in one FITS file each (NAME_g.fits, NAME_r.fits, ...) to one image.

The Dark Energy Survey's cutout service delivers such files (COADD_OBJECT_ID_g.fits or
DESJ..._g.fits, with the fluxes in the first image), and so do many scripts for SDSS. Three bands
become one FITS cube without loss, with the pixel scale and orientation of the middle band. This
file also chooses the bands of a colour picture and encodes its file.
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
"""Bands for colours in order of wavelength, the preferred ones first. catalogues.images.stretch
makes the colours."""


def chosen_bands(names: Sequence[str], wanted: Sequence[str] = ()) -> tuple[int, ...]:
    """Return the numbers of the planes to show, blue to red, for bands named "g", "des-g", "HSC-G".

    `wanted`: one or three bands, in that order; by default COLOURS, or the only band. Raises
    ValueError if the bands are absent.
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
    """Encode a picture without loss.

    (H, W, 3) uint8 with row 0 at the top becomes PNG. (bands, H, W) fluxes with row 0 at the
    bottom, as in FITS, become FITS, of which catalogues.images.fits makes colours.
    """
    out = io.BytesIO()
    if planes.dtype == np.uint8:
        Image.fromarray(planes).save(out, "PNG")
        return out.getvalue()
    from astropy.io import fits  # slow to import

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
    """Group file names by galaxy. Returns {NAME.fits: its files, blue to red} and unused files.

    A name with files of two or more bands is one galaxy. Unused are its other bands, pictures made
    of them (NAME_gri.png), and all of its files if a band to show is absent or NAME.fits exists.
    `wanted`: as in `chosen_bands`.
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
    """Combine files of one image each, in their order, to one FITS file. Raises ImageFault."""
    from astropy.io import fits  # slow to import

    limits = limits or ImageLimits()
    if any(data is None for data in files):
        raise ImageFault(
            Status.MISSING_IMAGE, "a band's file has disappeared since the folder was listed"
        )
    planes = [_plane(data or b"", limits) for data in files]
    shapes = {plane.shape for plane in planes}
    if len(shapes) > 1:
        said = ", ".join(f"{width} x {height}" for height, width in sorted(shapes))
        raise ImageFault(
            Status.UNSUPPORTED_IMAGE,
            f"the bands have {said} px: colours need bands on one grid of pixels",
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
