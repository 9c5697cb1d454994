"""Which bands of a survey's images make a colour picture, and the picture's file."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

COLOURS: tuple[tuple[str, ...], ...] = (("g", "r", "i"), ("g", "r", "z"))
"""Bands in order of wavelength, those taken first where they are there: catalogues.stretches makes
colours of them."""


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
    0 at the bottom as FITS has it, as FITS, which catalogues.fits_images makes colours of."""
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
