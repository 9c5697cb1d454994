"""Pixel scale and direction of north from the linear part of a FITS world coordinate system.

FITS WCS papers I and II (Greisen & Calabretta 2002; Calabretta & Greisen 2002). The projection is
not needed: at a cutout's reference pixel the CD matrix is all there is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

_DEG = {"": 1.0, "deg": 1.0, "arcmin": 1 / 60, "arcsec": 1 / 3600, "rad": 180 / math.pi}

Value = bool | int | float | str


def scale_and_north(header: Mapping[str, Value]) -> tuple[float | None, float | None]:
    """(arcsec per pixel, north_deg) of an image shown with FITS row 1 at the bottom.

    `north_deg`: direction of north, counter-clockwise from image up, in [0, 360), so that east
    is 90 deg further; None for other than equatorial axes and for a mirrored image, whose east is
    on the other side. The scale is the square root of a pixel's area. (None, None) without a WCS.
    """
    types = [str(header.get(f"CTYPE{i}", ""))[:4].rstrip("-") for i in (1, 2)]
    equatorial = sorted(types) == ["DEC", "RA"]
    if not (equatorial or sorted(types) in (["GLAT", "GLON"], ["ELAT", "ELON"])):
        return None, None
    matrix = _cd_deg(header)
    if matrix is None:
        return None, None
    if types[0] in ("DEC", "GLAT", "ELAT"):
        matrix = (matrix[1], matrix[0])
    (a, b), (c, d) = matrix
    area = a * d - b * c
    if not math.isfinite(area) or area == 0:
        return None, None
    scale = math.sqrt(abs(area)) * 3600
    if not equatorial or area > 0:
        return scale, None
    # one step north is (-b, a) / area in pixels (right, up)
    return scale, math.degrees(math.atan2(b / area, a / area)) % 360


def _cd_deg(header: Mapping[str, Value]) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """((CD1_1, CD1_2), (CD2_1, CD2_2)) in degrees per pixel, however the file writes it."""
    try:
        units = [_DEG[str(header.get(f"CUNIT{i}", "")).strip().lower()] for i in (1, 2)]
        if any(f"CD{i}_{j}" in header for i in (1, 2) for j in (1, 2)):
            m = [[float(header.get(f"CD{i}_{j}", 0)) for j in (1, 2)] for i in (1, 2)]
        elif "CDELT1" in header and "CDELT2" in header:
            delt = [float(header["CDELT1"]), float(header["CDELT2"])]
            angle = math.radians(float(header.get("CROTA2", 0)))
            if any(f"PC{i}_{j}" in header for i in (1, 2) for j in (1, 2)):
                pc = [[float(header.get(f"PC{i}_{j}", i == j)) for j in (1, 2)] for i in (1, 2)]
                m = [[delt[i] * pc[i][j] for j in (0, 1)] for i in (0, 1)]
            else:
                cos, sin = math.cos(angle), math.sin(angle)
                m = [[delt[0] * cos, -delt[1] * sin], [delt[0] * sin, delt[1] * cos]]
        else:
            return None
    except (KeyError, ValueError):
        return None
    return (m[0][0] * units[0], m[0][1] * units[0]), (m[1][0] * units[1], m[1][1] * units[1])
