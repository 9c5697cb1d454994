"""One galaxy's votes and maps."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from catalogues.galaxyzoo import BAR, NO_BAR
from models.barlength.estimator import EstimatorParams, mean_map, sampling_error
from models.networks.ensemble import Ensemble, normalised
from models.networks.member import Member
from models.networks.spec import EnsembleSpec, MemberSpec
from models.preprocess import brightness
from models.saliency.bar_maps import (
    bar_maps,
    bar_maps_with_jackknife,
    light_of,
    maps_of_kinds,
    vote,
)
from models.saliency.gradients import mean_gradients, smoothgrad
from models.saliency.params import SmoothGradParams
from models.view_params import FieldSpec, ViewParams

SIDE = 32


@pytest.fixture(scope="module")
def ensemble() -> Ensemble:
    torch.manual_seed(1)
    specs = tuple(
        MemberSpec(name=n, architecture="narrow_vgg", input_px=SIDE, options={"width": 4})
        for n in "ab"
    )
    spec = EnsembleSpec(
        name="tiny",
        members=specs,
        weights=("a", "b"),
        sha256=("", ""),
        field=FieldSpec(canvas_px=SIDE),
        votes_view=ViewParams(),
        vote_views=1,
    )
    return Ensemble(spec, [Member(s) for s in specs])


@pytest.fixture
def image() -> torch.Tensor:
    return torch.rand(3, SIDE, SIDE, generator=torch.Generator().manual_seed(2))


def test_votes_are_the_mean_over_members(ensemble: Ensemble, image: torch.Tensor) -> None:
    found = vote(ensemble, image)
    with torch.no_grad():
        each = np.stack([m.votes(image[None])[0].numpy() for m in ensemble.members])
    np.testing.assert_allclose(found.mean, each.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(found.std, each.std(axis=0), atol=1e-6)
    expected = found.mean[BAR] / (found.mean[BAR] + found.mean[NO_BAR])
    assert found.bar_fraction == pytest.approx(expected)


def test_maps_are_each_members_of_the_bar_answer(ensemble: Ensemble, image: torch.Tensor) -> None:
    params = SmoothGradParams(samples=4, chunk=2)
    found = bar_maps(ensemble, image, params, seed=7)
    assert found.shape == (2, SIDE, SIDE)
    assert found.dtype == np.float32
    second = smoothgrad(ensemble.members[1], image[None], BAR, params, [7])[0].numpy()
    np.testing.assert_array_equal(found[1], second)


def test_maps_without_a_group_come_with_the_same_maps(
    ensemble: Ensemble, image: torch.Tensor
) -> None:
    params = SmoothGradParams(samples=12, chunk=5, groups=4)
    each = bar_maps_with_jackknife(ensemble, image, params, 7, "lengths")
    mean = bar_maps_with_jackknife(ensemble, image, params, 7, "maps")
    for found in (each, mean):
        np.testing.assert_array_equal(found.maps, bar_maps(ensemble, image, params, seed=7))
        assert found.jackknife_maps.dtype == np.float16
    assert each.jackknife_maps.shape == (2, 4, SIDE, SIDE)
    assert mean.jackknife_maps.shape == (1, 4, SIDE, SIDE)
    for g in range(4):
        expected = mean_map(each.jackknife_maps[:, g].astype(float))
        np.testing.assert_allclose(mean.jackknife_maps[0, g], expected, atol=1e-3)


def test_a_single_sample_has_no_sampling_error(ensemble: Ensemble, image: torch.Tensor) -> None:
    found = bar_maps_with_jackknife(ensemble, image, SmoothGradParams(samples=1), 7, "maps")
    assert found.jackknife_maps.size == 0
    assert np.isnan(sampling_error(found.jackknife_maps, EstimatorParams()))


def test_kinds_that_share_gradients_are_each_what_they_are_alone(
    ensemble: Ensemble, image: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = {
        "signed": SmoothGradParams(samples=3, chunk=2),
        "largest": SmoothGradParams(samples=3, chunk=2, channels="max", smoothing_px=0.0),
        "absolute": SmoothGradParams(samples=3, chunk=2, gradient="absolute"),
        "crop": SmoothGradParams(samples=3, chunk=2, view=ViewParams(width=0.7)),
    }
    alone = {name: bar_maps(ensemble, image, params, seed=5) for name, params in kinds.items()}
    passes = []

    def counted(*given: object) -> torch.Tensor:
        passes.append(given)
        return mean_gradients(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("models.saliency.bar_maps.mean_gradients", counted)
    found = dict(maps_of_kinds(ensemble, image, kinds, 5))
    assert found.keys() == alone.keys()
    for name, maps in found.items():
        np.testing.assert_array_equal(maps, alone[name])
    assert len(passes) == 3 * len(ensemble.members)


def test_votes_that_are_no_numbers_are_refused(ensemble: Ensemble, image: torch.Tensor) -> None:
    with pytest.raises(FloatingPointError, match="not finite"):
        vote(ensemble, image * torch.nan)


def test_the_light_of_an_image_is_its_canvas_brightness() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    sky, scale = (9.0, 12.0, 15.0), 120.0
    image = normalised(pixels[None], np.array([sky], np.float32), np.array([scale], np.float32), torch.device("cpu"))[0]  # noqa: E501  # fmt: skip
    np.testing.assert_allclose(light_of(image), brightness(pixels, np.array(sky), scale), atol=1e-6)
