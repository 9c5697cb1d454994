"""The galaxies that one can sort, filter and open on the page.

Kept pictures as small images on a page.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from matplotlib import colormaps
from PIL import Image

from catalogues.images.decode import decode
from catalogues.queries.gallery import (
    CERTAIN,
    DISAGREE,
    LONGEST,
    NO_BAR,
    SHORTEST,
    Pick,
    Row,
    length_column,
    sampled,
)
from catalogues.queries.summary import row_count
from catalogues.statuses import STATUS, Status
from catalogues.truth.mock_truth import LENGTH, with_truth
from pipelines.pages.cards import (
    data_uri,
    described,
    drawings,
    facts_told,
    is_number,
    lengths_told,
    scale_bar,
)
from pipelines.pages.render import count, words
from pipelines.report.sky_map import SkyMap

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


_SECURED = 6
"""Of each way of `gallery.PICKS` so many are in every gallery."""

_VIEWS: tuple[tuple[Pick, str, bool, Status], ...] = (
    (LONGEST, "length", True, Status.MEASURED),
    (SHORTEST, "length", False, Status.MEASURED),
    (CERTAIN, "error", False, Status.MEASURED),
    (DISAGREE, "spread", True, Status.MEASURED),
    (NO_BAR, "vote", True, Status.NO_BAR_FOUND),
)
"""A way of `gallery.PICKS` as the page's order: the key, whether it falls, whose status."""

_KEYS = {
    "vote": "bar fraction",
    "length": "bar length",
    "error": "error of the length",
    "spread": "members’ disagreement",
    "off": "deviation from the truth",
}


@dataclass(frozen=True, kw_only=True)
class ReportGallery:
    """What templates/gallery.html shows. `data`: the JSON value that gallery.js reads."""

    data: dict[str, Any]
    keys: tuple[tuple[str, str], ...]
    views: tuple[tuple[str, str], ...]
    statuses: tuple[tuple[str, str, str, int], ...]
    length_label: str
    colours: dict[str, str]
    introduction: str

    @property
    def size(self) -> int:
        """Galaxies in it."""
        return len(self.data["galaxies"])


def gallery(
    con: duckdb.DuckDBPyConnection, most: int, sky: SkyMap | None, truth: bool
) -> ReportGallery | None:
    """At most `most` galaxies that have a picture; None where there is none.

    truth: whether the view `truth` is there. However large the catalogue, no more pictures than
    those shown are held.
    """
    rows = sampled(con, most, min(_SECURED, most))
    if not rows:
        return None
    column, rows = length_column(con), with_truth(con, rows) if truth else rows
    unit = column.removeprefix("bar_length_")
    galaxies = [_galaxy(row, column, sky) for row in rows]
    known = {"vote"} | {key for key in _KEYS if any(g[key] is not None for g in galaxies)}
    present = [g["status"] for g in galaxies]
    statuses = (Status.MEASURED, Status.NO_BAR_FOUND, Status.NOT_SELECTED)
    views = [
        {"name": pick.name, "title": pick.title, "why": pick.why, "key": key}
        | {"falling": falling, "status": status}
        for pick, key, falling, status in _VIEWS
        if key in known and status in present
    ]
    return ReportGallery(
        data={"unit": unit, "galaxies": galaxies, "views": views},
        keys=tuple((key, label) for key, label in _KEYS.items() if key in known),
        views=tuple((str(view["name"]), str(view["title"])) for view in views),
        statuses=tuple(
            (s.value, words(s.value), STATUS[s], present.count(s)) for s in statuses if s in present
        ),
        length_label=f"bar length [{unit}]" if "length" in known else "",
        colours=map_colours(),
        introduction=_introduction(con, galaxies, truth),
    )


def _introduction(
    con: duckdb.DuckDBPyConnection, galaxies: Sequence[dict[str, Any]], truth: bool
) -> str:
    total, mapped = row_count(con), sum(1 for g in galaxies if g["map"])
    if len(galaxies) == total:
        shown = f"All {count(total)} galaxies"
    else:
        shown = (
            f"{count(len(galaxies))} of {count(total)} galaxies: the extremes among those whose "
            "picture was kept, and a sample of the rest in which measured ones are favoured"
        )
    return (
        f"{shown}, as the networks saw them; {count(mapped)} have a saliency map. The line is the "
        "measured bar, full length; pale at its ends is its 1σ error"
        + ("; dashed and moved aside is the true bar." if truth else ".")
        + " Choose a galaxy to see more."
    )


def _galaxy(row: Row, length_column: str, sky: SkyMap | None) -> dict[str, Any]:
    """What the page knows of a galaxy. Places on the picture are in percent of its side.

    object_id is text: a number of JavaScript has 53 bits.
    """
    image, side = galaxy_thumbnail(row["picture"]["canvas"] or b"")
    lengths, identity = lengths_told(row), row["object_id"]
    return {
        "id": None if identity is None else str(identity),
        "status": row["status"],
        "image": image,
        "map": map_thumbnail(row["picture"]["map"] or b""),
        "bars": _bars(row, side) if image else [],
        "scale": _scale(row, side) if image else None,
        "vote": _number(row["bar_fraction"]),
        "length": _number(row[length_column]),
        "error": _ratio(row["bar_length_px_err"], row["bar_length_px"]),
        "spread": _number(row["spread"]),
        "off": _deviation(row),
        "lengths": lengths,
        "facts": [*facts_told(row), *_place(row)],
        "alt": described(row, lengths),
        "sky": sky.place(row["ra"], row["dec"]) if sky else None,
    }


def _bars(row: Row, side: int) -> list[dict[str, Any]]:
    return [
        {
            "kind": drawing.kind,
            "line": [
                round(100 * v / side, 2)
                for v in (drawing.line.x1, drawing.line.y1, drawing.line.x2, drawing.line.y2)
            ],
        }
        for drawing in drawings(row, side)
    ]


def _scale(row: Row, side: int) -> dict[str, Any] | None:
    found = scale_bar(row, side)
    return {"width": round(100 * found[0] / side, 2), "label": found[1]} if found else None


def _place(row: Row) -> list[tuple[str, str]]:
    facts = []
    if is_number(row["ra"]) and is_number(row["dec"]):
        facts.append(("RA, dec (ICRS)", f"{row['ra']:.5f}°, {row['dec']:+.5f}°"))
    named = (("survey", row["survey"]), ("name there", row["survey_id"]))
    facts += [(name, value) for name, value in named if value]
    return [*facts, ("shard, row", f"{row['shard']}, {row['shard_row']}")]


def _number(value: float | None) -> float | None:
    return float(f"{value:.4g}") if is_number(value) and value is not None else None


def _ratio(above: float | None, below: float | None) -> float | None:
    if not is_number(above) or not is_number(below) or not below or above is None:
        return None
    return _number(above / below)


def _deviation(row: Row) -> float | None:
    """|ln(measured / true length)|, as `matches.extremes` ranks."""
    ratio = _ratio(row["bar_length_px"], row.get(LENGTH))
    return _number(abs(math.log(ratio))) if ratio else None
