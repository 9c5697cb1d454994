"""FITS files cut, broken and odd, mostly written card by card."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from astropy.io import fits

from catalogues.statuses import Status
from tests.badimages import BadImage, bad, fine

BLOCK = 2880
HEIGHT, WIDTH = 40, 56


def flux(seed: int = 3) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A galaxy in noise, brightest at FITS row 10, column 20 (first 0)."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    noise = np.random.default_rng(seed).normal(5, 1, (HEIGHT, WIDTH))
    return noise + 300 * np.exp(-((x - 20) ** 2 + (y - 10) ** 2) / 20)


def card(name: str, value: object) -> bytes:
    """One header card."""
    shown = {True: "T", False: "F"}.get(value, value) if isinstance(value, bool) else value
    text = f"'{shown:<8}'" if isinstance(shown, str) and len(shown) > 1 else f"{shown:>20}"
    return f"{name:<8}= {text}".ljust(80).encode("latin-1")


def head(*cards: bytes) -> bytes:
    """A header of whole blocks."""
    joined = b"".join(cards) + b"END".ljust(80)
    return joined + b" " * (-len(joined) % BLOCK)


def simple(bitpix: int, *axes: int, data: bytes = b"", more: tuple[bytes, ...] = ()) -> bytes:
    """A file with one primary array, padded; `axes`: fastest first."""
    sizes = [card(f"NAXIS{i}", n) for i, n in enumerate(axes, 1)]
    start = [card("SIMPLE", True), card("BITPIX", bitpix), card("NAXIS", len(axes))]
    return head(*start, *sizes, *more) + data + bytes(-len(data) % BLOCK)


def plane(values: Any, *more: bytes) -> bytes:
    """A file with one array of big-endian floats."""
    array = np.asarray(values, dtype=">f4")
    return simple(-32, *array.shape[::-1], data=array.tobytes(), more=more)


def squeezed(values: Any, **options: Any) -> bytes:
    """A tile-compressed file."""
    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(values, **options)]).writeto(buffer)
    return buffer.getvalue()


def fits_images() -> Iterator[BadImage]:
    """All of them."""
    yield from _cut()
    yield from _broken()
    yield from _sizes()
    yield from _nothing_to_see()
    yield from _no_image()
    yield from _compressed()
    yield from _odd_but_fine()


def _cut() -> Iterator[BadImage]:
    whole, truncated = plane(flux()), Status.TRUNCATED_IMAGE
    for name, cut in (
        ("in_signature", 6),
        ("after_first_card", 80),
        ("in_header", 130),
        ("after_header", BLOCK),
        ("in_data", BLOCK + HEIGHT * WIDTH * 2),
        ("before_last_pixel", BLOCK + HEIGHT * WIDTH * 4 - 1),
    ):
        yield bad(f"fits_cut_{name}", whole[:cut], truncated)
    endless = b"".join([card("SIMPLE", True), *[card("FILLER", 1)] * 71])
    yield bad("fits_header_without_end", endless, truncated)


def _broken() -> Iterator[BadImage]:
    corrupt = Status.CORRUPT_IMAGE
    yield bad("fits_bitpix_17", simple(17, 64, 64, data=bytes(64 * 64 * 8)), corrupt)
    yield bad("fits_negative_axis", simple(8, -64, 64), corrupt)
    yield bad("fits_no_naxis", head(card("SIMPLE", True), card("BITPIX", 8)), corrupt)
    axes = (card("BITPIX", 8), card("NAXIS", 2), card("NAXIS1", 64))
    yield bad("fits_axis_missing", head(card("SIMPLE", True), *axes), corrupt)
    yield bad(
        "fits_4000_axes",
        head(card("SIMPLE", True), card("BITPIX", 8), card("NAXIS", 4000)),
        corrupt,
    )
    yield bad(
        "fits_bitpix_text",
        head(card("SIMPLE", True), card("BITPIX", "many"), card("NAXIS", 0)),
        corrupt,
    )
    yield bad("fits_scale_text", plane(flux(), card("BSCALE", "large")), corrupt)
    yield bad("fits_header_not_ascii", plane(flux(), card("OBSERVER", "Jörg")), corrupt)
    yield bad("fits_no_pixels", simple(-32, 0, 64), corrupt)
    yield bad("fits_no_planes", simple(-32, 64, 64, 0), corrupt)


def _sizes() -> Iterator[BadImage]:
    too_large, too_small = Status.TOO_LARGE_IMAGE, Status.TOO_SMALL_IMAGE
    yield bad("fits_bomb", simple(-32, 30_000, 30_000, data=bytes(9999)), too_large)
    yield bad("fits_bomb_of_int64", simple(64, 2**62, 2**62), too_large)
    cards = tuple(card(f"K{i}", i) for i in range(10_100))
    yield bad("fits_10000_cards", plane(flux(), *cards), too_large)
    yield bad("fits_1_px", plane([[1.0]]), too_small)
    yield bad("fits_strip", plane(flux()[:3]), too_small)


def _nothing_to_see() -> Iterator[BadImage]:
    shape = (HEIGHT, WIDTH)
    not_finite, blank = Status.NOT_FINITE_IMAGE, Status.BLANK_IMAGE
    yield bad("fits_all_nan", plane(np.full(shape, np.nan)), not_finite)
    yield bad("fits_all_inf", plane(np.full(shape, -np.inf)), not_finite)
    yield bad("fits_nan_and_inf", plane(np.where(flux() > 6, np.nan, np.inf)), not_finite)
    integers = np.full(shape, -99, ">i2").tobytes()
    yield bad(
        "fits_all_blank_value",
        simple(16, WIDTH, HEIGHT, data=integers, more=(card("BLANK", -99),)),
        not_finite,
    )
    yield bad("fits_all_zero", plane(np.zeros(shape)), blank)
    yield bad("fits_constant", plane(np.full(shape, -7.25)), blank)
    yield bad("fits_constant_or_nan", plane(np.where(flux() > 6, np.nan, 2)), blank)
    yield bad(
        "fits_cube_of_constants", plane(np.stack([np.full(shape, n) for n in (1, 2, 3)])), blank
    )


def _no_image() -> Iterator[BadImage]:
    nothing = Status.NOT_AN_IMAGE
    buffer = io.BytesIO()
    column = fits.Column(name="flux", format="D", array=np.arange(9.0))
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns([column])]).writeto(buffer)
    yield bad("fits_table_only", buffer.getvalue(), nothing)
    yield bad("fits_empty_primary", simple(8), nothing)
    yield bad("fits_spectrum", simple(-32, 500, data=bytes(2000)), nothing)
    yield bad("fits_extension_alone", card("XTENSION", "IMAGE") + plane(flux())[80:], nothing)
    yield bad("fits_lower_case", b"simple  =" + plane(flux())[9:], nothing)
    cube = np.zeros((2, 3, HEIGHT, WIDTH))
    yield bad("fits_4_d", plane(cube), Status.UNSUPPORTED_IMAGE)
    groups = (card("GROUPS", True), card("PCOUNT", 5), card("GCOUNT", 2))
    yield bad("fits_random_groups", simple(-32, 0, 4, 4, more=groups), Status.UNSUPPORTED_IMAGE)


def _compressed() -> Iterator[BadImage]:
    whole = squeezed(np.rint(flux() * 10).astype(np.int32), compression_type="RICE_1")
    yield fine("fits_rice", whole)
    yield fine("fits_rice_floats", squeezed(flux().astype("f4")))
    yield fine(
        "fits_gzip_tiles",
        squeezed(flux().astype("f4"), compression_type="GZIP_2", quantize_level=0),
    )
    yield fine("fits_rice_cube", squeezed(np.stack([flux(n) for n in range(4)]).astype("f4")))
    start = whole.index(b"XTENSION")
    header = fits.Header.fromstring(whole[start:])
    data = start + -(-len(header.tostring()) // BLOCK) * BLOCK
    yield bad("fits_rice_cut_in_data", whole[: data + 700], Status.TRUNCATED_IMAGE)
    rows = header["NAXIS1"] * header["NAXIS2"]
    wrong = whole[:data] + b"\x7f" * rows + whole[data + rows :]
    yield bad("fits_rice_wrong_pointers", wrong, Status.CORRUPT_IMAGE)
    wide = _changed(whole, "ZNAXIS1", 30_000)
    yield bad("fits_rice_bomb", _changed(wide, "ZNAXIS2", 30_000), Status.TOO_LARGE_IMAGE)
    tall = _changed(whole, "ZTILE1", 2**30)
    yield bad("fits_rice_tile_bomb", tall, Status.TOO_LARGE_IMAGE)
    unknown = whole.replace(b"'RICE_1  '", b"'LATER_9 '")
    yield bad("fits_unknown_compression", unknown, Status.CORRUPT_IMAGE)


def _changed(data: bytes, name: str, value: int) -> bytes:
    at = data.index(f"{name:<8}=".encode())
    return data[:at] + card(name, value) + data[at + 80 :]


def _odd_but_fine() -> Iterator[BadImage]:
    image = flux()
    yield fine("fits", plane(image))
    yield fine("fits_without_padding", plane(image)[: BLOCK + image.size * 4])
    yield fine("fits_junk_after_end", plane(image) + b"<html>")
    yield fine("fits_some_nan", plane(np.where(image > 200, np.nan, image)))
    yield fine("fits_some_inf", plane(np.where(image > 200, np.inf, image)))
    yield fine("fits_huge_values", plane(image * 1e36))
    yield fine("fits_tiny_values", plane(image * 1e-36))
    yield fine(
        "fits_doubles", simple(-64, WIDTH, HEIGHT, data=(image * 1e300).astype(">f8").tobytes())
    )
    yield fine("fits_all_negative", plane(image - 1e4))
    stored = (np.rint(image * 50) - 2**15).astype(">i2").tobytes()
    yield fine(
        "fits_unsigned", simple(16, WIDTH, HEIGHT, data=stored, more=(card("BZERO", 32768),))
    )
    yield fine(
        "fits_bytes", simple(8, WIDTH, HEIGHT, data=image.clip(0, 255).astype("u1").tobytes())
    )
    yield fine("fits_blank_in_floats", plane(image, card("BLANK", -99)))
    bands = np.stack([flux(n) for n in range(5)])
    for count in (1, 2, 3, 5):
        yield fine(f"fits_cube_of_{count}", plane(bands[:count]))
    yield fine("fits_4_d_of_one", plane(bands[None, :3]))
    dark = bands[:3].copy()
    dark[1] = np.nan
    yield fine("fits_cube_with_a_dead_band", plane(dark))
    empty = simple(8, more=(card("EXTEND", True),))
    second = card("XTENSION", "IMAGE") + plane(image, card("PCOUNT", 0), card("GCOUNT", 1))[80:]
    yield fine("fits_in_extension", empty + second)
    yield fine(
        "fits_broken_wcs",
        plane(image, card("CTYPE1", "RA---TAN"), card("CTYPE2", 7), card("CD1_1", "x")),
    )
