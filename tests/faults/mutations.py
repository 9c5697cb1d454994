"""Damaged images by a seed: bytes changed, cut, doubled, mixed, and numbers put where they hurt."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from tests.survey import galaxy_jpeg

CORPUS = Path(__file__).parent / "corpus"
"""Files that once did harm, and others worth beginning from."""

_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
_WORDS = (b"NAXIS1  =           2147483647", b"BITPIX  =                  -64", b"IDAT", b"IEND")
_WORDS += (b"\xff\xc0", b"\xff\xda", b"\xff\xd9", b"\xff\xdd", b"END" + b" " * 77, b"ZCMPTYPE")


def seeds() -> list[bytes]:
    """Good images of every kind that is read, small, and the corpus."""
    gray = np.add.outer(np.arange(32), np.arange(32)).astype(np.uint8)
    found = [galaxy_jpeg(1, 32)]
    for mode, more in (("L", {"quality": 60}), ("RGB", {"progressive": True}), ("CMYK", {})):
        found.append(_saved(Image.fromarray(gray).convert(mode), "JPEG", **more))
    for mode in ("L", "LA", "RGB", "RGBA", "P", "1", "I;16"):
        image = Image.fromarray(gray.astype(np.uint16) * 99) if mode == "I;16" else None
        found.append(_saved(image or Image.fromarray(gray).convert(mode), "PNG"))
    found += fits_seeds(gray)
    return found + [path.read_bytes() for path in sorted(CORPUS.glob("*")) if path.is_file()]


def fits_seeds(gray: np.ndarray) -> list[bytes]:
    """FITS images of several kinds of numbers, planes and packings."""
    from astropy.io import fits

    found = []
    for data in (gray.astype(np.float32), gray.astype(np.int16), np.stack([gray] * 3)):
        buffer = io.BytesIO()
        fits.PrimaryHDU(data).writeto(buffer)
        found.append(buffer.getvalue())
    buffer = io.BytesIO()
    packed = fits.CompImageHDU(gray.astype(np.int16), compression_type="RICE_1")
    fits.HDUList([fits.PrimaryHDU(), packed]).writeto(buffer)
    return [*found, buffer.getvalue()]


def mutant(rng: np.random.Generator, pool: list[bytes]) -> bytes:
    """One damaged image from `pool`."""
    data = bytearray(pool[rng.integers(len(pool))])
    for _ in range(rng.geometric(0.5)):
        if not data:
            break
        _damage(rng, data, pool)
    return bytes(data[: 1 << 20])


def mutants(seed: int, pool: list[bytes]) -> Iterator[bytes]:
    """Damaged images without end; the same ones for the same seed and pool."""
    rng = np.random.default_rng(seed)
    while True:
        yield mutant(rng, pool)


def _damage(rng: np.random.Generator, data: bytearray, pool: list[bytes]) -> None:
    # headers are where a few bytes matter most
    at = int(rng.integers(len(data)) if rng.random() < 0.5 else rng.integers(min(len(data), 512)))
    kind = rng.integers(8)
    if kind == 0:
        data[at] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        data[at] = int(rng.integers(256))
    elif kind == 2:
        del data[at:]
    elif kind == 3:
        del data[at : at + int(rng.integers(1, 64))]
    elif kind == 4:
        data[at:at] = data[at : at + int(rng.integers(1, 256))] * int(rng.integers(1, 4))
    elif kind == 5:
        size = int(rng.choice([1, 2, 4]))
        number = _NUMBERS[rng.integers(len(_NUMBERS))] & ((1 << 8 * size) - 1)
        data[at : at + size] = number.to_bytes(size, "big" if rng.random() < 0.7 else "little")
    elif kind == 6:
        word = _WORDS[rng.integers(len(_WORDS))]
        data[at : at + len(word)] = word
    else:
        other = pool[rng.integers(len(pool))]
        cut = int(rng.integers(len(other))) if other else 0
        data[at:] = other[cut:]


def _saved(image: Image.Image, kind: str, **more: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **more)
    return buffer.getvalue()
