"""FITS files packed by gzip (.fits.gz): unpacked in memory, never beyond the limit of a file."""

from __future__ import annotations

import zlib

from catalogues.image_kinds import is_fits
from catalogues.image_limits import ImageFault, ImageLimits
from catalogues.statuses import Status

_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


def unpacked(data: bytes, limits: ImageLimits) -> bytes:
    """A packed FITS file's bytes; any other data as they are.

    A few bytes tell whether it is FITS; then no more than `bytes_max` are unpacked. Raises
    ImageFault.
    """
    if not data.startswith(_GZIP) or not is_fits(_begin(data)):
        return data
    stream = zlib.decompressobj(_GZIP_WINDOW)
    try:
        whole = stream.decompress(data, limits.bytes_max + 1)
    except zlib.error as error:
        raise ImageFault(Status.CORRUPT_IMAGE, f"unpacking the FITS file fails: {error}") from error
    if len(whole) > limits.bytes_max:
        raise ImageFault(
            Status.TOO_LARGE_IMAGE,
            f"the packed FITS file has more than the limit of {limits.bytes_max} bytes",
        )
    if not stream.eof:
        raise ImageFault(Status.TRUNCATED_IMAGE, "the packed FITS file ends early")
    return whole


def _begin(data: bytes) -> bytes:
    """The first bytes within, none where it cannot be unpacked."""
    try:
        return zlib.decompressobj(_GZIP_WINDOW).decompress(data[:65536], 80)
    except zlib.error:
        return b""
