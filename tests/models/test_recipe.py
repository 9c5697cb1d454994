"""The contents of estimator.json."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from models.barlength.estimator import EstimatorParams
from models.barlength.measure import BarLengthParams
from models.recipe import Recipe
from models.saliency.params import SmoothGradParams
from models.view_params import ViewParams


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(),
        Recipe.paper(),
        Recipe(
            maps=SmoothGradParams(
                samples=9, view=ViewParams(width_range=(0.5, 2.0), rotate=True, reflect=True)
            ),
            estimator=EstimatorParams(bar_length=BarLengthParams(level=0.3)),
        ),
    ],
)
def test_survives_json(recipe: Recipe) -> None:
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_what_is_absent_keeps_its_default() -> None:
    assert Recipe.from_dict({}) == Recipe()
    found = Recipe.from_dict({"map": {"samples": 3}})
    assert found == Recipe(maps=replace(SmoothGradParams(), samples=3))


def test_papers_recipe() -> None:
    recipe = Recipe.paper()
    assert (recipe.maps.samples, recipe.maps.noise_fraction) == (256, 0.1)
    assert recipe.maps.gradient == "absolute"
    assert recipe.estimator == EstimatorParams.paper()


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"maps": {}}, r"an estimator has no \['maps'\]"),
        ({"map": {"noise": 1}}, "does not hold the parameters of a map.*noise"),
        ({"map": {"view": {"tilt": 1}}}, "does not hold the parameters of a map.*tilt"),
        ({"map": {"samples": 0}}, "samples=0"),
        ({"reading": {"way": 1}}, "not an estimator's parameters"),
    ],
)
def test_mistakes_are_named(raw: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Recipe.from_dict(raw)
