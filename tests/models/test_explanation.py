"""One galaxy's votes and maps."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from catalogues.galaxyzoo import BAR, NO_BAR
from models.ensemble import Ensemble, EnsembleSpec
from models.explanation import bar_maps, vote
from models.networks import Member, MemberSpec
from models.preprocess import FieldSpec
from models.saliency import SmoothGradParams, smoothgrad
from models.views import ViewParams

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


def test_votes_that_are_no_numbers_are_refused(ensemble: Ensemble, image: torch.Tensor) -> None:
    with pytest.raises(FloatingPointError, match="not finite"):
        vote(ensemble, image * torch.nan)
