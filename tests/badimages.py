"""More than a hundred kinds of image that a survey's column may hold, and what must come of each.

Some only look bad (sixteen bits, palette, CMYK, transparency): those must decode, to these pixels.
"""

from __future__ import annotations

import bz2
import gzip
import io
import pickle
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from catalogues.statuses import Status

SIDE = (48, 64)
"""Rows and columns of the picture that the bad images are made from."""


@dataclass(frozen=True, kw_only=True)
class BadImage:
    """`expected`: the right statuses, or "decoded", then to `pixels` within `tolerance`."""

    name: str
    data: bytes | None
    expected: frozenset[Status] | Literal["decoded"]
    pixels: np.ndarray[Any, np.dtype[np.uint8]] | None = None
    tolerance: int = 0


@dataclass(frozen=True, kw_only=True)
class BadId:
    """An identifier as text, and the status of a row with a good image that bears it."""

    name: str
    value: str | None
    expected: Status


def bad(name: str, data: bytes | None, *statuses: Status) -> BadImage:
    """An image that must not decode."""
    return BadImage(name=name, data=data, expected=frozenset(statuses))


def fine(name: str, data: bytes, pixels: Any = None, tolerance: int = 0) -> BadImage:
    """An image that must decode."""
    return BadImage(name=name, data=data, expected="decoded", pixels=pixels, tolerance=tolerance)


def picture() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A galaxy off centre on a slope of colour: every edge of it tells its own side."""
    y, x = np.mgrid[: SIDE[0], : SIDE[1]]
    light = np.exp(-(((x - 24) / 9) ** 2 + ((y - 18) / 6) ** 2))
    channels = [20 + 200 * light, 20 + x + 120 * light, 10 + y + 60 * light]
    return np.stack(channels, axis=-1).clip(0, 255).astype(np.uint8)


def encoded(kind: str, image: Image.Image | None = None, **options: Any) -> bytes:
    """The picture, or `image`, as Pillow writes it."""
    buffer = io.BytesIO()
    (image or Image.fromarray(picture())).save(buffer, kind, **options)
    return buffer.getvalue()


def bad_ids() -> list[BadId]:
    """Identifiers that are none, or that an earlier row of this list bears already."""
    return [
        BadId(name="null_id", value=None, expected=Status.BAD_ID),
        BadId(name="empty_id", value="", expected=Status.BAD_ID),
        BadId(name="text_id", value="J094511.21+012847.0", expected=Status.BAD_ID),
        BadId(name="fraction_id", value="587722981742084096.5", expected=Status.BAD_ID),
        BadId(name="float_id", value="5.877e17", expected=Status.BAD_ID),
        BadId(name="hexadecimal_id", value="0x1A", expected=Status.BAD_ID),
        BadId(name="too_long_id", value="9223372036854775808", expected=Status.BAD_ID),
        BadId(name="far_too_long_id", value="1" * 5000, expected=Status.BAD_ID),
        BadId(name="first_of_repeated", value="77", expected=Status.MEASURED),
        BadId(name="repeated", value="77", expected=Status.DUPLICATE_ID),
    ]


def bad_images() -> list[BadImage]:
    """All kinds, in a fixed order, under unique names; made anew at each call, in seconds."""
    from tests.badfits import fits_images
    from tests.badjpegs import jpegs
    from tests.badpngs import pngs

    return [*_no_images(), *_other_formats(), *jpegs(), *pngs(), *fits_images()]


def _no_images() -> Iterator[BadImage]:
    not_an_image = Status.NOT_AN_IMAGE
    yield bad("null", None, Status.MISSING_IMAGE)
    yield bad("empty", b"", Status.EMPTY_IMAGE)
    yield bad("html", b"<!DOCTYPE html>\n<html><body>404</body></html>", not_an_image)
    yield bad("html_after_blanks", b"\n\n  <HTML><head></head></HTML>", not_an_image)
    yield bad(
        "s3_error", b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', not_an_image
    )
    yield bad("json_error", b'{"error": "cutout service is busy"}', not_an_image)
    yield bad("text", b"object not found in footprint\n", not_an_image)
    yield bad("utf8_text", "Objekt außerhalb, Bild fehlt".encode(), not_an_image)
    yield bad("zeros", bytes(5000), not_an_image)
    yield bad("one_zero", bytes(1), not_an_image)
    yield bad("random", np.random.default_rng(5).bytes(4000), not_an_image)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("galaxy.jpg", encoded("JPEG"))
    yield bad("zip", archive.getvalue(), not_an_image)
    yield bad("empty_zip", b"PK\x05\x06" + bytes(18), not_an_image)
    yield bad("gzip_of_png", gzip.compress(encoded("PNG")), not_an_image)
    yield bad("gzip_bomb", gzip.compress(bytes(50_000_000), 1), not_an_image)
    yield bad("bzip2", bz2.compress(encoded("PNG")), not_an_image)
    yield bad("pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", not_an_image)
    yield bad("pickle", pickle.dumps({"image": encoded("JPEG")}, protocol=4), not_an_image)
    array = io.BytesIO()
    np.save(array, picture())
    yield bad("numpy", array.getvalue(), not_an_image)
    yield bad("hdf5", b"\x89HDF\r\n\x1a\n" + bytes(500), not_an_image)
    table = io.BytesIO()
    pq.write_table(pa.table({"a": [1]}), table)
    yield bad("parquet", table.getvalue(), not_an_image)
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n"
    yield bad("lfs_pointer", pointer, not_an_image)


def _other_formats() -> Iterator[BadImage]:
    unsupported = Status.UNSUPPORTED_IMAGE
    frames = [Image.fromarray(np.roll(picture(), n, axis=1)) for n in (1, 2)]
    moving = {"save_all": True, "append_images": frames}
    for kind in ("GIF", "TIFF", "WEBP", "BMP", "PPM", "ICO", "AVIF", "JPEG2000"):
        yield bad(kind.lower(), encoded(kind), unsupported)
    yield bad("animated_gif", encoded("GIF", **moving), unsupported)
    yield bad("animated_webp", encoded("WEBP", **moving), unsupported)
    yield bad(
        "tiff_16_bit", encoded("TIFF", Image.fromarray(picture()[..., 0].astype("u2"))), unsupported
    )
    yield bad("svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', unsupported)
    yield bad("svg_in_xml", b'<?xml version="1.0"?>\n<svg width="9"/>', unsupported)
