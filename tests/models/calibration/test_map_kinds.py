"""Kinds of map beyond the paper's: names, parameters, gradients that are shared; their readings."""

from __future__ import annotations

import json

import pytest

from models.calibration.map_kinds import MapAxes, MapKind
from models.calibration.params import FAMILIES
from models.calibration.readings import family, readings_of, words
from models.recipe import Recipe
from models.view_params import ViewParams


def test_every_combination_has_a_name_of_its_own() -> None:
    axes = MapAxes(noise_fractions=(0.1, 0.2), smoothings_px=(0.0, 1.0))
    assert len(axes.kinds) == len({kind.name for kind in axes.kinds}) == 2 * 2 * 2 * 3 * 2 * 2
    assert len({kind.smoothgrad(9) for kind in axes.kinds}) == len(axes.kinds)


def test_the_shipped_kind_is_among_them() -> None:
    shipped = MapKind(
        gradient="signed", channels="sum", views=True, width=0.76, noise_fraction=0.1,
        smoothing_px=1.0,
    )  # fmt: skip
    assert shipped in MapAxes().kinds
    assert shipped.view == ViewParams(width=0.76, width_range=(0.58, 1.0), rotate=True, reflect=True)  # noqa: E501  # fmt: skip
    assert shipped.smoothgrad(7, multiply_by_input=True).multiply_by_input


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"widths": ()}, r"widths=\(\) must hold at least one"),
        ({"views": (True, True)}, "each once"),
        ({"widths": (9.0,)}, "view width 9.0"),
        ({"gradients": ("both",)}, "gradient='both'"),
        ({"noise_fractions": (3.0,)}, "noise_fraction=3.0"),
        ({"smoothings_px": (-1.0,)}, "smoothings_px=-1.0"),
    ],
)
def test_axes_that_mean_nothing(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        MapAxes(**changes)  # type: ignore[arg-type]


def test_readings_of_every_family_differ_and_survive_json() -> None:
    tried = readings_of(FAMILIES)
    assert [f for f in FAMILIES if not readings_of([f])] == []
    assert sum(len(readings_of([f])) for f in FAMILIES) == len(tried) == len(set(tried))
    assert len({words(params) for params in tried}) == len(tried)
    for params in tried:
        raw = {"reading": json.loads(json.dumps(params.to_dict()))}
        assert Recipe.from_dict(raw).estimator == params
    assert {family(params) for params in readings_of(["light"])} == {"light"}
