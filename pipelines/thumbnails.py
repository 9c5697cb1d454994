"""Kept pictures as small images on a page."""

from __future__ import annotations

import io

import numpy as np
from matplotlib import colormaps
from PIL import Image

from catalogues.images import decode
from pipelines.cards import data_uri

SIDE_MAX = 160
"""Pixels; a greater picture is made smaller."""

_QUALITY = 85
_MAP_SIDE_MAX = 4096
_COLOUR_POINTS = 17


def galaxy_thumbnail(data: bytes) -> tuple[str, int]:
    """A data URI of a kept canvas, and the canvas's side in pixels; ("", 1) if unreadable.

    A picture that is small already stays as it was kept.
    """
    pixels = decode(data).pixels
    if pixels is None:
        return "", 1
    side = pixels.shape[1]
    if side > SIDE_MAX:
        buffer = io.BytesIO()
        _smaller(Image.fromarray(pixels)).save(buffer, "JPEG", quality=_QUALITY)
        data = buffer.getvalue()
    return data_uri(data), side


def map_thumbnail(data: bytes) -> str:
    """A data URI of a kept map, grey: the page colours it; "" if unreadable."""
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as opened:
            if max(opened.size) > _MAP_SIDE_MAX:
                return ""
            opened.load()
            if max(opened.size) <= SIDE_MAX:
                return data_uri(data)
            buffer = io.BytesIO()
            _smaller(opened.convert("L")).save(buffer, "PNG", optimize=True)
            return data_uri(buffer.getvalue())
    except (OSError, ValueError, SyntaxError):  # what Pillow raises for bytes that are no PNG
        return ""


def map_colours() -> dict[str, str]:
    """matplotlib's inferno as the tables of an SVG filter, for the channels R, G and B."""
    colours = colormaps["inferno"](np.linspace(0, 1, _COLOUR_POINTS))[:, :3].T
    return {c: " ".join(f"{v:.3f}" for v in col) for c, col in zip("RGB", colours, strict=True)}


def _smaller(image: Image.Image) -> Image.Image:
    image.thumbnail((SIDE_MAX, SIDE_MAX), Image.Resampling.LANCZOS)
    return image
