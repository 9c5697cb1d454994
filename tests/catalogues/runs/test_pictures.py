"""Pictures: which galaxies, and that they can be looked at again."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from catalogues.runs.pictures import encode_map, encode_picture, is_kept


def test_the_kept_are_a_fraction_and_grow_with_it() -> None:
    few = {i for i in range(4000) if is_kept(i, 0.1)}
    many = {i for i in range(4000) if is_kept(i, 0.3)}
    assert abs(len(few) - 400) < 80
    assert few < many
    assert not any(is_kept(i, 0.0) for i in range(100))
    assert all(is_kept(i, 1.0) for i in range(100))


def test_a_map_comes_back_to_a_level() -> None:
    values = np.linspace(0, 1, 48).reshape(6, 8)
    values[0, 0] = np.nan
    shown = np.asarray(Image.open(io.BytesIO(encode_map(values)))) / 255
    np.testing.assert_allclose(shown, np.nan_to_num(values), atol=0.5 / 255)


def test_a_picture_comes_back_nearly() -> None:
    pixels = np.zeros((16, 24, 3), np.uint8)
    pixels[:, 12:] = (250, 200, 120)
    shown = np.asarray(Image.open(io.BytesIO(encode_picture(pixels))))
    assert shown.shape == pixels.shape
    assert np.abs(shown[:, 2] - pixels[:, 2].astype(int)).max() < 8
