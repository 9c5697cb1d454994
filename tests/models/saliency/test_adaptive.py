"""Samples until the length is sharp enough: as many as asked for, and the same ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from actors.find_ensemble import find_ensemble
from actors.load_networks import load_ensemble
from catalogues.images.decode import decode
from catalogues.mocks.table import mock_table
from catalogues.storage import StorageOptions
from models.barlength.estimator import estimate_bar, read_bar, sampling_error
from models.networks.ensemble import Ensemble
from models.preprocess import canvas
from models.recipe import Recipe
from models.saliency.adaptive import bar_maps_to_tolerance, steps
from models.saliency.bar_maps import BarMaps, bar_maps_with_jackknife, light_of

SEED = 7
SAMPLES = 100


@pytest.fixture(scope="module")
def ensemble() -> Ensemble:
    return load_ensemble("compact", StorageOptions())


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    files = find_ensemble("compact", StorageOptions())
    found = Recipe.from_dict(files.estimator or {})
    return replace(found, maps=replace(found.maps, samples=SAMPLES))


@pytest.fixture(scope="module")
def image(ensemble: Ensemble):
    """A mock galaxy whose bar the networks see."""
    row = mock_table(4242, [5]).to_pylist()[0]
    return ensemble.image(canvas(decode(row["image"]["bytes"]).pixels, ensemble.spec.field))


def made_with(ensemble: Ensemble, recipe: Recipe, image, tolerance: float) -> tuple[BarMaps, int]:
    of = (ensemble, image, recipe.maps, SEED, recipe.estimator)
    return bar_maps_to_tolerance(*of, tolerance)


def test_the_number_doubles_up_to_all() -> None:
    assert list(steps(256)) == [32, 64, 128, 256]
    assert list(steps(100)) == [32, 64, 100]
    assert list(steps(32)) == [32]
    assert list(steps(5)) == [5]


@pytest.mark.long
@pytest.mark.parametrize(("tolerance", "samples"), [(0.9, 32), (1e-9, SAMPLES)])
def test_the_same_maps_as_a_run_of_so_many_samples(
    ensemble: Ensemble, recipe: Recipe, image, tolerance: float, samples: int
) -> None:
    made, used = made_with(ensemble, recipe, image, tolerance)
    assert used == samples
    plain = replace(recipe.maps, samples=samples)
    whole = bar_maps_with_jackknife(ensemble, image, plain, SEED, recipe.estimator.combine)
    np.testing.assert_allclose(made.maps, whole.maps, atol=1e-5)
    light = light_of(image)
    mine, theirs = (
        estimate_bar(m.maps, recipe.estimator, 0.9, m.jackknife_maps, light) for m in (made, whole)
    )
    assert mine.bar.length_px == pytest.approx(theirs.bar.length_px, rel=1e-3)
    # of 100 samples the groups are 16 and 4 here, 12 or 13 there
    assert mine.sampling_err_px == pytest.approx(theirs.sampling_err_px, rel=0.5)


@pytest.mark.long
def test_it_ends_with_the_first_error_that_is_small_enough(
    ensemble: Ensemble, recipe: Recipe, image
) -> None:
    reading = replace(recipe.estimator, error_sampling=2.0)
    light = light_of(image)

    def relative(samples: int) -> float:
        plain = replace(recipe.maps, samples=samples)
        made = bar_maps_with_jackknife(ensemble, image, plain, SEED, recipe.estimator.combine)
        error = 2.0 * sampling_error(made.jackknife_maps, reading, light)
        return error / read_bar(made.maps, reading, light).length_px

    first, second = relative(32), relative(64)
    assert first > second > 0
    doubled = replace(recipe, estimator=reading)
    assert made_with(ensemble, doubled, image, (first * second) ** 0.5)[1] == 64


def test_without_a_bar_all_samples_are_made(ensemble: Ensemble, recipe: Recipe, image) -> None:
    blank = image * 0 + image.mean()
    made, used = made_with(ensemble, recipe, blank, 0.9)
    assert used == SAMPLES
    assert not np.isfinite(read_bar(made.maps, recipe.estimator).length_px)
