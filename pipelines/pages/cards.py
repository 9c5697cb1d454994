"""Show a galaxy on a page: its pictures as data URIs, its bar as lines, its numbers as text."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
from matplotlib import colormaps
from PIL import Image

from catalogues.images.decode import decode
from catalogues.queries.gallery import Row
from catalogues.truth.mock_truth import ANGLE, LENGTH
from models.barlength.placement import Line, Placement, bar_line, image_angle_deg

_TICK, _BESIDE = 0.035, 0.09
"""Half length of the strokes across a bar's ends, and the distance of the true bar from the
measured one, as fractions of the canvas's side."""
_MAP_SIDE_MAX = 4096
_SCALE_BARS_ARCSEC = (60, 30, 20, 10, 5, 2, 1)


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A bar on a picture: its line and the strokes across its ends, in canvas pixels."""

    line: Line
    ticks: tuple[Line, Line]
    kind: str


@dataclass(frozen=True, kw_only=True)
class Card:
    """Everything that a page shows of one galaxy. Images are data URIs.

    Attributes
    ----------
    object_id
        Id of the galaxy, or None.
    side
        Side of the canvas in pixels.
    galaxy
        The image; "" if it is missing.
    map
        The saliency map in colours; "" if it is missing.
    drawings
        The bars to draw.
    scale_bar
        (length in canvas pixels, label), or None.
    lengths
        The measured length with its error, one text for each unit.
    facts
        (name, value) pairs.
    description
        The galaxy in a few words, for readers who cannot see the pictures.
    """

    object_id: int | None
    side: int
    galaxy: str
    map: str
    drawings: tuple[Drawing, ...]
    scale_bar: tuple[float, str] | None
    lengths: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    description: str


def card(row: Row) -> Card:
    """Make the card of a row of `gallery.picked` or `mock_truth.extremes`."""
    picture = row["picture"]
    pixels = decode(picture["canvas"] or b"").pixels
    side = pixels.shape[1] if pixels is not None else 1
    lengths = lengths_told(row)
    return Card(
        object_id=row["object_id"],
        side=side,
        galaxy=data_uri(picture["canvas"]) if pixels is not None else "",
        map=coloured_map(picture["map"] or b""),
        drawings=drawings(row, side),
        scale_bar=scale_bar(row, side),
        lengths=lengths,
        facts=facts_told(row),
        description=described(row, lengths),
    )


def drawings(row: Row, side: int) -> tuple[Drawing, ...]:
    """Return the measured bar and, if it is known, the true bar beside it; in canvas pixels."""
    picture = row["picture"]
    place = Placement(
        x0=picture["x0"],
        y0=picture["y0"],
        factor_x=picture["factor_x"],
        factor_y=picture["factor_y"],
    )
    out = []
    for kind, length, angle in (
        ("true", row.get(LENGTH), row.get(ANGLE)),
        ("measured", row["bar_length_px"], row["bar_position_angle_deg"]),
    ):
        centre = (row["bar_x_px"], row["bar_y_px"])
        if is_number(length) and is_number(angle) and all(map(is_number, centre)):
            frame, north = row["bar_position_angle_frame"], picture.get("north_deg")
            line = bar_line(
                place,
                x_px=row["bar_x_px"],
                y_px=row["bar_y_px"],
                length_px=length,
                position_angle_deg=image_angle_deg(angle, frame, north),
            )
            if kind == "true":
                line = line.beside(side * _BESIDE)
            ticks = (line.tick(0, side * _TICK), line.tick(1, side * _TICK))
            out.append(Drawing(line=line, ticks=ticks, kind=kind))
    return tuple(out)


def coloured_map(data: bytes) -> str:
    """Return an 8-bit map in the colours of matplotlib's magma, as a data URI; "" if unreadable."""
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as opened:
            if max(opened.size) > _MAP_SIDE_MAX:
                return ""
            image = opened.convert("L")
    except (OSError, ValueError, SyntaxError):  # Pillow raises these if it is not a PNG
        return ""
    colours = np.round(255 * colormaps["magma"](np.arange(256))[:, :3]).astype(np.uint8)
    image.putpalette(colours.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return data_uri(buffer.getvalue())


def data_uri(data: bytes) -> str:
    """Return an encoded image (PNG or JPEG) as a data URI."""
    kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def scale_bar(row: Row, side: int) -> tuple[float, str] | None:
    """Return the scale bar: (canvas pixels, label).

    It is the longest round angle of at most a third of the side; None if the scale is unknown.
    """
    scale = row["pixel_scale_arcsec"]
    if not scale:
        return None
    per_canvas_px = scale * row["picture"]["factor_x"]
    for arcsec in _SCALE_BARS_ARCSEC:
        if arcsec / per_canvas_px <= side / 3:
            return arcsec / per_canvas_px, f"{arcsec}″"
    return None


def lengths_told(row: Row) -> tuple[str, ...]:
    """Return the full length with its error in each known unit, the best unit first."""
    units = (("kpc", "kpc"), ("arcsec", "arcsec"), ("px", "px"))
    pairs = [(row[f"bar_length_{u}"], row[f"bar_length_{u}_err"], name) for u, name in units]
    return tuple(f"{with_error(v, e)} {name}" for v, e, name in pairs if is_number(v))


def with_error(value: float, error: float | None) -> str:
    """Format "12.3 ± 1.4": the error with two digits, the value with as many decimals."""
    if not is_number(error) or error <= 0:
        return f"{value:.3g}"
    digits = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def is_number(value: Any) -> TypeGuard[float]:
    """Return whether a value is neither null, NaN nor infinite."""
    return value is not None and math.isfinite(value)


def facts_told(row: Row) -> tuple[tuple[str, str], ...]:
    """Return the other facts of a row as (name, value). Missing values are left out."""
    facts = []
    if is_number(row.get(LENGTH)):
        facts.append(("true length", f"{row[LENGTH]:.1f} px"))
    if is_number(row.get(ANGLE)):
        facts.append(("true angle", f"{row[ANGLE]:.0f}°"))
    if is_number(row["bar_fraction"]):
        facts.append(("bar fraction", f"{row['bar_fraction']:.2f}"))
    if is_number(row["bar_yes"]):
        facts.append(("votes for a bar", f"{row['bar_yes']:.2f} ± {row['bar_yes_std'] or 0:.2f}"))
    if is_number(row["bar_position_angle_deg"]):
        east = " N→E" if row["bar_position_angle_frame"] == "sky" else " from up"
        facts.append(("angle", f"{row['bar_position_angle_deg']:.0f}°{east}"))
    if is_number(row["bar_axis_ratio"]):
        facts.append(("axis ratio", f"{row['bar_axis_ratio']:.2f}"))
    members = [v for v in row["bar_length_px_members"] or [] if v is not None]
    if any(is_number(v) for v in members):
        shown = " · ".join(f"{v:.0f}" if is_number(v) else "none" for v in members)
        facts.append(("members", f"{shown} px"))
    if not is_number(row["bar_length_px"]) and row["stop_reason"]:
        facts.append(("stop reason", row["stop_reason"].replace("_", " ")))
    if is_number(row["z"]):
        facts.append(("redshift", f"{row['z']:.3f}"))
    return tuple(facts)


def described(row: Row, lengths: tuple[str, ...]) -> str:
    """Describe the galaxy in a few words, for readers who cannot see the pictures."""
    if not lengths:
        return f"galaxy {row['object_id']}, no bar found"
    return f"galaxy {row['object_id']}, bar of {lengths[0]}"
