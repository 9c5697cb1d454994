"""Bytes to pixels: every bad kind gets its status, every good one its pixels, nothing raises."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from catalogues.images.decode import Decoded, ImageLimits, decode
from catalogues.statuses import Status
from tests.badfits import plane, squeezed
from tests.badimages import BadImage, bad_images, encoded, picture


@cache
def kinds() -> dict[str, BadImage]:
    """The bad images by name."""
    return {image.name: image for image in bad_images()}


def check(image: BadImage, decoded: Decoded) -> None:
    """One image's outcome is as it must be."""
    if image.expected == "decoded":
        assert decoded.status is None, decoded.message
        assert decoded.pixels is not None
        assert decoded.pixels.dtype == np.uint8
        assert decoded.pixels.ndim == 3
        assert decoded.pixels.shape[2] == 3
        if image.pixels is not None:
            assert decoded.pixels.shape == image.pixels.shape
            difference = np.abs(decoded.pixels.astype(int) - image.pixels).max()
            assert difference <= image.tolerance
    else:
        assert decoded.status in image.expected, decoded.message
        assert decoded.pixels is None
        assert len(decoded.message) > 10


def test_kinds_are_many_and_named_apart() -> None:
    images = bad_images()
    assert len(kinds()) == len(images) >= 150
    covered = {
        status for image in images if image.expected != "decoded" for status in image.expected
    }
    assert covered == {status for status in Status if status.endswith("_image")}


@pytest.mark.parametrize("name", sorted(kinds()))
def test_kind(name: str) -> None:
    check(kinds()[name], decode(kinds()[name].data))


def test_many_threads_at_once() -> None:
    images = list(kinds().values()) * 3
    with ThreadPoolExecutor(8) as pool:
        for image, decoded in zip(images, pool.map(decode, [i.data for i in images]), strict=True):
            check(image, decoded)
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


def test_bombs_in_little_memory(tmp_path: Path) -> None:
    """A process that may grow by 300 MB recognises every bomb; unpacked they take gigabytes."""
    code = """
import resource, sys
from catalogues.images.decode import decode
import astropy.io.fits
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 300_000_000,) * 2)
for name in sys.argv[1:]:
    print(decode(open(name, "rb").read()).status)
"""
    if not sys.platform.startswith("linux"):
        pytest.skip("memory of a process can only be bounded on Linux")
    bombs = [image for image in kinds().values() if "bomb" in image.name]
    for number, image in enumerate(bombs):
        (tmp_path / f"{number:02d}").write_bytes(image.data or b"")
    names = [str(path) for path in sorted(tmp_path.iterdir())]
    done = subprocess.run(
        [sys.executable, "-c", code, *names], capture_output=True, text=True, check=True
    )
    for image, status in zip(bombs, done.stdout.split(), strict=True):
        assert (status == "None") if image.expected == "decoded" else status in image.expected


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_cut_anywhere_is_truncated(kind: str) -> None:
    whole = encoded(kind)
    assert decode(whole).status is None
    for cut in range(1, len(whole)):
        assert decode(whole[:cut]).status == Status.TRUNCATED_IMAGE, cut


def test_limits() -> None:
    data = encoded("PNG")
    for limits, status, match in (
        (ImageLimits(pixels_max=48 * 64), None, ""),
        (ImageLimits(pixels_max=48 * 64 - 1), Status.TOO_LARGE_IMAGE, "64 x 48 px are more"),
        (ImageLimits(side_min_px=48), None, ""),
        (ImageLimits(side_min_px=49), Status.TOO_SMALL_IMAGE, "under 49 px"),
        (ImageLimits(bytes_max=len(data)), None, ""),
        (ImageLimits(bytes_max=len(data) - 1), Status.TOO_LARGE_IMAGE, f"{len(data)} bytes"),
    ):
        decoded = decode(data, limits)
        assert decoded.status == status
        assert match in decoded.message


@pytest.mark.long
def test_larger_than_pillows_own_limit() -> None:
    """Pillow warns above 89 Mpx (an error here): the limit given counts instead."""
    gradient = np.zeros((9_000, 10_000), np.uint8)
    gradient[:, 5_000:] = 255
    data = encoded("PNG", Image.fromarray(gradient), compress_level=1)
    decoded = decode(data, ImageLimits(pixels_max=100_000_000))
    assert decoded.status is None
    assert decoded.pixels is not None
    assert decoded.pixels.shape == (9_000, 10_000, 3)


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"pixels_max": 0}, "pixels_max is 0: give a positive number"),
        ({"bytes_max": -1}, "bytes_max is -1"),
        ({"side_min_px": 100, "pixels_max": 9999}, "leaves no image"),
    ],
)
def test_impossible_limits(values: dict[str, int], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        ImageLimits(**values)


WHOLE = (
    encoded("JPEG"),
    encoded("JPEG", progressive=True),
    encoded("PNG"),
    plane(picture()[..., 0]),
    squeezed(picture()[..., 0].astype(np.int16)),
)


@settings(max_examples=300, deadline=None)
@given(
    data=st.sampled_from(WHOLE),
    changes=st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, 2**20),
    extra=st.binary(max_size=20),
)
def test_damage_is_always_an_answer(
    data: bytes, changes: list[tuple[int, int]], cut: int, extra: bytes
) -> None:
    """Whatever bytes change, there are pixels or a status with its reason; never "unforeseen"."""
    damaged = bytearray(data)
    for at, value in changes:
        damaged[at % len(damaged)] = value
    damaged = damaged[: len(damaged) - cut % len(damaged)] if cut % 2 else damaged
    decoded = decode(bytes(damaged) + extra)
    assert (decoded.status is None) == (decoded.pixels is not None)
    assert decoded.status != Status.FAILED, decoded.message
    assert (decoded.status is None) == (decoded.message == "")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_an_answer(data: bytes) -> None:
    decoded = decode(data)
    assert decoded.status not in (None, Status.FAILED)


def test_real_images_decode(data_dir: Path) -> None:
    examples = sorted((data_dir / "galaxyzoo_examples").glob("*.jpg"))
    thumbs = sorted((data_dir / "efigi" / "thumbs88").glob("*.jpg"))[::12]
    assert len(examples) == 390
    assert len(thumbs) > 250
    for path in [*examples, *thumbs]:
        decoded = decode(path.read_bytes())
        assert decoded.status is None, f"{path}: {decoded.message}"
        with Image.open(path) as image:
            assert decoded.pixels is not None
            assert np.array_equal(decoded.pixels, np.asarray(image.convert("RGB")))
