"""Read JPEG and PNG: check the structure of the file, then let Pillow unpack its pixel data.

Only the parts that make pixels reach Pillow. Comments, EXIF, colour profiles, thumbnails, text and
animation are removed first, so nothing in them can warn, grow or fail. EXIF orientation is
therefore ignored on purpose: coordinates refer to the pixel grid as stored. An animated PNG gives
its default image. Sixteen-bit samples keep their high byte. The background of transparent pixels is
black.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from catalogues.images.limits import ImageFault, ImageLimits
from catalogues.statuses import Status

Pixels = TypeVar("Pixels")

_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)  # first column, first row, steps of each pass (PNG specification, section 8.2)
_PORTION = 2**20
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_LONE = frozenset({0x01, *range(0xD0, 0xD8)})
_JPEG_KEPT_APP = 0xEE  # Adobe's segment tells inverted CMYK and YCCK from plain


def read_jpeg(data: bytes, limits: ImageLimits) -> NDArray[np.uint8]:
    """Read a JPEG as (H, W, 3) uint8. Raises ImageFault.

    JPEG has no checksum: damage outside the markers gives damaged pixels.
    """
    kept, size = [b"\xff\xd8"], None
    for marker, start, stop in _jpeg_segments(data):
        if marker in _SOF:
            size = _jpeg_size(marker, data[start + 4 : stop])
            limits.check_size(*size)
        if marker == 0xDA and size is None:
            raise ImageFault(Status.CORRUPT_IMAGE, "a JPEG scan comes before its frame header")
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE) or marker == _JPEG_KEPT_APP:
            kept.append(data[start:stop])
    return _pixels(JpegImageFile, b"".join(kept), limits, _rgb)


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Iterate over (marker, start, stop) of the segments up to and including the end marker.

    A scan's entropy-coded data belong to its segment. Raises ImageFault if there is no end marker.
    """
    at, length = 2, len(data)
    while at + 1 < length:
        if data[at] != 0xFF:
            raise ImageFault(Status.CORRUPT_IMAGE, f"a JPEG marker is missing at byte {at}")
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker == 0xD9:
            yield marker, at, at + 2
            return
        stop = at + 2
        if marker not in _LONE:
            if at + 4 > length:
                break
            stop += int.from_bytes(data[at + 2 : at + 4])
            if stop < at + 4:
                raise ImageFault(Status.CORRUPT_IMAGE, f"a JPEG segment at byte {at} has no length")
        if stop > length:
            break
        if marker == 0xDA:
            stop = _end_of_scan(data, stop)
        yield marker, at, stop
        at = stop
    raise ImageFault(Status.TRUNCATED_IMAGE, f"the JPEG ends early, after {length} bytes")


def _end_of_scan(data: bytes, at: int) -> int:
    """Find the next marker that is neither a stuffed byte nor a restart; else return the end."""
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        following = data[at + 1]
        if following != 0x00 and following not in _LONE and following != 0xFF:
            return at
        at += 1 if following == 0xFF else 2
    return len(data)


def _jpeg_size(marker: int, body: bytes) -> tuple[int, int]:
    if len(body) < 6:
        raise ImageFault(Status.CORRUPT_IMAGE, "the JPEG frame header is too short")
    bits, height, width = struct.unpack(">BHH", body[:5])
    if bits != 8:
        raise ImageFault(Status.UNSUPPORTED_IMAGE, f"a JPEG of {bits} bits per sample is not read")
    if marker not in (0xC0, 0xC1, 0xC2):
        raise ImageFault(
            Status.UNSUPPORTED_IMAGE, "a lossless, hierarchical or arithmetic JPEG is not read"
        )
    return width, height


def read_png(data: bytes, limits: ImageLimits) -> NDArray[np.uint8]:
    """Read a PNG as (H, W, 3) uint8. Raises ImageFault."""
    return _png(data, limits, _rgb)


def _png(data: bytes, limits: ImageLimits, convert: Callable[[Image.Image], Pixels]) -> Pixels:
    kept, packed = [data[:8]], []
    for name, start, stop in _png_chunks(data, limits):
        if name in _PNG_KEPT:
            crc = int.from_bytes(data[stop - 4 : stop])
            if zlib.crc32(data[start + 4 : stop - 4]) != crc:
                raise ImageFault(
                    Status.CORRUPT_IMAGE, f"the checksum of PNG chunk {name.decode()} is wrong"
                )
            kept.append(data[start:stop])
        if name == b"IDAT":
            packed.append(data[start + 8 : stop - 4])
    _check_rows(data[16:29], b"".join(packed))
    return _pixels(PngImageFile, b"".join(kept), limits, convert)


def read_grey(data: bytes, limits: ImageLimits) -> NDArray[np.float64]:
    """Read a greyscale PNG as (H, W), with all bits of 16-bit samples. Raises ImageFault."""
    return _png(data, limits, _grey)


def _check_rows(header: bytes, packed: bytes) -> None:
    """Check that there are as many rows as the header says; Pillow does not. Raises ImageFault."""
    width, height, bits, colour, _, _, interlace = struct.unpack(">IIBBBBB", header)
    bits *= _PNG_CHANNELS.get(colour, 1)
    passes = _ADAM7 if interlace else ((0, 0, 1, 1),)
    sizes = [(-((x - width) // dx), -((y - height) // dy)) for x, y, dx, dy in passes]
    due = sum(rows * (1 + -(-columns * bits // 8)) for columns, rows in sizes if columns > 0)
    unpacker, waiting = zlib.decompressobj(), packed
    while due > 0 and not unpacker.eof:
        try:
            portion = unpacker.decompress(waiting, _PORTION)
        except zlib.error as error:
            raise ImageFault(Status.CORRUPT_IMAGE, f"unpacking the PNG fails: {error}") from error
        waiting = unpacker.unconsumed_tail
        due -= len(portion)
        if not portion and not waiting:
            break
    if due > 0:
        raise ImageFault(
            Status.CORRUPT_IMAGE,
            f"the PNG file is complete, but {due} bytes of its rows are missing",
        )


def _png_chunks(data: bytes, limits: ImageLimits) -> Iterator[tuple[bytes, int, int]]:
    """Iterate over (name, start, stop) of the chunks up to IEND; check the size when it is read."""
    at, length = 8, len(data)
    while at + 12 <= length:
        size, name = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        if not name.isalpha() or not name.isascii():
            raise ImageFault(Status.CORRUPT_IMAGE, f"a PNG chunk is missing at byte {at}")
        if at == 8 and (name != b"IHDR" or size != 13):
            raise ImageFault(Status.CORRUPT_IMAGE, "the PNG does not begin with its header chunk")
        if at + 12 + size > length:
            break
        if at == 8:
            limits.check_size(*struct.unpack(">II", data[16:24]))
        yield name, at, at + 12 + size
        if name == b"IEND":
            return
        at += 12 + size
    raise ImageFault(Status.TRUNCATED_IMAGE, f"the PNG ends early, after {length} bytes")


def _pixels(
    reader: type[ImageFile],
    data: bytes,
    limits: ImageLimits,
    convert: Callable[[Image.Image], Pixels],
) -> Pixels:
    # The reader is given, not guessed, so that Pillow's other formats cannot be reached. The size
    # was checked above; Pillow's own bomb check (a process-wide setting) need not repeat that.
    try:
        with reader(io.BytesIO(data)) as image:
            limits.check_size(*image.size)
            image.load()
            return convert(image)
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, LookupError) as e:
        raise ImageFault(
            Status.CORRUPT_IMAGE, f"the file is complete, but unpacking its pixels fails: {e}"
        ) from e


def _grey(image: Image.Image) -> NDArray[np.float64]:
    if image.mode not in ("1", "L") and not image.mode.startswith("I"):
        raise ImageFault(
            Status.UNSUPPORTED_IMAGE,
            f"a PNG of mode {image.mode} is a picture, not one band of fluxes: give FITS or a "
            "greyscale PNG",
        )
    return np.asarray(image, dtype=np.float64)


def _rgb(image: Image.Image) -> NDArray[np.uint8]:
    """Convert an image of any mode of JPEG or PNG to (H, W, 3) uint8."""
    if image.mode.startswith("I"):
        grey = (np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
        rgba = np.asarray(image.convert("RGBA"), dtype=np.uint16)
        return ((rgba[..., :3] * rgba[..., 3:] + 127) // 255).astype(np.uint8)
    return np.array(image.convert("RGB"))
