"""Draw the catalogue on the sky: galaxies per HEALPix cell, Mollweide projection, SVG paths."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import ArrayLike, NDArray

from catalogues.queries.summary import sky_counts
from catalogues.sky import cell_corners_deg, mollweide
from pipelines.pages.render import count

WIDTH, HEIGHT = 400, 204
"""Size of the drawing in its own units; the ellipse of the sky leaves a margin."""

_RADIUS = 98
_ORDER = 4
_CELL_DEG2 = 129600 / math.pi / (12 * 4**_ORDER)
_LEVELS = 5


@dataclass(frozen=True, kw_only=True)
class Level:
    """Cells with similar numbers of galaxies: one path, and the range of the numbers as text."""

    path: str
    label: str


@dataclass(frozen=True, kw_only=True)
class SkyMap:
    """Everything that templates/sky.html draws.

    Attributes
    ----------
    middle_deg
        Right ascension of the central meridian.
    galaxies
        Number of galaxies with a position.
    levels
        Groups of cells, from few galaxies to many.
    graticule
        SVG path of meridians and parallels.
    labels
        (x, y, text) of the graticule's labels.
    caption
        Caption of the map.
    """

    middle_deg: float
    galaxies: int
    levels: tuple[Level, ...]
    graticule: str
    labels: tuple[tuple[float, float, str], ...]
    caption: str

    def place(self, ra_deg: float | None, dec_deg: float | None) -> tuple[float, float] | None:
        """Return a sky position's (x, y) on the drawing; None if the position is not valid."""
        if ra_deg is None or dec_deg is None or not (math.isfinite(ra_deg) and abs(dec_deg) <= 90):
            return None
        x, y = _drawn([ra_deg], [dec_deg], self.middle_deg)
        return round(float(x[0]), 1), round(float(y[0]), 1)


def sky_map(con: duckdb.DuckDBPyConnection) -> SkyMap | None:
    """Draw the map of all galaxies with a position; None if there are none."""
    cells, numbers = sky_counts(con, _ORDER)
    if not len(cells):
        return None
    ra, dec = cell_corners_deg(cells, _ORDER)
    # cut the sky at the meridian with fewer galaxies around it
    ahead = (numbers * np.cos(np.radians(ra)).mean(axis=1)).sum() > 0
    middle, total = (0.0 if ahead else 180.0), int(numbers.sum())
    return SkyMap(
        middle_deg=middle,
        galaxies=total,
        levels=tuple(_levels(numbers, _outlines(ra, dec, middle))),
        graticule=_graticule(),
        labels=tuple(_labels(middle)),
        caption=(
            f"{count(total)} galaxies with a position in {count(len(cells))} HEALPix cells of "
            f"{_CELL_DEG2:.1f} deg² each (order {_ORDER}). Mollweide equal-area projection, ICRS, "
            "north up, east left."
        ),
    )


def _drawn(
    ra: ArrayLike, dec: ArrayLike, middle: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return _projected((np.asarray(ra, float) - middle + 180) % 360 - 180, dec)


def _projected(
    offset: ArrayLike, dec: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x and y on the drawing, from longitudes off the central meridian and latitudes."""
    x, y = mollweide(offset, dec)
    return WIDTH / 2 - _RADIUS * x, HEIGHT / 2 - _RADIUS * y  # east is left, north is up


def _outlines(ra: NDArray[np.float64], dec: NDArray[np.float64], middle: float) -> list[str]:
    """Return SVG paths of N cells with corners (N, 4); cells on the cut are drawn at both edges."""
    offset = (ra - middle + 180) % 360 - 180
    polar = np.abs(dec) > 89.999  # the right ascension of a pole is arbitrary
    known = np.where(polar, np.nan, offset)
    cut = np.nanmax(known, axis=1) - np.nanmin(known, axis=1) > 180
    paths = [""] * len(ra)
    for side, drawn in ((1, np.full(len(ra), True)), (-1, cut)):
        across = cut[:, None] & (np.sign(offset) != side)
        moved = np.where(across, offset + side * 360, offset)
        x, y = _projected(np.where(polar, 0, moved), dec)
        for i in np.flatnonzero(drawn):
            paths[i] += _path(zip(x[i], y[i], strict=True), "Z")
    return paths


def _path(points: Iterable[tuple[float, float]], end: str = "") -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + end


def _levels(numbers: NDArray[np.int64], outlines: list[str]) -> Iterable[Level]:
    edges = np.geomspace(1, int(numbers.max()) + 1, _LEVELS + 1)
    edges = np.unique(np.ceil(edges - 1e-9).astype(np.int64))
    for low, high in zip(edges[:-1], edges[1:] - 1, strict=True):
        inside = np.flatnonzero((numbers >= low) & (numbers <= high))
        if len(inside):
            label = count(int(low)) if low == high else f"{count(int(low))}–{count(int(high))}"
            yield Level(path="".join(outlines[i] for i in inside), label=label)


def _graticule() -> str:
    """Return meridians every 60 degrees from the central one, and parallels every 30 degrees."""
    latitude = np.linspace(-90, 90, 37)
    lines = [(np.full_like(latitude, lon), latitude) for lon in (-120, -60, 0, 60, 120)]
    across = np.array([-180.0, 180.0])
    lines += [(across, np.full_like(across, lat)) for lat in (-60, -30, 0, 30, 60)]
    return "".join(_path(zip(*_projected(*line), strict=True)) for line in lines)


def _labels(middle: float) -> Iterable[tuple[float, float, str]]:
    for offset in (-120, -60, 0, 60, 120):
        x, y = _projected([offset], [0])
        yield float(x[0]) + 2, float(y[0]) - 2, f"{(middle + offset) % 360:.0f}°"
    for latitude in (-60, -30, 30, 60):
        x, y = _projected([180], [latitude])
        yield float(x[0]) + 3, float(y[0]) - 2, f"{latitude:+d}°".replace("-", "−")
