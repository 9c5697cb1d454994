"""Read FITS headers: where each unit's data lie, the pixel scale and the direction of north.

Headers follow the FITS standard 4.0. Scale and north come from the linear part of the world
coordinate system (FITS WCS papers I and II: Greisen & Calabretta 2002; Calabretta & Greisen 2002).
The projection is not needed: at a cutout's reference pixel the CD matrix is sufficient.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from catalogues.images.limits import ImageFault, ImageLimits
from catalogues.statuses import Status

_DEG = {"": 1.0, "deg": 1.0, "arcmin": 1 / 60, "arcsec": 1 / 3600, "rad": 180 / math.pi}

Value = bool | int | float | str


def scale_and_north(header: Mapping[str, Value]) -> tuple[float | None, float | None]:
    """Return arcsec per pixel and `north_deg` of an image shown with FITS row 1 at the bottom.

    The scale is the square root of a pixel's area. `north_deg` is the direction of north,
    counter-clockwise from image up, in [0, 360); east is 90 deg further. It is None if the axes are
    not equatorial, and for a mirrored image, whose east is on the other side. Without a WCS both
    are None.
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
    # a step to the north is (-b, a) / area in pixels (right, up)
    return scale, math.degrees(math.atan2(b / area, a / area)) % 360


def _cd_deg(header: Mapping[str, Value]) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Return ((CD1_1, CD1_2), (CD2_1, CD2_2)) in degrees per pixel, from CD, PC or CDELT cards."""
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


BLOCK = 2880
_CARD = 80
_AXES_MAX = 999


@dataclass(frozen=True, kw_only=True)
class Hdu:
    """One header-data unit. Positions are bytes of the file; `shape` has the fastest axis first."""

    header: dict[str, Value]
    start: int
    data_start: int
    data_bytes: int
    is_compressed: bool
    shape: tuple[int, ...]
    bitpix: int

    @property
    def is_image(self) -> bool:
        """Whether the unit holds an array of two or more axes."""
        kind = self.header.get("XTENSION", "IMAGE")
        return len(self.shape) >= 2 and (self.is_compressed or kind in ("IMAGE", "IUEIMAGE"))

    def number(self, name: str, default: float) -> float:
        """Return the value of a numeric card. Raises ImageFault if it holds something else."""
        value = self.header.get(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ImageFault(Status.CORRUPT_IMAGE, f"FITS card {name} is not a number: {value!r}")
        return value

    def check_complete(self, file_bytes: int) -> None:
        """Check that the file holds all data (padding may be absent). Raises ImageFault."""
        if self.data_start + self.data_bytes > file_bytes:
            raise ImageFault(
                Status.TRUNCATED_IMAGE,
                f"the FITS file ends early: {file_bytes} of {self.data_start + self.data_bytes} "
                "bytes are present",
            )


def hdus(data: bytes, limits: ImageLimits) -> Iterator[Hdu]:
    """Iterate over the units of a FITS file, reading only as far as needed. Raises ImageFault."""
    at = 0
    while at == 0 or data[at : at + 9] == b"XTENSION=":
        header, data_start = _header(data, at, limits)
        hdu = _hdu(header, at, data_start)
        yield hdu
        hdu.check_complete(len(data))
        at = hdu.data_start + -(-hdu.data_bytes // BLOCK) * BLOCK


def _header(data: bytes, start: int, limits: ImageLimits) -> tuple[dict[str, Value], int]:
    """Read a header. Returns its cards (the first of each keyword) and where the data begin."""
    header: dict[str, Value] = {}
    for number in range(limits.header_cards_max):
        at = start + number * _CARD
        card = data[at : at + _CARD]
        if len(card) < _CARD:
            raise ImageFault(Status.TRUNCATED_IMAGE, "the FITS file ends within a header")
        if card[:8] == b"END     ":
            end = at + _CARD - start
            return header, start + -(-end // BLOCK) * BLOCK
        if not card.isascii():
            raise ImageFault(Status.CORRUPT_IMAGE, f"FITS card {number + 1} is not plain text")
        text = card.decode("ascii")
        if text[8:10] == "= ":
            value = _value(text[10:])
            if value is not None:
                header.setdefault(text[:8].rstrip(), value)
    raise ImageFault(
        Status.TOO_LARGE_IMAGE,
        f"a FITS header of more than {limits.header_cards_max} cards is over the limit",
    )


def _value(text: str) -> Value | None:
    """Parse a card's value (FITS standard, section 4.2); None if it cannot be parsed."""
    text = text.strip()
    if text.startswith("'"):
        body = text[1:].replace("''", "\0")
        return body.split("'", 1)[0].replace("\0", "'").rstrip()
    text = text.split("/", 1)[0].strip()
    if text in ("T", "F"):
        return text == "T"
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text.upper().replace("D", "E"))
    except ValueError:
        return None


def _hdu(header: dict[str, Value], start: int, data_start: int) -> Hdu:
    bitpix, shape = _array(header, "")
    if bitpix not in (8, 16, 32, 64, -32, -64):
        raise ImageFault(Status.CORRUPT_IMAGE, f"FITS BITPIX is {bitpix}, which does not exist")
    if header.get("GROUPS") is True and start == 0:
        raise ImageFault(Status.UNSUPPORTED_IMAGE, "FITS random groups are not read")
    heap, groups = _count(header, "PCOUNT", 0), _count(header, "GCOUNT", 1)
    samples = (math.prod(shape) if shape else 0) + heap
    compressed = header.get("XTENSION") == "BINTABLE" and header.get("ZIMAGE") is True
    size = abs(bitpix) // 8 * samples * groups
    if compressed:
        bitpix, shape = _array(header, "Z")
    return Hdu(
        header=header,
        start=start,
        data_start=data_start,
        data_bytes=size,
        is_compressed=compressed,
        shape=shape,
        bitpix=bitpix,
    )


def _array(header: dict[str, Value], prefix: str) -> tuple[int, tuple[int, ...]]:
    """Return BITPIX and the lengths of the axes."""
    bitpix = header.get(f"{prefix}BITPIX")
    if isinstance(bitpix, bool) or not isinstance(bitpix, int):
        raise ImageFault(Status.CORRUPT_IMAGE, f"FITS card {prefix}BITPIX is {bitpix!r}")
    axes = _count(header, f"{prefix}NAXIS", -1)
    if axes > _AXES_MAX:
        raise ImageFault(Status.CORRUPT_IMAGE, f"a FITS array of {axes} axes does not exist")
    return bitpix, tuple(_count(header, f"{prefix}NAXIS{i}", -1) for i in range(1, axes + 1))


def _count(header: dict[str, Value], name: str, default: int) -> int:
    value = header.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ImageFault(
            Status.CORRUPT_IMAGE, f"FITS card {name} is {'absent' if value == -1 else repr(value)}"
        )
    return value
