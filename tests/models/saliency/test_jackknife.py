"""Maps without one group of samples: exact for a linear model, and the mean map stays as it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from models.networks.member import Member
from models.saliency.gradients import draw_noise, mean_gradients, smoothgrad
from models.saliency.jackknife import group_sizes, jackknife_gradients, smoothgrad_jackknife
from models.saliency.params import SmoothGradParams
from models.view_params import ViewParams
from tests.models.saliency.test_smoothgrad import BAR, SIDE, Linear

VIEWS = ViewParams(width=0.7, width_range=(0.5, 0.9), rotate=True, reflect=True)


@pytest.mark.parametrize(
    ("samples", "groups", "sizes"),
    [(256, 8, [32] * 8), (13, 4, [4, 3, 3, 3]), (3, 8, [1, 1, 1]), (1, 8, [1])],
)
def test_groups_share_the_samples_evenly(samples: int, groups: int, sizes: list[int]) -> None:
    assert group_sizes(SmoothGradParams(samples=samples, groups=groups)) == sizes


@pytest.mark.parametrize(
    ("samples", "groups", "sizes"), [(20, 4, [6, 6, 4, 4]), (7, 8, [2, 2, 2, 1]), (2, 8, [2])]
)
def test_pairs_are_not_parted(samples: int, groups: int, sizes: list[int]) -> None:
    params = SmoothGradParams(samples=samples, groups=groups, antithetic=True)
    assert group_sizes(params) == sizes


def test_a_single_group_says_nothing() -> None:
    with pytest.raises(ValueError, match="groups=1 must be at least 2"):
        SmoothGradParams(groups=1)


@pytest.mark.parametrize("params", [
    SmoothGradParams(samples=13, chunk=5, groups=4),
    SmoothGradParams(samples=16, chunk=4, groups=4, view=VIEWS),
    replace(SmoothGradParams.paper(), samples=6, chunk=6, groups=2),
])  # fmt: skip
def test_the_map_is_the_same_bit_for_bit(
    tiny: Member, images: torch.Tensor, params: SmoothGradParams
) -> None:
    mean, _ = jackknife_gradients(tiny, images[0], [BAR, 11], params, 3)
    assert torch.equal(mean, mean_gradients(tiny, images[0], [BAR, 11], params, 3))
    map_, without = smoothgrad_jackknife(tiny, images[0], BAR, params, 3)
    assert torch.equal(map_, smoothgrad(tiny, images[:1], BAR, params, [3])[0])
    assert without.shape == (len(group_sizes(params)), SIDE, SIDE)


def test_each_is_the_mean_over_the_others(tiny: Member, images: torch.Tensor) -> None:
    params = SmoothGradParams(samples=11, chunk=3, groups=3)
    _, without = jackknife_gradients(tiny, images[0], [BAR], params, 5)
    noise = draw_noise((3, SIDE, SIDE), 5, 0, 11, torch.device("cpu"))
    for i, (first, last) in enumerate([(0, 4), (4, 8), (8, 11)]):
        others = torch.cat([noise[:first], noise[last:]])
        few = replace(params, samples=len(others))
        expected = mean_gradients(tiny, images[0], [BAR], few, 0, others)
        torch.testing.assert_close(without[i], expected, atol=1e-7, rtol=1e-4)


@pytest.mark.parametrize("gradient", ["absolute", "signed"])
def test_a_linear_models_maps_are_all_the_same(images: torch.Tensor, gradient: str) -> None:
    weight = torch.randn(3, SIDE, SIDE, generator=torch.Generator().manual_seed(2))
    params = SmoothGradParams(samples=24, chunk=5, gradient=gradient)  # type: ignore[arg-type]
    map_, without = smoothgrad_jackknife(Linear(weight), images[0], BAR, params, 9)
    torch.testing.assert_close(without, map_.expand(8, -1, -1), atol=1e-5, rtol=0)


def test_one_sample_leaves_nothing_to_leave_out(tiny: Member, images: torch.Tensor) -> None:
    map_, without = smoothgrad_jackknife(tiny, images[0], BAR, SmoothGradParams(samples=1), 1)
    assert without.shape == (0, SIDE, SIDE)
    assert torch.isfinite(map_).all()
