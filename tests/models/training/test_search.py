"""A search's space: the given recipe first, its neighbours within their bounds, always the same."""

from __future__ import annotations

import pytest

from models.training.params import RECIPES, TrainParams
from models.training.search import SearchParams, variants

BASE = RECIPES["compact"]


def test_the_given_recipe_is_always_tried() -> None:
    assert variants(BASE, 1, seed=0) == (BASE,)
    assert variants(BASE, 5, seed=3)[0] == BASE


def test_neighbours_stay_in_the_space_and_differ() -> None:
    space = SearchParams()
    found = variants(BASE, 40, seed=1)
    assert len(set(found)) == 40
    for params in found[1:]:
        assert BASE.learning_rate / 4.01 <= params.learning_rate <= BASE.learning_rate * 4.01
        assert params.batch_size in (32, 64, 128)
        assert params.weight_decay in space.weight_decay
        assert params.average in space.average
        assert 0 <= params.augment.noise <= 0.15
        assert (params.loss, params.schedule, params.epochs) == ("cross_entropy", "cosine", 30)


def test_a_longer_search_begins_with_the_shorter() -> None:
    assert variants(BASE, 9, seed=2)[:4] == variants(BASE, 4, seed=2)
    assert variants(BASE, 4, seed=2)[1:] != variants(BASE, 4, seed=4)[1:]


def test_a_batch_of_one_stays_one() -> None:
    assert min(v.batch_size for v in variants(TrainParams(batch_size=1), 20, seed=0)) == 1


def test_spaces_that_mean_nothing() -> None:
    with pytest.raises(ValueError, match=r"learning_rate_factor=0\.5"):
        SearchParams(learning_rate_factor=0.5)
    with pytest.raises(ValueError, match="reduction=1"):
        SearchParams(reduction=1)
