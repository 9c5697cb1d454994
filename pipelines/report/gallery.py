"""Gallery of the report: galaxies to filter, sort and open, with small pictures."""

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
"""Maximum side of a picture in pixels; larger pictures are reduced."""

_QUALITY = 85
_MAP_SIDE_MAX = 4096
_COLOUR_POINTS = 17


def galaxy_thumbnail(data: bytes) -> tuple[str, int]:
    """Return a stored canvas as a data URI, and its side in pixels; ("", 1) if unreadable.

    A picture that is small enough is not encoded again.
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
    """Return a stored map as a data URI; "" if unreadable. It is grey: the page colours it."""
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
    except (OSError, ValueError, SyntaxError):  # Pillow raises these if it is not a PNG
        return ""


def map_colours() -> dict[str, str]:
    """Return matplotlib's inferno as tables of an SVG filter, for the channels R, G and B."""
    colours = colormaps["inferno"](np.linspace(0, 1, _COLOUR_POINTS))[:, :3].T
    return {c: " ".join(f"{v:.3f}" for v in col) for c, col in zip("RGB", colours, strict=True)}


def _smaller(image: Image.Image) -> Image.Image:
    image.thumbnail((SIDE_MAX, SIDE_MAX), Image.Resampling.LANCZOS)
    return image


_SECURED = 6
"""Number of galaxies of each of `gallery.PICKS` that every gallery has."""

_VIEWS: tuple[tuple[Pick, str, bool, Status], ...] = (
    (LONGEST, "length", True, Status.MEASURED),
    (SHORTEST, "length", False, Status.MEASURED),
    (CERTAIN, "error", False, Status.MEASURED),
    (DISAGREE, "spread", True, Status.MEASURED),
    (NO_BAR, "vote", True, Status.NO_BAR_FOUND),
)
"""Views of the page, from `gallery.PICKS`: the pick, sort key, whether descending, status."""

_KEYS = {
    "vote": "bar fraction",
    "length": "bar length",
    "error": "error of the length",
    "spread": "members’ disagreement",
    "off": "deviation from the truth",
}


@dataclass(frozen=True, kw_only=True)
class ReportGallery:
    """Everything that templates/gallery.html shows.

    Attributes
    ----------
    data
        The JSON value that gallery.js reads.
    keys
        (name, label) of the sort keys.
    views
        (name, title) of the views.
    statuses
        (status, label, meaning, number of galaxies).
    length_label
        Label of the length slider; "" if no length is known.
    colours
        Tables of the SVG filter that colours the maps, by channel.
    introduction
        Text above the gallery.
    """

    data: dict[str, Any]
    keys: tuple[tuple[str, str], ...]
    views: tuple[tuple[str, str], ...]
    statuses: tuple[tuple[str, str, str, int], ...]
    length_label: str
    colours: dict[str, str]
    introduction: str

    @property
    def size(self) -> int:
        """Number of galaxies in the gallery."""
        return len(self.data["galaxies"])


def gallery(
    con: duckdb.DuckDBPyConnection, most: int, sky: SkyMap | None, truth: bool
) -> ReportGallery | None:
    """Make the gallery of at most `most` galaxies with a picture; None if there are none.

    `truth` says whether the database has the view `truth`. Only the pictures that are shown are
    held in memory, however large the catalogue is.
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
            f"{count(len(galaxies))} of {count(total)} galaxies: the extremes among the galaxies "
            "with a stored picture, and a sample of the rest, mostly measured galaxies"
        )
    return (
        f"{shown}. The images are as the networks saw them; {count(mapped)} galaxies have a "
        "saliency map. The solid line is the full length of the measured bar; its pale ends show "
        "the 1σ error."
        + (" The dashed line beside it is the true bar." if truth else "")
        + " Click a galaxy to see more."
    )


def _galaxy(row: Row, length_column: str, sky: SkyMap | None) -> dict[str, Any]:
    """Return the page's data of a galaxy. Positions on the picture are in percent of its side.

    object_id is text, because JavaScript's numbers are exact only to 53 bits.
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
    named = (("survey", row["survey"]), ("name in the survey", row["survey_id"]))
    facts += [(name, value) for name, value in named if value]
    return [*facts, ("shard, row", f"{row['shard']}, {row['shard_row']}")]


def _number(value: float | None) -> float | None:
    return float(f"{value:.4g}") if is_number(value) and value is not None else None


def _ratio(above: float | None, below: float | None) -> float | None:
    if not is_number(above) or not is_number(below) or not below or above is None:
        return None
    return _number(above / below)


def _deviation(row: Row) -> float | None:
    """Return |ln(measured / true length)|, the order of `mock_truth.extremes`."""
    ratio = _ratio(row["bar_length_px"], row.get(LENGTH))
    return _number(abs(math.log(ratio))) if ratio else None
