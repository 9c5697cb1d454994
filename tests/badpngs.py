"""PNGs cut, broken and odd."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

from catalogues.statuses import Status
from tests.badimages import SIDE, BadImage, bad, encoded, fine, picture

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6


def chunk(name: bytes, body: bytes = b"") -> bytes:
    """A chunk with its length and checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def header(width: int, height: int, bits: int = 8, colour: int = RGB, interlace: int = 0) -> bytes:
    """The IHDR chunk."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlace))


def png(samples: Any, bits: int, colour: int, *before: bytes) -> bytes:
    """A PNG of (H, bytes per row) packed samples; `before`: chunks ahead of the pixels."""
    rows = np.asarray(samples, dtype=np.uint8).reshape(len(samples), -1)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    width = (
        rows.shape[1] * 8 // bits // {GREY: 1, PALETTE: 1, GREY_ALPHA: 2, RGB: 3, RGBA: 4}[colour]
    )
    parts = [header(width, len(rows), bits, colour), *before, chunk(b"IDAT", zlib.compress(raw))]
    return SIGNATURE + b"".join(parts) + chunk(b"IEND")


def pngs() -> Iterator[BadImage]:
    """All of them."""
    yield from _cut()
    yield from _broken()
    yield from _sizes()
    yield from _modes()
    yield from _odd_but_fine()


def _cut() -> Iterator[BadImage]:
    whole = encoded("PNG")
    truncated = Status.TRUNCATED_IMAGE
    data, end = whole.index(b"IDAT") - 4, whole.index(b"IEND") - 4
    for name, cut in (
        ("in_signature", 5),
        ("after_signature", 8),
        ("in_header", 20),
        ("after_header", data),
        ("in_data", (data + end) // 2),
        ("in_last_checksum", end - 2),
        ("before_end", end),
        ("in_end", len(whole) - 3),
    ):
        yield bad(f"png_cut_{name}", whole[:cut], truncated)


def _broken() -> Iterator[BadImage]:
    whole, corrupt = encoded("PNG"), Status.CORRUPT_IMAGE
    for name, at in (("header", 17), ("data", whole.index(b"IDAT") + 30)):
        damaged = whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :]
        yield bad(f"png_wrong_checksum_{name}", damaged, corrupt)
    head, end = header(64, 48), chunk(b"IEND")
    few = zlib.compress((b"\0" + bytes(range(192))) * 20)
    for name, body in (
        ("no_data", head + end),
        ("data_are_junk", head + chunk(b"IDAT", b"these are no pixels at all") + end),
        ("data_stop_short", head + chunk(b"IDAT", few) + end),
        ("data_cut_inside", head + chunk(b"IDAT", few[:-30]) + end),
        ("unknown_filter", head + chunk(b"IDAT", zlib.compress((b"\x09" + bytes(192)) * 48)) + end),
        ("impossible_depth", header(64, 48, 3) + chunk(b"IDAT", few) + end),
        ("header_not_first", chunk(b"gAMA", bytes(4)) + whole[8:]),
        ("no_header", chunk(b"IDAT", few) + end),
        ("short_header", chunk(b"IHDR", bytes(5)) + end),
        ("no_chunks", b"<html>what is this doing here</html>"),
    ):
        yield bad(f"png_{name}", SIGNATURE + body, corrupt)
    index = np.arange(48 * 64, dtype=np.uint8).reshape(48, 64)
    yield bad(
        "png_palette_is_empty", png(index, 8, PALETTE, chunk(b"PLTE")), corrupt, Status.BLANK_IMAGE
    )


def _sizes() -> Iterator[BadImage]:
    end = chunk(b"IEND")
    few = chunk(b"IDAT", zlib.compress(bytes(100)))
    yield bad(
        "png_bomb_header", SIGNATURE + header(30_000, 30_000) + few + end, Status.TOO_LARGE_IMAGE
    )
    zeros = zlib.compress(bytes(30_000 * (1 + 30_000 // 8)), 1)
    bomb = SIGNATURE + header(30_000, 30_000, 1, GREY) + chunk(b"IDAT", zeros) + end
    yield bad("png_bomb_whole", bomb, Status.TOO_LARGE_IMAGE)
    widest = SIGNATURE + header(2**31 - 1, 2**31 - 1) + few + end
    yield bad("png_bomb_widest", widest, Status.TOO_LARGE_IMAGE)
    yield bad("png_bomb_cut", bomb[:1000], Status.TOO_LARGE_IMAGE, Status.TRUNCATED_IMAGE)
    yield bad("png_width_0", SIGNATURE + header(0, 48) + few + end, Status.CORRUPT_IMAGE)
    yield bad("png_height_0", SIGNATURE + header(64, 0) + few + end, Status.CORRUPT_IMAGE)
    yield bad("png_1_px", encoded("PNG", Image.new("RGB", (1, 1))), Status.TOO_SMALL_IMAGE)
    yield bad("png_strip", encoded("PNG", Image.new("RGB", (2, 900))), Status.TOO_SMALL_IMAGE)
    clear = np.dstack([picture(), np.zeros(SIDE, np.uint8)])
    yield bad("png_blank", png(np.full((48, 192), 7), 8, RGB), Status.BLANK_IMAGE)
    yield bad("png_all_transparent", png(clear, 8, RGBA), Status.BLANK_IMAGE)
    plate = chunk(b"PLTE", bytes([9, 9, 9] * 4))
    yield bad(
        "png_blank_palette",
        png(np.arange(48 * 64).reshape(48, 64) % 4, 8, PALETTE, plate),
        Status.BLANK_IMAGE,
    )


def _modes() -> Iterator[BadImage]:
    pixels = picture()
    grey = pixels[..., 1]
    as_grey = np.repeat(grey[..., None], 3, axis=2)
    low = np.full(SIDE, 0x7F, np.uint8)  # the low bytes of sixteen-bit samples
    yield fine("png_grey", png(grey, 8, GREY), as_grey)
    yield fine("png_16_bit", png(np.stack([grey, low], -1), 16, GREY), as_grey)
    both = np.stack([pixels, np.repeat(low[..., None], 3, axis=2)], axis=-1)
    yield fine("png_16_bit_rgb", png(both, 16, RGB), pixels)
    bits = (grey > 60).astype(np.uint8)
    black_white = np.repeat(bits[..., None] * 255, 3, axis=2).astype(np.uint8)
    yield fine("png_1_bit", png(np.packbits(bits, axis=1), 1, GREY), black_white)
    four = (grey >> 6).reshape(48, 16, 4) << np.array([6, 4, 2, 0], np.uint8)
    two_bit = np.repeat(((grey >> 6) * 85)[..., None], 3, axis=2).astype(np.uint8)
    yield fine("png_2_bit", png(four.sum(axis=2), 2, GREY), two_bit)
    colours = np.random.default_rng(1).integers(0, 256, (256, 3), dtype=np.uint8)
    plate = chunk(b"PLTE", colours.tobytes())
    yield fine("png_palette", png(grey, 8, PALETTE, plate), colours[grey])
    clear = np.where(np.arange(256) % 2, 255, 0).astype(np.uint8)
    seen = (colours * (clear[:, None] > 0)).astype(np.uint8)
    plate += chunk(b"tRNS", clear.tobytes())
    yield fine("png_palette_transparent", png(grey, 8, PALETTE, plate), seen[grey])
    alpha = np.tile(np.linspace(0, 255, SIDE[1]).astype(np.uint8), (SIDE[0], 1))
    on_black = np.rint(pixels * (alpha[..., None] / 255)).astype(np.uint8)
    yield fine("png_alpha", png(np.dstack([pixels, alpha]), 8, RGBA), on_black)
    yield fine(
        "png_grey_alpha",
        png(np.stack([grey, alpha], -1), 8, GREY_ALPHA),
        np.rint(as_grey * (alpha[..., None] / 255)).astype(np.uint8),
    )
    one = chunk(b"tRNS", struct.pack(">HHH", *pixels[18, 24]))
    holed = np.where((pixels == pixels[18, 24]).all(-1, keepdims=True), 0, pixels)
    yield fine("png_one_colour_transparent", png(pixels, 8, RGB, one), holed)


def _odd_but_fine() -> Iterator[BadImage]:
    pixels = picture()
    yield fine("png", encoded("PNG"), pixels)
    yield fine("png_junk_after_end", encoded("PNG") + b"<html>", pixels)
    frames = [Image.fromarray(255 - pixels)]
    yield fine("png_animated", encoded("PNG", save_all=True, append_images=frames), pixels)
    for name, extra in (
        ("broken_animation", chunk(b"acTL", bytes(8))),
        ("text_bomb", chunk(b"zTXt", b"note\0\0" + zlib.compress(bytes(80_000_000), 1))),
        ("broken_profile", chunk(b"iCCP", b"name\0\0no profile at all")),
        ("broken_exif", chunk(b"eXIf", b"MM\0*\xff\xff\xff\xff")),
        ("unknown_chunk", chunk(b"gaLx", bytes(900))),
    ):
        yield fine(f"png_{name}", png(pixels, 8, RGB, extra), pixels)
    split = zlib.compress(b"".join(b"\0" + row.tobytes() for row in pixels))
    parts = b"".join(chunk(b"IDAT", split[i : i + 7]) for i in range(0, len(split), 7))
    yield fine("png_data_in_crumbs", SIGNATURE + header(64, 48) + parts + chunk(b"IEND"), pixels)
    yield fine("png_interlaced", _interlaced(pixels), pixels)


def _interlaced(pixels: Any) -> bytes:
    """Adam7: seven passes, each a small image of its own (PNG specification, section 8.2)."""
    raw = b""
    for x, y, dx, dy in (
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
        (0, 1, 1, 2),
    ):  # fmt: skip
        raw += b"".join(b"\0" + row.tobytes() for row in pixels[y::dy, x::dx])
    return (
        SIGNATURE
        + header(64, 48, interlace=1)
        + chunk(b"IDAT", zlib.compress(raw))
        + chunk(b"IEND")
    )
