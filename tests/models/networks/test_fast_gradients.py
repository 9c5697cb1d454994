"""Fast members against the members themselves, on every device that is here."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from actors.find_ensemble import find_ensemble
from catalogues.images.decode import decode
from catalogues.mocks.table import mock_table
from catalogues.storage import StorageOptions
from models.barlength.estimator import read_bar
from models.networks.ensemble import Ensemble
from models.networks.fast_gradients import Compiled, FastMember, SpeedParams, fast, samples_that_fit
from models.networks.folding import folded
from models.networks.member import Member, to_device
from models.networks.presets import COMPACT, LITE
from models.networks.spec import EnsembleSpec, MemberSpec
from models.preprocess import canvas
from models.recipe import Recipe
from models.saliency.bar_maps import bar_maps, light_of
from models.saliency.gradients import gradient_sums, mean_gradients
from models.saliency.params import SmoothGradParams
from models.view_params import ViewParams

BAR = 5
DEVICES = [torch.device("cpu")] + [torch.device("cuda")] * torch.cuda.is_available()
NORMALISED = MemberSpec(
    name="normalised", architecture="narrow_vgg", input_px=32, head="sigmoid",
    mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.4), options={"width": 4},
)  # fmt: skip
SPECS = [
    replace(COMPACT[0], input_px=32, options={"width": 4}),
    replace(COMPACT[1], input_px=32, options={"width": 16, "layers": (1, 2)}),
    replace(COMPACT[2], input_px=32, options={"width": 8}),
    NORMALISED,
    replace(LITE, input_px=32, activation="silu"),  # at the kinks of a ReLU rounding tells
]


def with_statistics(spec: MemberSpec) -> Member:
    """A frozen member whose batch normalisations have seen something, float32."""
    torch.manual_seed(1)
    member = Member(spec).eval().requires_grad_(False)
    for norm in (m for m in member.modules() if isinstance(m, nn.BatchNorm2d)):
        norm.running_mean.normal_(0, 0.2)
        norm.running_var.uniform_(0.5, 2)
        norm.weight.uniform_(0.5, 1.5)
        norm.bias.normal_(0, 0.2)
    return member


@pytest.fixture(params=SPECS, ids=lambda spec: spec.name)
def member(request: pytest.FixtureRequest) -> Member:
    return with_statistics(request.param)


def relative(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).norm() / b.norm())


def test_folding_is_an_identity(member: Member, images: torch.Tensor) -> None:
    exact, x = copy.deepcopy(member).double(), images.double().requires_grad_(True)
    fast_one = folded(exact)
    norms = [m for m in fast_one.modules() if isinstance(m, nn.BatchNorm2d)]
    assert not norms
    for column in (BAR, 20):
        want, got = exact(x)[:, column].sum(), fast_one(x)[:, column].sum()
        assert got.item() == pytest.approx(want.item(), rel=1e-10)
        (a,), (b,) = torch.autograd.grad(got, x), torch.autograd.grad(want, x)
        assert relative(a, b) < 1e-10


@pytest.mark.parametrize("device", DEVICES, ids=str)
def test_fast_against_slow(member: Member, images: torch.Tensor, device: torch.device) -> None:
    params = SmoothGradParams(samples=16, view=ViewParams(width=0.8, rotate=True, reflect=True))
    slow = to_device(copy.deepcopy(member), device)
    quick = fast(slow, replace(SpeedParams.of(device), precision="float32"), device)
    image = images[0].to(device)
    want, got = (mean_gradients(m, image, [BAR], params, 3) for m in (slow, quick))
    assert 0 < relative(got, want) < 1e-5
    assert torch.equal(quick.votes(images.to(device)), slow.votes(images.to(device)))


@pytest.mark.parametrize("device", DEVICES, ids=str)
@pytest.mark.parametrize(("precision", "tolerance"), [("bfloat16", 0.03), ("float16", 0.003)])
def test_half_precision(
    images: torch.Tensor, precision: str, tolerance: float, device: torch.device
) -> None:
    # not a VGG: values that tie in half precision move the winners of its max-pooling
    slow = to_device(with_statistics(SPECS[1]), device)
    quick = FastMember(slow, SpeedParams(precision=precision))
    params, image = SmoothGradParams(samples=8), images[0].to(device)
    want, got = (mean_gradients(m, image, [BAR], params, 3) for m in (slow, quick))
    assert got.dtype == torch.float32
    assert 1e-5 < relative(got, want) < tolerance


@pytest.mark.parametrize("device", DEVICES, ids=str)
def test_votes_are_lowered_where_that_was_asked_for(
    images: torch.Tensor, device: torch.device
) -> None:
    slow, seen = to_device(with_statistics(SPECS[1]), device), images.to(device)
    exact = FastMember(slow, SpeedParams(precision="bfloat16")).votes(seen)
    lowered = FastMember(slow, SpeedParams(precision="bfloat16", lower_votes=True)).votes(seen)
    assert torch.equal(exact, slow.votes(seen))
    assert lowered.dtype == torch.float32
    assert 0 < (lowered - exact).abs().max() < 0.01


@pytest.mark.parametrize("device", DEVICES, ids=str)
def test_the_shipped_ensemble_in_bfloat16_measures_the_same_bar(device: torch.device) -> None:
    files = find_ensemble("compact", StorageOptions())
    spec, recipe = EnsembleSpec.from_dict(files.description), Recipe.from_dict(files.estimator)
    cut = canvas(decode(mock_table(4242, [5])["image"][0].as_py()["bytes"]).pixels, spec.field)
    made = []
    for speed in (SpeedParams.none(), SpeedParams(precision="bfloat16")):
        ensemble = Ensemble.from_bytes(spec, files.weights, str(device), speed)
        image = ensemble.image(cut)
        made.append(bar_maps(ensemble, image, replace(recipe.maps, samples=16), 7))
    slow, half = made
    for a, b in zip(slow, half, strict=True):
        assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.999
    lengths = [read_bar(m, recipe.estimator, light_of(image)).length_px for m in made]
    assert lengths[1] == pytest.approx(lengths[0], abs=1)


def test_a_network_that_cannot_be_traced_runs_as_it_is(
    images: torch.Tensor, caplog: pytest.LogCaptureFixture
) -> None:
    member = with_statistics(NORMALISED)
    plain = member.backbone.forward_features
    member.backbone.forward_features = lambda x: plain(x) if x.sum() > 0 else plain(2 * x)
    with caplog.at_level(logging.WARNING):
        quick = FastMember(member, SpeedParams())
        assert torch.equal(quick(images), member(images))
    assert "not folded" in quick.notes[0]
    assert quick.notes[0] in caplog.text


@pytest.fixture
def _compiler() -> Iterator[None]:
    yield
    torch._dynamo.reset()


@pytest.mark.usefixtures("_compiler")
def test_compiled_is_the_function_and_carries_gradients(tiny: Member, images: torch.Tensor) -> None:
    compiled = Compiled(folded(tiny), "tiny", backend="eager")
    x = images.clone().requires_grad_(True)
    torch.testing.assert_close(compiled(x), tiny(x), atol=1e-6, rtol=1e-5)
    assert compiled.reason is None
    (a,), (b,) = (torch.autograd.grad(f(x)[:, BAR].sum(), x) for f in (compiled, tiny))
    assert relative(a, b) < 1e-5


@pytest.mark.usefixtures("_compiler")
def test_several_answers_of_a_compiled_member(tiny: Member, images: torch.Tensor) -> None:
    quick = FastMember(tiny, SpeedParams(compile=True))
    quick.network = Compiled(quick.plain, "tiny", backend="aot_eager")  # frees what it has used
    params, image = SmoothGradParams(samples=8, chunk=4), images[0]
    want, got = (gradient_sums(m, image, [BAR, 20], params, 3, [5, 3]) for m in (tiny, quick))
    assert quick.network.reason is None
    for a, b in zip(want, got, strict=True):
        assert relative(b, a) < 1e-5


@pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need a GPU")
@pytest.mark.usefixtures("_compiler")
def test_replayed_graphs_give_each_galaxy_its_own_gradients(
    tiny: Member, images: torch.Tensor
) -> None:
    cuda = torch.device("cuda")
    slow = to_device(copy.deepcopy(tiny), cuda)
    quick = FastMember(slow, SpeedParams(compile=True, graphs=True))
    params, galaxies = SmoothGradParams(samples=8), images.to(cuda)
    want, got = (
        [mean_gradients(m, x, [BAR, 20], params, 3) for x in galaxies] for m in (slow, quick)
    )
    assert quick.network.reason is None
    for a, b in zip(want, got, strict=True):
        assert relative(b, a) < 1e-4


@pytest.mark.usefixtures("_compiler")
def test_without_a_compiler_it_says_so_once_and_goes_on(
    images: torch.Tensor, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(graph: object, inputs: object) -> object:
        raise OSError("no C++ compiler")

    compiled = Compiled(lambda x: x.square(), "square", backend=broken)
    with caplog.at_level(logging.WARNING, logger="models"):
        for _ in range(3):
            assert torch.equal(compiled(images), images.square())
    assert "no C++ compiler" in compiled.reason
    assert len([r for r in caplog.records if "not compiled" in r.message]) == 1


def test_running_out_of_memory_is_not_taken_for_a_missing_compiler(images: torch.Tensor) -> None:
    def full(x: torch.Tensor) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    compiled = Compiled(full, "full", backend="eager")
    compiled.compiled = full
    with pytest.raises(torch.OutOfMemoryError):
        compiled(images)
    assert compiled.reason is None


@pytest.mark.parametrize(
    ("free", "each", "count"),
    [(139e9, 100e6, 256), (24e9, 100e6, 128), (1e9, 100e6, 4), (1e6, 100e6, 1)],
)
def test_samples_that_fit(free: float, each: float, count: int) -> None:
    assert samples_that_fit(free, each) == count
    assert count == 1 or 1.5 * count * each <= free


def test_nothing_asked_for_is_the_member_itself(tiny: Member) -> None:
    assert fast(tiny, SpeedParams.none(), torch.device("cpu")) is tiny
    with pytest.raises(ValueError, match="precision='int8'"):
        SpeedParams(precision="int8")
    with pytest.raises(ValueError, match="needs compile=True"):
        SpeedParams(graphs=True)
