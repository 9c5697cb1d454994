"""Metrics of maps: what an oracle and chance score, literal loops, a trained network's methods."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from captum.metrics import infidelity as captum_infidelity
from torch import Tensor, nn

from models.attribution.methods import attribute
from models.attribution.params import METHODS, SIGNED, AttributionParams
from models.faithfulness.curves import important_first, probabilities_of, probability_area
from models.faithfulness.metrics import (
    FaithfulnessTest,
    faithfulness,
    localisation,
    randomised,
    why_undefined,
)
from models.faithfulness.params import (
    BETTER,
    BY_IMAGE_ALONE,
    FAITHFULNESS,
    LOCALISATION,
    FaithfulnessParams,
)
from models.faithfulness.perturbation import _squares, infidelity, max_sensitivity, removals
from models.view_params import ViewParams
from tests.models.bar_finder import bar_finder, bars
from tests.reference.faithfulness import infidelity_literal, probability_area_literal

SIDE = 24
QUICK = FaithfulnessParams(curve_steps=16, infidelity_samples=24, sensitivity_samples=2)
Floats = np.ndarray


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return bar_finder()


@pytest.fixture(scope="module")
def mask() -> Floats:
    """A twelfth of the image, away from its centre."""
    inside = np.zeros((SIDE, SIDE), dtype=bool)
    inside[3:9, 12:20] = True
    return inside


def some_map(seed: int) -> Floats:
    return np.random.default_rng(seed).random((SIDE, SIDE), dtype=np.float32)


def as_given(map_: Floats) -> Any:
    return lambda network, image: map_


def trial(
    network: nn.Module, image: Tensor, target: int, params: FaithfulnessParams, seed: int,
    mask: Floats | None = None,
) -> FaithfulnessTest:  # fmt: skip
    return FaithfulnessTest(
        network=network, image=image, target=target, params=params, seed=seed, mask=mask
    )


def test_an_oracle_scores_one_and_its_opposite_none(mask: Floats) -> None:
    assert localisation(mask.astype(float), mask) == dict.fromkeys(LOCALISATION, 1.0)
    assert localisation(1.0 - mask, mask) == dict.fromkeys(LOCALISATION, 0.0)


def test_noise_scores_the_share_of_the_mask(mask: Floats) -> None:
    found = [localisation(some_map(seed), mask) for seed in range(200)]
    for name in LOCALISATION:
        assert np.mean([f[name] for f in found]) == pytest.approx(mask.mean(), abs=0.05)


def test_localisation_by_hand() -> None:
    map_ = np.array([[4.0, -9.0, 2.0], [1.0, 1.0, 0.0]])
    inside = np.array([[True, True, False], [False, True, False]])
    # positive: 8, inside 4 + 1; highest three: 4, 2 and one of two equal 1, one of which is inside
    assert localisation(map_, inside) == pytest.approx(
        {"relevance_mass": 5 / 8, "relevance_rank": 1.5 / 3, "pointing_game": 1.0}
    )


def test_equal_values_count_as_if_drawn_at_random(mask: Floats) -> None:
    wide = np.zeros((SIDE, SIDE))
    wide[:12] = 1.0
    found = localisation(wide, mask)
    assert found["pointing_game"] == pytest.approx(mask[:12].mean())
    assert found["relevance_rank"] == pytest.approx(mask[:12].mean())


@pytest.mark.parametrize(
    ("fill", "empty", "words"),
    [
        (np.nan, False, "not finite"),
        (1.0, False, "constant"),
        (None, True, "mask is empty"),
        (-1.0, False, "no positive evidence"),
    ],
)
def test_metrics_that_are_undefined_are_nan_with_a_reason(
    mask: Floats, fill: float | None, empty: bool, words: str
) -> None:
    map_ = some_map(0) if fill is None else np.full((SIDE, SIDE), fill)
    if fill == -1.0:
        map_[0, 0] = -2.0
    inside = mask & (not empty)
    assert words in (why_undefined(map_, inside) or "")
    assert all(np.isnan(v) for v in localisation(map_, inside).values())


def test_a_map_of_another_shape_is_refused(network: nn.Module, mask: Floats) -> None:
    image, map_ = bars(1, seed=5)[0][0], some_map(0)[:20]
    with pytest.raises(ValueError, match="needs a mask of that shape"):
        localisation(map_, mask)
    with pytest.raises(ValueError, match=r"a map of shape \(20, 24\) does not fit an image"):
        faithfulness(trial(network, image, 1, QUICK, 0), map_, as_given(map_))
    with pytest.raises(ValueError, match="target=2 is a class that the network lacks"):
        faithfulness(trial(network, image, 2, QUICK, 0), some_map(0), as_given(map_))


@pytest.mark.parametrize("black", [True, False])
def test_insertion_and_deletion_equal_the_loop_over_pixels(network: nn.Module, black: bool) -> None:
    image, map_ = bars(1, seed=5)[0][0], some_map(3)
    other = torch.zeros_like(image) if black else image.mean().expand_as(image)
    for begin, end in ((image, other), (other, image)):
        literal = probability_area_literal(network, 1, begin, end, map_)
        places = important_first(map_, 0)
        found = probability_area(network, 1, begin, end, places, SIDE**2, "softmax", 64)
        assert found == pytest.approx(literal, abs=1e-6)
        # 16 steps of a curve that bends little within one
        found = probability_area(network, 1, begin, end, places, 16, "softmax", 5)
        assert found == pytest.approx(literal, abs=0.02)


def test_equal_pixels_are_taken_in_an_order_of_the_seed() -> None:
    map_ = np.zeros((6, 6))
    map_[2, 2:5] = 1.0
    orders = [important_first(map_, seed) for seed in (0, 0, 1)]
    assert np.array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[0], orders[2])
    for order in orders:
        assert sorted(order[2, 2:5]) == [0, 1, 2]
        np.testing.assert_array_equal(np.sort(order.ravel()), np.arange(36))


def test_probabilities_are_asked_for_as_the_network_means_them() -> None:
    logits = torch.tensor([[0.0, np.log(3.0)]])
    assert probabilities_of(logits, "softmax")[0].tolist() == pytest.approx([0.25, 0.75])
    assert probabilities_of(logits, "sigmoid")[0].tolist() == pytest.approx([0.5, 0.75])
    with pytest.raises(ValueError, match="of one logit is always 1"):
        probabilities_of(logits[:, :1], "softmax")


def test_infidelity_equals_the_loop_over_squares(network: nn.Module) -> None:
    image, map_ = bars(1, seed=5)[0][0], some_map(3)
    squares = _squares(20, image, 5, torch.Generator().manual_seed(9))[:, 0].numpy()
    assert (squares.sum(axis=(1, 2)) == 25).all()
    literal = infidelity_literal(network, image, 1, map_, list(squares))
    removed = removals(network, image, 1, torch.zeros_like(image), 20, 5, 9, 8)
    found = infidelity(map_, removed)
    assert found == pytest.approx(literal, rel=1e-4)
    assert found > 0.2  # the best multiple of noise foretells little
    # the size of the map does not matter
    assert infidelity(50 * map_, removed) == pytest.approx(found, rel=1e-4)
    assert infidelity(0 * map_, removed) == 1


def test_infidelity_equals_captums(network: nn.Module) -> None:
    image, map_ = bars(1, seed=5)[0][0], some_map(3)
    removed = removals(network, image, 1, torch.zeros_like(image), 20, 5, 9, 8)
    inside = removed.squares[:, None]
    values = torch.from_numpy(map_)[None]
    # its error over that of a map of zeros, which is the changes themselves
    theirs = captum_infidelity(
        network,
        lambda inputs: (inside.repeat(2, 1, 1, 1).float(), inputs * ~inside.repeat(2, 1, 1, 1)),
        torch.stack([image, image]), torch.stack([values, 0 * values]), target=1,
        n_perturb_samples=20, max_examples_per_batch=40, normalize=True,
    )  # fmt: skip
    assert infidelity(map_, removed) == pytest.approx(float(theirs[0] / theirs[1]), rel=1e-4)


def test_weight_times_input_foretells_all_that_a_linear_network_does() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(SIDE**2, 2)).requires_grad_(False)
    image = bars(1, seed=5)[0][0]
    map_ = (network[1].weight[1].view(SIDE, SIDE) * image[0]).numpy()
    black = torch.zeros_like(image)
    removed = removals(network, image, 1, black, 20, 5, 9, 8)
    assert infidelity(map_, removed) == pytest.approx(0, abs=1e-6)
    assert np.isnan(infidelity(map_, removals(network, black, 1, black, 20, 5, 9, 8)))


def test_max_sensitivity_is_the_largest_relative_change(network: nn.Module) -> None:
    image, seen = bars(1, seed=5)[0][0], []

    def own_pixels(network: nn.Module, image: Tensor) -> Floats:
        seen.append(image)
        return image[0].numpy()

    found = max_sensitivity(network, image, image[0].numpy(), own_pixels, 3, 0.02, 4)
    changes = [float((s - image).norm() / image.norm()) for s in seen]
    assert len(set(changes)) == 3
    assert found == pytest.approx(max(changes), rel=1e-5)
    reach = 0.02 * float(image.max() - image.min())
    largest = max(float((s - image).abs().max()) for s in seen)
    assert 0.9 * reach < largest <= reach * 1.0001
    assert max_sensitivity(network, image, some_map(0), as_given(some_map(0)), 3, 0.02, 4) == 0


def test_randomised_networks_share_nothing_but_their_form(network: nn.Module) -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.values = nn.Parameter(torch.arange(50.0))
            self.network = bar_finder()

    before, state = Own(), torch.get_rng_state()
    one, same, other = (randomised(before, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(before.values, torch.arange(50.0))
    assert torch.equal(before.network[0].weight, network[0].weight)
    for a, b, c, d in zip(
        one.parameters(), same.parameters(), other.parameters(), before.parameters(), strict=True
    ):
        assert torch.equal(a, b)
        if a.ndim > 1:
            assert not torch.equal(a, c)
            assert abs(float(torch.corrcoef(torch.stack([a.flatten(), d.flatten()]))[0, 1])) < 0.3
    assert not torch.equal(one.values, before.values)
    assert torch.equal(one.values.sort().values, before.values)
    assert not one.network.training
    assert float(one.network[4].running_mean.abs().max()) == 0


def test_a_randomised_network_locates_no_better_than_chance(mask: Floats) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(SIDE**2, 2)).requires_grad_(False)
    network[1].weight[1] = torch.from_numpy(mask.ravel()).float()
    image = bars(1, seed=5)[0][0]
    params = AttributionParams(method="vanilla_gradient")
    assert localisation(attribute(network, image, 1, params, 0), mask)["relevance_mass"] == 1
    random = [
        localisation(attribute(randomised(network, s), image, 1, params, 0), mask)
        for s in range(60)
    ]
    for name in LOCALISATION:
        assert np.mean([r[name] for r in random]) == pytest.approx(mask.mean(), abs=0.08)


def test_a_map_that_ignores_the_network_is_the_same_for_a_random_one(network: nn.Module) -> None:
    image, map_ = bars(1, seed=5)[0][0], some_map(1)
    found = faithfulness(trial(network, image, 1, QUICK, 2), map_, as_given(map_))
    assert tuple(found) == (*FAITHFULNESS, *BY_IMAGE_ALONE)
    for name in ("insertion_auc", "deletion_auc", "infidelity"):
        assert found[f"random_{name}"] == found[name]
    assert np.isnan(found["random_relevance_mass"])  # no mask
    assert found["randomisation_similarity"] == pytest.approx(1)
    assert found["randomisation_ssim"] == pytest.approx(1)
    flat = as_given(np.zeros_like(map_))
    found = faithfulness(trial(network, image, 1, QUICK, 2), map_, flat)
    assert np.isnan([found["randomisation_similarity"], found["randomisation_ssim"]]).all()
    assert np.isnan([found[name] for name in BY_IMAGE_ALONE]).all()
    assert found["infidelity"] >= 0


def test_faithfulness_depends_on_its_seed_alone(network: nn.Module, mask: Floats) -> None:
    image = bars(1, seed=5)[0][0]
    params = AttributionParams(method=SIGNED, samples=4)

    def explain(network: nn.Module, image: Tensor) -> Floats:
        return attribute(network, image, 1, params, 7)

    state = torch.get_rng_state()
    map_ = explain(network, image)
    one, same, other = (
        faithfulness(trial(network, image, 1, QUICK, seed, mask), map_, explain)
        for seed in (1, 1, 2)
    )
    assert one == same
    assert one["infidelity"] != other["infidelity"]
    assert one["randomisation_similarity"] != other["randomisation_similarity"]
    assert torch.equal(torch.get_rng_state(), state)
    both = trial(network, image, 1, QUICK, 1, mask)  # what is kept of a first map changes no second
    faithfulness(both, some_map(1), as_given(some_map(1)))
    assert faithfulness(both, map_, explain) == one
    constant = faithfulness(trial(network, image, 1, QUICK, 1), 0 * map_, explain)
    assert np.isnan(list(constant.values())).all()


def test_what_a_method_scores_by_the_image_alone(network: nn.Module, mask: Floats) -> None:
    # a bright source in a sky of zeros, and a network that never saw one
    image = torch.from_numpy(mask).float()[None]
    found = {}
    for method in ("integrated_gradients", "vanilla_gradient"):
        explain = explainers(1, 0)[method]
        map_ = explain(network, image)
        found[method] = faithfulness(trial(network, image, 1, QUICK, 3, mask), map_, explain)
        assert tuple(found[method]) == (*FAITHFULNESS, *BY_IMAGE_ALONE)
    assert found["integrated_gradients"]["random_relevance_mass"] == 1
    assert found["vanilla_gradient"]["random_relevance_mass"] < 0.6
    judged = trial(network, image, 1, QUICK, 3, mask)
    nothing = faithfulness(judged, 0 * some_map(0), as_given(map_))
    assert np.isnan(nothing["random_relevance_mass"])


def explainers(target: int, number: int) -> dict[str, Any]:
    """Every method but XRAI (slow, and made for larger images), and noise. No views: they would
    turn one class into the other."""
    found: dict[str, Any] = {"noise": as_given(some_map(number))}
    for method in set(METHODS) - {"xrai"}:
        params = AttributionParams(method=method, samples=6, steps=8, view=ViewParams())
        found[method] = lambda net, image, p=params: attribute(net, image, target, p, number)
    return found


def test_noise_ranks_last_on_a_trained_network(network: nn.Module) -> None:
    images, masks, classes = bars(6, seed=9)
    assert (network(images).argmax(dim=1) == classes).all()
    params = replace(QUICK, sensitivity_samples=1)
    rows: dict[str, list[dict[str, float]]] = {}
    for number, (image, mask, target) in enumerate(zip(images, masks, classes, strict=True)):
        for method, explain in explainers(int(target), number).items():
            map_ = explain(network, image)
            found = faithfulness(trial(network, image, int(target), params, number), map_, explain)
            rows.setdefault(method, []).append(found | localisation(map_, mask))
    for metric in (*LOCALISATION, "insertion_auc", "deletion_auc", "infidelity"):
        good = 1 if BETTER[metric] == "high" else -1
        mean = {name: good * np.mean([f[metric] for f in found]) for name, found in rows.items()}
        assert min(mean, key=mean.__getitem__) == "noise", f"{metric}: {mean}"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"curve_steps": 0}, "curve_steps=0"),
        ({"infidelity_square": 0}, "infidelity_square=0"),
        ({"sensitivity_radius": 2}, "sensitivity_radius=2"),
        ({"baseline": "white"}, "baseline='white'"),
        ({"probability": "logit"}, "probability='logit'"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        FaithfulnessParams(**changes)


def test_every_metric_has_a_good_end() -> None:
    assert set(BETTER) == {*LOCALISATION, *FAITHFULNESS}
