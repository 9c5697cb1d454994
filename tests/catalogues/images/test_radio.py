"""Radio pre-processing against numbers known beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from catalogues.images.radio import RadioParams, noise, preprocess


def field(seed: int = 0) -> np.ndarray:
    """Noise of 2 units with a source of 1000 in the middle."""
    image = np.random.default_rng(seed).normal(0, 2.0, (150, 150))
    image[70:80, 70:80] = 1000.0
    return image


def test_the_noise_is_the_skys_own() -> None:
    assert noise(field()) == pytest.approx(2.0, rel=0.03)
    holed = field()
    holed[:10] = np.nan
    assert noise(holed) == pytest.approx(2.0, rel=0.03)
    assert noise(np.full((9, 9), np.nan)) == 0
    assert noise(np.full((9, 9), 4.0)) == 0


def test_clipped_scaled_and_without_gaps() -> None:
    image = field()
    image[0, 0], image[0, 1] = np.nan, np.inf
    out = preprocess(image, RadioParams())
    assert out.dtype == np.float32
    assert (out[75, 75], out[0, 0], out[0, 1]) == (1.0, 0.0, 0.0)
    level = 3 * noise(image)
    bright = np.isfinite(image) & (image >= level)
    np.testing.assert_allclose(out[bright], image[bright] / 1000, rtol=1e-6)
    assert not out[~bright].any()


def test_the_unit_does_not_matter() -> None:
    np.testing.assert_allclose(
        preprocess(field() * 5e-5, RadioParams()), preprocess(field(), RadioParams()), rtol=1e-5
    )


def test_each_step_can_be_left_out() -> None:
    image = field()
    kept = preprocess(image, RadioParams(clip_sigma=0))
    np.testing.assert_allclose(kept, (image - image.min()) / np.ptp(image), atol=1e-6)
    plain = preprocess(image, RadioParams(clip_sigma=0, scale="none"))
    np.testing.assert_allclose(plain, image, rtol=1e-6)
    linear = preprocess(image, RadioParams())
    np.testing.assert_allclose(
        preprocess(image, RadioParams(stretch="sqrt")), np.sqrt(linear), rtol=1e-5
    )
    stretched = preprocess(image, RadioParams(stretch="arcsinh"))
    assert stretched.max() == pytest.approx(1.0)
    assert (stretched >= linear - 1e-6).all()


def test_blank_images_and_wrong_values() -> None:
    for value in (0.0, 5.0, -5.0, np.nan):
        assert not preprocess(np.full((20, 20), value), RadioParams()).any()
    with pytest.raises(ValueError, match=r"must be \(H, W\), one band"):
        preprocess(np.zeros((9, 9, 3)), RadioParams())
    with pytest.raises(ValueError, match=r"clip_sigma=-1.0 must lie in 0\.\.100"):
        RadioParams(clip_sigma=-1.0)
    with pytest.raises(ValueError, match="stretch='sqrt' needs values in"):
        RadioParams(scale="none", stretch="sqrt")
