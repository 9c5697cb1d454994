"""The bones of a FITS file: header cards and where each unit's data lie (FITS standard 4.0)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from catalogues.fits_wcs import Value
from catalogues.image_limits import ImageFault, ImageLimits
from catalogues.statuses import Status

BLOCK = 2880
_CARD = 80
_AXES_MAX = 999


@dataclass(frozen=True, kw_only=True)
class Hdu:
    """One header-data unit; positions in bytes of the file. `shape`: fastest axis first."""

    header: dict[str, Value]
    start: int
    data_start: int
    data_bytes: int
    is_compressed: bool
    shape: tuple[int, ...]
    bitpix: int

    @property
    def is_image(self) -> bool:
        """Whether it holds an array of two axes or more."""
        kind = self.header.get("XTENSION", "IMAGE")
        return len(self.shape) >= 2 and (self.is_compressed or kind in ("IMAGE", "IUEIMAGE"))

    def number(self, name: str, default: float) -> float:
        """A numeric card. Raises ImageFault if it holds something else."""
        value = self.header.get(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ImageFault(Status.CORRUPT_IMAGE, f"FITS card {name} is not a number: {value!r}")
        return value

    def check_complete(self, file_bytes: int) -> None:
        """Raises ImageFault if the file ends within the data (padding may be absent)."""
        if self.data_start + self.data_bytes > file_bytes:
            raise ImageFault(
                Status.TRUNCATED_IMAGE,
                f"the FITS file ends early: {file_bytes} of {self.data_start + self.data_bytes} "
                "bytes",
            )


def hdus(data: bytes, limits: ImageLimits) -> Iterator[Hdu]:
    """The units of a FITS file in order, read as far as asked. Raises ImageFault."""
    at = 0
    while at == 0 or data[at : at + 9] == b"XTENSION=":
        header, data_start = _header(data, at, limits)
        hdu = _hdu(header, at, data_start)
        yield hdu
        hdu.check_complete(len(data))
        at = hdu.data_start + -(-hdu.data_bytes // BLOCK) * BLOCK


def _header(data: bytes, start: int, limits: ImageLimits) -> tuple[dict[str, Value], int]:
    """Cards by keyword (the first of each), and where the data begin."""
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
    """A card's value (FITS standard, section 4.2); None where it has none that is understood."""
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
    """BITPIX and the axes' lengths."""
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
