"""JPEGs cut, broken and odd."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image

from catalogues.statuses import Status
from tests.badimages import SIDE, BadImage, bad, encoded, fine, picture

QUALITY = {"quality": 95, "subsampling": 0}
TOLERANCE = 8


def segment(data: bytes, marker: int) -> tuple[int, int]:
    """(start, stop) of the first segment with `marker`, its two marker bytes included."""
    at = 2
    while data[at + 1] != marker:
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return at, at + 2 + int.from_bytes(data[at + 2 : at + 4])


def jpegs() -> Iterator[BadImage]:
    """All of them."""
    yield from _cut()
    yield from _broken()
    yield from _sizes()
    yield from _odd_but_fine()


def _cut() -> Iterator[BadImage]:
    whole = encoded("JPEG", **QUALITY)
    truncated = Status.TRUNCATED_IMAGE
    for count in (1, 2, 3, 4):
        yield bad(f"jpeg_{count}_bytes", whole[:count], truncated)
    for name, marker in (
        ("app0", 0xE0),
        ("dqt", 0xDB),
        ("sof", 0xC0),
        ("dht", 0xC4),
        ("sos", 0xDA),
    ):
        start, stop = segment(whole, marker)
        yield bad(f"jpeg_cut_in_{name}", whole[: (start + stop) // 2], truncated)
    scan = segment(whole, 0xDA)[1]
    for percent in (0, 10, 50, 99):
        cut = scan + (len(whole) - 2 - scan) * percent // 100
        yield bad(f"jpeg_cut_in_scan_{percent}", whole[:cut], truncated)
    yield bad("jpeg_without_end", whole[:-2], truncated)
    yield bad("jpeg_half_an_end", whole[:-1], truncated)
    yield bad("jpeg_tail_of_zeros", whole[:-500] + bytes(500), truncated)
    slow = encoded("JPEG", progressive=True, **QUALITY)
    yield bad("jpeg_progressive_cut", slow[: len(slow) // 2], truncated)


def _broken() -> Iterator[BadImage]:
    whole = encoded("JPEG", **QUALITY)
    corrupt, unsupported = Status.CORRUPT_IMAGE, Status.UNSUPPORTED_IMAGE
    sof, scan = segment(whole, 0xC0), segment(whole, 0xDA)
    tables = segment(whole, 0xC4)
    yield bad("jpeg_without_frame", whole[: sof[0]] + whole[sof[1] :], corrupt)
    yield bad("jpeg_without_scan", whole[: scan[0]] + b"\xff\xd9", corrupt)
    yield bad("jpeg_no_marker", whole[: sof[0]] + b"what" + whole[sof[0] :], corrupt)
    yield bad("jpeg_segment_of_no_length", whole[:2] + b"\xff\xe0\x00\x00" + whole[2:], corrupt)
    damaged = whole[: tables[0] + 5] + b"\xff" * 16 + whole[tables[0] + 21 :]
    yield bad("jpeg_impossible_tables", damaged, corrupt)
    yield bad(
        "jpeg_short_frame", whole[: sof[0]] + b"\xff\xc0\x00\x04\x08\x00" + whole[sof[1] :], corrupt
    )
    for name, offset, value in (("12_bit", 4, 12), ("lossless", 1, 0xC3), ("arithmetic", 1, 0xC9)):
        changed = bytearray(whole)
        changed[sof[0] + offset] = value
        yield bad(f"jpeg_{name}", bytes(changed), unsupported)


def _sizes() -> Iterator[BadImage]:
    whole = encoded("JPEG", **QUALITY)
    yield bad("jpeg_bomb", _resized(whole, 30_000, 30_000), Status.TOO_LARGE_IMAGE)
    yield bad("jpeg_height_0", _resized(whole, 64, 0), Status.CORRUPT_IMAGE)
    yield bad("jpeg_width_0", _resized(whole, 0, 64), Status.CORRUPT_IMAGE)
    one, strip = Image.new("RGB", (1, 1), "red"), Image.new("RGB", (400, 3), "red")
    yield bad("jpeg_1_px", encoded("JPEG", one), Status.TOO_SMALL_IMAGE)
    yield bad("jpeg_strip", encoded("JPEG", strip), Status.TOO_SMALL_IMAGE)
    for colour in ("black", "white", "gray"):
        plain = Image.new("RGB", SIDE[::-1], colour)
        yield bad(f"jpeg_all_{colour}", encoded("JPEG", plain), Status.BLANK_IMAGE)


def _resized(whole: bytes, width: int, height: int) -> bytes:
    start = segment(whole, 0xC0)[0]
    return whole[: start + 5] + height.to_bytes(2) + width.to_bytes(2) + whole[start + 9 :]


def _odd_but_fine() -> Iterator[BadImage]:
    pixels = picture()
    whole = encoded("JPEG", **QUALITY)

    def same(name: str, data: bytes) -> BadImage:
        return fine(name, data, pixels, TOLERANCE)

    yield same("jpeg", whole)
    yield same("jpeg_progressive", encoded("JPEG", progressive=True, **QUALITY))
    yield same("jpeg_junk_after_end", whole + b"<html>" * 100)
    yield same("jpeg_second_image_after_end", whole + encoded("JPEG", Image.new("RGB", (9, 9))))
    yield same("jpeg_fill_bytes", whole[:2] + b"\xff\xff\xff" + whole[2:])
    yield same("jpeg_long_comment", encoded("JPEG", comment=b"x" * 60_000, **QUALITY))
    yield same("jpeg_broken_profile", encoded("JPEG", icc_profile=b"no profile", **QUALITY))
    exif = Image.Exif()
    exif[0x0112] = 6  # "rotate me": not for coordinates on the sky
    yield same("jpeg_exif_orientation", encoded("JPEG", exif=exif, **QUALITY))
    yield same(
        "jpeg_broken_exif", encoded("JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff", **QUALITY)
    )
    yield same("jpeg_restarts", encoded("JPEG", restart_marker_blocks=3, **QUALITY))
    grey = pixels[..., 1]
    yield fine(
        "jpeg_grey",
        encoded("JPEG", Image.fromarray(grey), quality=95),
        np.repeat(grey[..., None], 3, axis=2),
        TOLERANCE,
    )
    ink = 255 - pixels
    cmyk = Image.fromarray(np.dstack([ink, np.zeros(SIDE, np.uint8)]), "CMYK")
    yield same("jpeg_cmyk", encoded("JPEG", cmyk, **QUALITY))
    moving = io.BytesIO()
    frames = [Image.fromarray(255 - pixels)]
    Image.fromarray(pixels).save(moving, "MPO", save_all=True, append_images=frames, **QUALITY)
    yield same("jpeg_of_two_pictures", moving.getvalue())
