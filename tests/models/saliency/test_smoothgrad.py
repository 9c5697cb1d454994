"""SmoothGrad against a literal loop, against captum, and against a linear model's closed form."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from captum.attr import NoiseTunnel, Saliency
from torch import nn

from models.networks.member import Member
from models.networks.spec import MemberSpec
from models.saliency.gradients import draw_noise, mean_gradients, min_max, sample_seed, smoothgrad
from models.saliency.params import SmoothGradParams
from models.saliency.seeds import galaxy_seed
from models.view_params import ViewParams
from tests.reference.smoothgrad import smoothgrad_literal

SIDE = 32
BAR = 5


class Linear(Member):
    """score = w . x for column 5: its gradient is w everywhere, whatever the noise."""

    def __init__(self, weight: torch.Tensor) -> None:
        nn.Module.__init__(self)
        self.spec = MemberSpec(name="linear", architecture="none", input_px=SIDE, head="sigmoid")
        self.register_buffer("weight", weight)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        score = (images * self.get_buffer("weight")).flatten(1).sum(dim=1)
        return torch.stack([score * (1.0 if c == BAR else 0.0) for c in range(37)], dim=1)


def paper(**changes: object) -> SmoothGradParams:
    return replace(SmoothGradParams.paper(), **changes)


def test_paper_mode_equals_the_literal_loop(tiny: Member, images: torch.Tensor) -> None:
    # in float64: rounding can move the winner of a max-pooling, and then a whole sample's gradient
    noise = torch.randn(3, 16, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1)).double()
    exact = copy.deepcopy(tiny).double()
    params = paper(samples=16, chunk=5)
    ours = smoothgrad(exact, images.double(), BAR, params, [1, 2, 3], noise)
    for map_, image, given in zip(ours, images.double(), noise, strict=True):
        literal = smoothgrad_literal(exact, image, BAR, 0.1, given)
        torch.testing.assert_close(map_, literal, atol=1e-9, rtol=0)


def test_paper_mode_equals_captum_on_the_same_noise(tiny: Member, images: torch.Tensor) -> None:
    image, samples = images[:1], 12
    sigma = 0.1 * float(image.max() - image.min())
    torch.manual_seed(3)
    tunnel = NoiseTunnel(Saliency(lambda x: tiny(x)))  # Saliency takes |gradient| by default
    theirs = tunnel.attribute(
        image.clone(), nt_type="smoothgrad", nt_samples=samples, stdevs=sigma, target=BAR
    )
    # captum draws torch.normal(0, sigma) for the image repeated `samples` times
    torch.manual_seed(3)
    drawn = torch.normal(0.0, torch.full((samples, 3, SIDE, SIDE), sigma)) / sigma
    ours = mean_gradients(tiny, image[0], [BAR], paper(samples=samples), 0, drawn)[0]
    scale = float(theirs.abs().max())
    torch.testing.assert_close(ours / scale, theirs[0] / scale, atol=1e-5, rtol=0)


@pytest.mark.parametrize("noise_fraction", [0.0, 0.1, 0.25, 1.0])
@pytest.mark.parametrize("gradient", ["absolute", "signed"])
def test_a_linear_model_gives_its_weights_at_every_noise_level(
    images: torch.Tensor, noise_fraction: float, gradient: str
) -> None:
    weight = torch.randn(3, SIDE, SIDE, generator=torch.Generator().manual_seed(2))
    params = SmoothGradParams(samples=7, chunk=3, noise_fraction=noise_fraction, gradient=gradient)
    mean = mean_gradients(Linear(weight), images[0], [BAR], params, 99)[0]
    expected = weight.abs() if gradient == "absolute" else weight
    torch.testing.assert_close(mean, expected, atol=1e-5, rtol=1e-5)


class Square(Linear):
    """score = x . x / 2 for column 5: its gradient is x, linear in the noise."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        score = images.square().flatten(1).sum(dim=1) / 2
        return torch.stack([score * (1.0 if c == BAR else 0.0) for c in range(37)], dim=1)


@pytest.mark.parametrize("chunk", [1, 3, 32])
def test_antithetic_noise_cancels_where_the_gradient_is_linear_in_it(
    images: torch.Tensor, chunk: int
) -> None:
    member = Square(torch.ones(3, SIDE, SIDE))
    plain = SmoothGradParams(samples=6, chunk=chunk)
    mean = mean_gradients(member, images[0], [BAR], replace(plain, antithetic=True), 9)[0]
    torch.testing.assert_close(mean, images[0], atol=1e-6, rtol=0)
    noisy = mean_gradients(member, images[0], [BAR], plain, 9)[0]
    assert float((noisy - images[0]).std()) == pytest.approx(0.1 / 6**0.5, rel=0.1)


def test_an_antithetic_pair_shares_its_view(tiny: Member, images: torch.Tensor) -> None:
    view = ViewParams(width=0.7, rotate=True, reflect=True)
    quiet = SmoothGradParams(samples=6, chunk=4, noise_fraction=0, view=view)
    pairs = mean_gradients(tiny, images[0], [BAR], replace(quiet, antithetic=True), 9)
    each = mean_gradients(tiny, images[0], [BAR], replace(quiet, samples=3), 9)
    torch.testing.assert_close(pairs, each, atol=1e-5 * float(each.abs().max()), rtol=0)


def test_views_carry_a_gradient_back_to_where_it_came_from() -> None:
    # a model that looks at its centre alone: through any rotation the map is a spot at the centre
    weight = torch.zeros(3, SIDE, SIDE)
    weight[:, 14:18, 14:18] = 1.0
    view = ViewParams(width=0.7, width_range=(0.5, 0.9), rotate=True, reflect=True)
    params = SmoothGradParams(samples=64, view=view, smoothing_px=0)
    image = torch.rand(3, SIDE, SIDE, generator=torch.Generator().manual_seed(4))
    map_ = smoothgrad(Linear(weight), image[None], BAR, params, [8])[0].numpy()
    y, x = np.mgrid[:SIDE, :SIDE]
    centre = (SIDE - 1) / 2
    assert (map_ * x).sum() / map_.sum() == pytest.approx(centre, abs=0.15)
    assert (map_ * y).sum() / map_.sum() == pytest.approx(centre, abs=0.15)
    assert map_[np.hypot(x - centre, y - centre) > 5].max() == pytest.approx(0, abs=1e-6)


def test_a_galaxy_gets_the_same_map_in_any_batch_order_and_chunk(
    tiny: Member, images: torch.Tensor
) -> None:
    params = SmoothGradParams(samples=12, chunk=4)
    seeds = [galaxy_seed(7, object_id) for object_id in (587722981747982465, 12, 3)]
    together = smoothgrad(tiny, images, BAR, params, seeds)
    order = [2, 0, 1]
    shuffled = smoothgrad(tiny, images[order], BAR, params, [seeds[i] for i in order])
    alone = smoothgrad(tiny, images[1:2], BAR, params, seeds[1:2])
    assert torch.equal(together[order], shuffled)
    assert torch.equal(together[1:2], alone)
    chunked = smoothgrad(tiny, images, BAR, SmoothGradParams(samples=12, chunk=5), seeds)
    torch.testing.assert_close(chunked, together, atol=2e-5, rtol=0)


def test_several_classes_in_one_pass_equal_each_alone(tiny: Member, images: torch.Tensor) -> None:
    params = SmoothGradParams(samples=6)
    both = smoothgrad(tiny, images, [BAR, 11], params, [1, 2, 3])
    assert both.shape == (3, 2, SIDE, SIDE)
    for i, column in enumerate((BAR, 11)):
        single = smoothgrad(tiny, images, column, params, [1, 2, 3])
        torch.testing.assert_close(both[:, i], single, atol=1e-5, rtol=0)


def test_noise_is_standard_normal_and_belongs_to_galaxy_and_sample() -> None:
    noise = draw_noise((3, 64, 64), seed=5, first=0, count=8, device=torch.device("cpu"))
    n = noise.numel()
    assert abs(float(noise.mean())) < 5 / math.sqrt(n)
    assert float(noise.std()) == pytest.approx(1, abs=5 / math.sqrt(2 * n))
    later = draw_noise((3, 64, 64), seed=5, first=6, count=2, device=torch.device("cpu"))
    assert torch.equal(noise[6:], later)
    other = draw_noise((3, 64, 64), seed=6, first=0, count=1, device=torch.device("cpu"))
    assert not torch.equal(noise[:1], other)


def test_seeds_are_distinct_for_close_ids_and_fit_torch() -> None:
    seeds = {galaxy_seed(run, i) for run in (0, 1) for i in (-1, 0, 1, 2, 2**62, 2**63 - 1)}
    assert len(seeds) == 12
    assert all(0 <= s < 2**63 for s in seeds)
    assert sample_seed(1, 2) != sample_seed(2, 1)


def test_a_constant_gradient_says_nothing(images: torch.Tensor) -> None:
    flat = Linear(torch.ones(3, SIDE, SIDE))
    params = SmoothGradParams(samples=2, smoothing_px=0)
    map_ = smoothgrad(flat, images[:1], BAR, params, [1])
    assert torch.isnan(map_).all()


def test_multiply_by_input_is_the_scaled_map_times_grey(tiny: Member, images: torch.Tensor) -> None:
    plain = smoothgrad(tiny, images[:1], BAR, paper(samples=4), [1])
    times = smoothgrad(tiny, images[:1], BAR, paper(samples=4, multiply_by_input=True), [1])
    torch.testing.assert_close(times, plain * images[:1].mean(dim=1))


def test_smoothing_keeps_the_centre_and_widens_by_sigma() -> None:
    weight = torch.zeros(3, SIDE, SIDE)
    weight[:, 15, 16] = 1.0
    params = SmoothGradParams(samples=1, noise_fraction=0, smoothing_px=2.0)
    map_ = smoothgrad(Linear(weight), torch.rand(1, 3, SIDE, SIDE), BAR, params, [1])[0].numpy()
    y, x = np.mgrid[:SIDE, :SIDE]
    total = map_.sum()
    assert (map_ * x).sum() / total == pytest.approx(16, abs=0.02)
    spread = math.sqrt((map_ * (y - 15) ** 2).sum() / total)
    assert spread == pytest.approx(2.0, rel=0.02)


def test_min_max_spans_zero_to_one() -> None:
    maps = torch.rand(4, 9, 9) * 3 - 7
    scaled = min_max(maps)
    assert torch.equal(scaled.amin(dim=(1, 2)), torch.zeros(4))
    assert torch.equal(scaled.amax(dim=(1, 2)), torch.ones(4))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"samples": 0}, "samples=0"),
        ({"noise_fraction": -0.1}, "noise_fraction=-0.1"),
        ({"gradient": "both"}, "gradient='both'"),
        ({"channels": "mean"}, "channels='mean'"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SmoothGradParams(**changes)  # type: ignore[arg-type]


def test_wrong_class_and_wrong_number_of_seeds(tiny: Member, images: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="0-36"):
        smoothgrad(tiny, images, 37, SmoothGradParams(samples=1), [1, 2, 3])
    with pytest.raises(ValueError, match="2 seeds for 3 images"):
        smoothgrad(tiny, images, BAR, SmoothGradParams(samples=1), [1, 2])
