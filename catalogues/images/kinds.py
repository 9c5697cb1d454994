"""Recognise the format of a file by its first bytes: JPEG, PNG, FITS, or something unsupported."""

from __future__ import annotations

from catalogues.images.limits import ImageFault
from catalogues.statuses import Status

JPEG, PNG, FITS = "JPEG", "PNG", "FITS"

_SIGNATURES = {JPEG: b"\xff\xd8\xff", PNG: b"\x89PNG\r\n\x1a\n", FITS: b"SIMPLE  ="}

_UNSUPPORTED: tuple[tuple[bytes, str], ...] = (
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "BigTIFF"),
    (b"BM", "BMP"),
    (b"\x00\x00\x01\x00", "icon"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"8BPS", "Photoshop"),
    (b"qoif", "QOI"),
    (b"v/1\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"P1\n", "Netpbm"),
    (b"P2\n", "Netpbm"),
    (b"P3\n", "Netpbm"),
    (b"P4\n", "Netpbm"),
    (b"P5\n", "Netpbm"),
    (b"P6\n", "Netpbm"),
)

_OTHER: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip-compressed data (unpack it first)"),
    (b"BZh", "bzip2-compressed data (unpack it first)"),
    (b"\xfd7zXZ\x00", "xz-compressed data (unpack it first)"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed data (unpack it first)"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"%PDF", "a PDF document"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"PAR1", "a Parquet file"),
    (b"\x80\x04\x95", "a Python pickle"),
    (b"XTENSION=", "a FITS extension without its primary header"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file it stands for"),
)


def is_fits(data: bytes) -> bool:
    """Return whether the bytes are the beginning of a FITS file."""
    return data.startswith(_SIGNATURES[FITS])


def kind_of(data: bytes) -> str:
    """Return JPEG, PNG or FITS. Raises ImageFault, which names what else the bytes seem to be.

    A file that ends within the signature counts as truncated.
    """
    for kind, signature in _SIGNATURES.items():
        if data.startswith(signature):
            return kind
        if signature.startswith(data[: len(signature)]):
            raise ImageFault(
                Status.TRUNCATED_IMAGE, f"only the first {len(data)} bytes of a {kind}"
            )
    for signature, name in _UNSUPPORTED:
        if data.startswith(signature):
            raise _unsupported(name)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        raise _unsupported("WebP")
    if data[4:8] == b"ftyp":
        raise _unsupported("AVIF, HEIF or a film")
    for signature, name in _OTHER:
        if data.startswith(signature):
            raise ImageFault(Status.NOT_AN_IMAGE, f"the bytes are {name}")
    raise _text_or_unknown(data)


def _unsupported(name: str) -> ImageFault:
    return ImageFault(
        Status.UNSUPPORTED_IMAGE,
        f"{name} images are not read: convert the image to JPEG, PNG or FITS",
    )


def _text_or_unknown(data: bytes) -> ImageFault:
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    lower = head.lower()
    if b"<svg" in lower:
        return _unsupported("SVG")
    if lower.startswith((b"<!doctype html", b"<html")):
        return ImageFault(Status.NOT_AN_IMAGE, "the bytes are an HTML page, perhaps a server error")
    if lower.startswith((b"<?xml", b"<error")):
        return ImageFault(Status.NOT_AN_IMAGE, "the bytes are XML, perhaps a server error")
    if not data[:4096].strip(b"\x00"):
        return ImageFault(Status.NOT_AN_IMAGE, "the bytes are zeros: the file was never written")
    if head and all(32 <= b < 127 or b in b"\t\r\n" for b in head):
        return ImageFault(Status.NOT_AN_IMAGE, "the bytes are text")
    return ImageFault(
        Status.NOT_AN_IMAGE, f"the bytes begin with {data[:8].hex(' ')}: no known image format"
    )
