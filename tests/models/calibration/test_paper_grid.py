"""The grid against single calls of the literal algorithm, and its scores against known lengths."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from scipy import ndimage

from catalogues.galaxyzoo import BAR
from models.barlength.estimator import estimate_bar
from models.barlength.measure import BarLengthParams
from models.calibration.paper_grid import (
    AVERAGE_MAPS,
    AVERAGE_MEASUREMENTS,
    grid_lengths,
    methods,
    with_input,
)
from models.calibration.paper_grid_scores import (
    GridPoint,
    KnownLengths,
    best_of_methods,
    error_floor,
    recipe,
    score,
    winner,
)
from models.calibration.params import GridParams
from models.networks.member import Member
from models.recipe import Recipe
from models.saliency.gradients import smoothgrad
from models.saliency.params import SmoothGradParams
from tests.reference.algorithm1 import algorithm_1

MEMBERS = ("vgg", "resnet", "xception")
SMALL = GridParams(noise_fractions=(0.1,), correlations=(0.7, 0.85), pixel_minima=(10, 40))


def galaxy_maps(seed: int, side: int = 24) -> np.ndarray:
    """Three members' maps of one noisy bar, (3, side, side) float32, each min-max scaled."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    angle = rng.uniform(0, np.pi)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    bar = np.exp(-((along / rng.uniform(3, 9)) ** 2) - (across / 2) ** 2)
    noise = ndimage.gaussian_filter(rng.random((3, side, side)), (0, 0.7, 0.7))
    light = bar + noise
    low = light.min(axis=(1, 2), keepdims=True)
    return ((light - low) / (light.max(axis=(1, 2), keepdims=True) - low)).astype(np.float32)


def test_the_papers_grid_has_200_points() -> None:
    assert GridParams().points == 200
    assert methods(MEMBERS) == (*MEMBERS, AVERAGE_MAPS, AVERAGE_MEASUREMENTS)


@pytest.mark.long
@pytest.mark.parametrize("multiply", [False, True])
def test_every_length_is_that_of_a_literal_call(multiply: bool) -> None:
    params = GridParams()
    distinct = set()
    for seed in range(2):
        maps = galaxy_maps(seed)
        if multiply:
            grey = np.random.default_rng(9).uniform(0.6, 1, (24, 24))
            maps = with_input(maps, grey.astype(np.float32))
        got = grid_lengths(maps, params)
        mean = (maps[0].astype(float) + maps[1].astype(float) + maps[2].astype(float)) / 3
        for (c, t_c), (p, t_1) in product(
            enumerate(params.correlations), enumerate(params.pixel_minima)
        ):
            members = [algorithm_1(m, t_c, t_1)[0] for m in maps]
            assert got[:3, c, p].tolist() == members
            assert got[3, c, p] == algorithm_1(mean, t_c, t_1)[0]
            assert got[4, c, p] == sum(members) / 3
            distinct.update(members)
    assert len(distinct) > 15


def test_a_map_that_says_nothing_has_length_one_as_in_the_published_code() -> None:
    maps = galaxy_maps(3)
    maps[1] = np.nan
    got = grid_lengths(maps, SMALL)
    assert (got[1] == algorithm_1(maps[1], 0.7, 10)[0]).all()
    assert (got[1] == 1).all()
    assert (got[3] == grid_lengths(maps[[0, 2]], SMALL)[2]).all()


def test_the_product_with_the_image_is_that_of_the_maps_themselves(
    tiny: Member, images: torch.Tensor
) -> None:
    params = replace(SmoothGradParams.paper(0.15), samples=3)
    plain = smoothgrad(tiny, images[:1], BAR, params, [5])[0]
    product_ = smoothgrad(tiny, images[:1], BAR, replace(params, multiply_by_input=True), [5])[0]
    grey = images[0].mean(dim=0)
    np.testing.assert_array_equal(with_input(plain.numpy(), grey.numpy()), product_.numpy())


@pytest.mark.parametrize("method", methods(MEMBERS))
def test_the_recipe_of_a_point_measures_what_the_grid_measured(method: str) -> None:
    params = GridParams()
    c, p = 3, 2
    maps = galaxy_maps(4)
    expected = grid_lengths(maps, params)[methods(MEMBERS).index(method), c, p]
    point = GridPoint(
        method=method, multiply_by_input=True, noise_fraction=0.2,
        correlation_min=params.correlations[c], pixels_min=params.pixel_minima[p], galaxies=9,
        pearson=0.5, spearman=0.5, median_relative_error=0.2, pearson_on_map=0.5, best=True,
        error_floor=0.3,
    )  # fmt: skip
    written = Recipe.from_dict(recipe(point, samples=64).to_dict())
    assert (written.maps.samples, written.maps.noise_fraction) == (64, 0.2)
    assert written.maps == replace(SmoothGradParams.paper(0.2, multiply_by_input=True), samples=64)
    seen = maps if method in methods(()) else maps[[MEMBERS.index(method)]]
    estimate = estimate_bar(seen, written.estimator)
    assert estimate.bar.length_px == expected
    assert estimate.length_err_px >= 0.3 * expected


def test_the_paper_is_a_point_of_its_own_grid() -> None:
    point = GridPoint(
        method=AVERAGE_MEASUREMENTS, multiply_by_input=False, noise_fraction=0.1,
        correlation_min=0.85, pixels_min=40, galaxies=9, pearson=0.76, spearman=0.7,
        median_relative_error=0.2, pearson_on_map=0.5, best=True, error_floor=0.08,
    )  # fmt: skip
    got, paper = recipe(point, samples=256), Recipe.paper()
    assert got.maps == paper.maps
    assert got.estimator.bar_length == paper.estimator.bar_length == BarLengthParams.paper()
    assert got.estimator.combine == paper.estimator.combine


def known_and_measured(count: int = 200) -> tuple[KnownLengths, np.ndarray]:
    """Lengths that are the truth at one point, its tenth power at another, noise elsewhere."""
    rng = np.random.default_rng(5)
    truth, unit = rng.uniform(5, 40, count), rng.uniform(0.2, 0.6, count)
    lengths = rng.uniform(5, 90, (count, 5, 2, 2))
    lengths[:, 1, 0, 1] = truth / unit
    lengths[:, 4, 1, 0] = (truth / 40) ** 10 / unit
    lengths[:, 2] = 1.0
    return KnownLengths(truth=truth, unit_per_map_px=unit), lengths


def points_of(known: KnownLengths, lengths: np.ndarray) -> list[GridPoint]:
    return score(lengths, known, MEMBERS, SMALL, noise_fraction=0.1, multiply_by_input=False)


def test_scores_know_the_truth_where_it_was_put() -> None:
    known, lengths = known_and_measured()
    points = points_of(known, lengths)
    assert len(points) == 5 * 4
    found = {(p.method, p.correlation_min, p.pixels_min): p for p in points}
    exact = found["resnet", 0.7, 40]
    assert exact.pearson == pytest.approx(1)
    assert exact.pearson_on_map == pytest.approx(1)
    assert exact.median_relative_error == pytest.approx(0, abs=1e-12)
    bent = found[AVERAGE_MEASUREMENTS, 0.85, 10]
    assert bent.spearman == pytest.approx(1)
    assert bent.pearson == pytest.approx(np.corrcoef(known.truth, (known.truth / 40) ** 10)[0, 1])
    assert abs(found["vgg", 0.7, 10].pearson_on_map) < 0.2  # noise against truth
    assert found["resnet", 0.7, 40].best
    assert {p.method for p in points if p.best} == set(methods(MEMBERS))
    assert sum(p.best for p in points) == 5


def test_a_common_scale_alone_correlates() -> None:
    """Lengths that know nothing of the bar, times each galaxy's own scale, as in figure 4."""
    rng = np.random.default_rng(6)
    unit = rng.lognormal(0, 0.7, 2000)
    known = KnownLengths(truth=rng.uniform(20, 30, 2000) * unit, unit_per_map_px=unit)
    points = points_of(known, rng.uniform(20, 30, (2000, 5, 2, 2)))
    assert all(p.pearson > 0.9 for p in points)
    assert all(abs(p.pearson_on_map) < 0.1 for p in points)


def test_table_2_has_the_best_of_each_method_and_one_winner() -> None:
    best = best_of_methods(points_of(*known_and_measured()), MEMBERS)
    assert [p.method for p in best] == list(methods(MEMBERS))
    assert winner(best).method == "resnet"
    assert (winner(best).correlation_min, winner(best).pixels_min) == (0.7, 40)
    assert winner(best).pearson_low == pytest.approx(1)
    assert best[2].rank == -np.inf  # lengths that are all 1: their rho is that of the scale


def test_maps_that_show_nothing_are_no_choice() -> None:
    known, lengths = known_and_measured()
    with pytest.raises(ValueError, match="networks that see bars"):
        best_of_methods(points_of(known, np.ones_like(lengths)), MEMBERS)


def test_the_error_covers_two_thirds_of_the_galaxies() -> None:
    rng = np.random.default_rng(7)
    truth = rng.uniform(20, 60, 4000)
    length = truth / (1 + rng.normal(0, 0.1, 4000))
    assert error_floor(length, truth, np.zeros(4000)) == pytest.approx(0.1, rel=0.05)
    spread = 0.06 * length
    floor = error_floor(length, truth, spread)
    assert floor == pytest.approx(0.08, rel=0.08)
    inside = np.abs(length - truth) <= np.hypot(floor * length, spread) * (1 + 1e-12)
    assert 0.683 <= inside.mean() < 0.684


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"correlations": ()}, r"correlations=\(\) must hold at least one"),
        ({"pixel_minima": (10, 10)}, "each once"),
        ({"noise_fractions": (0.1, float("nan"))}, "must lie in 0..2"),
        ({"correlations": (85.0,)}, "must lie in 0..1"),
    ],
)
def test_axes_that_mean_nothing(changes: dict[str, tuple[float, ...]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(GridParams(), **changes)
