"""Classes: their names, the square of an image they are told by, and their softmax."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from models.networks.classes import central_square, class_canvas
from models.networks.ensemble import Ensemble
from models.networks.spec import ClassSpec, EnsembleSpec, MemberSpec
from models.networks.votes import cross_entropy, score, squared_error, votes_from_logits
from models.training.class_training import class_members, flux_field
from models.view_params import FieldSpec, ViewParams

SPEC = ClassSpec(names=("a", "b", "c"), column="kind", folds=2)
SMALL = MemberSpec(name="x", architecture="narrow_vgg", input_px=16, options={"width": 4})


def ensemble(**changes: object) -> EnsembleSpec:
    members = class_members([SMALL], 3, 2)
    values = {
        "name": "e", "members": members, "weights": ("x", "y"), "sha256": ("0", "1"),
        "field": flux_field(20), "votes_view": ViewParams(width=0.8), "vote_views": 1,
        "kind": "classes", "classes": SPEC,
    }  # fmt: skip
    return EnsembleSpec(**{**values, **changes})  # type: ignore[arg-type]


def test_the_central_square() -> None:
    plane = np.arange(42.0).reshape(6, 7)
    np.testing.assert_array_equal(central_square(plane, 2), [[16, 17], [23, 24]])
    padded = central_square(plane, 9)
    np.testing.assert_array_equal(padded[1:7, 1:8], plane)
    assert padded.sum() == plane.sum()
    np.testing.assert_array_equal(central_square(plane, 7)[0:6], plane)


def test_canvases_of_fluxes_and_of_pictures() -> None:
    flux = np.zeros((20, 20))
    flux[9, 9], flux[3, 3] = 5.0, 2.5
    seen = class_canvas(flux, SPEC, flux_field(20))
    assert (seen.shape, seen.dtype) == ((1, 20, 20), np.float32)
    assert (seen[0, 9, 9], seen[0, 3, 3], seen.sum()) == (1.0, 0.5, 1.5)
    pictures = replace(SPEC, reads="picture")
    picture = np.zeros((20, 20, 3), np.uint8)
    picture[..., 1] = 51
    seen = class_canvas(picture, pictures, FieldSpec.paper(20))
    assert seen.shape == (3, 20, 20)
    np.testing.assert_allclose(seen[1], 0.2)
    with pytest.raises(ValueError, match="this classifier reads pictures"):
        class_canvas(flux, pictures, flux_field(20))
    with pytest.raises(ValueError, match="one band"):
        class_canvas(picture, SPEC, flux_field(20))


def test_descriptions_survive_and_are_checked() -> None:
    assert EnsembleSpec.from_dict(ensemble().to_dict()) == ensemble()
    assert SPEC.index("b") == 1
    with pytest.raises(ValueError, match=r"knows no class 'd' of 'kind': its classes are a, b, c"):
        SPEC.index("d")
    for names in ((), ("a",), ("a", "a")):
        with pytest.raises(ValueError, match="at least two, each with its own name"):
            ClassSpec(names=names, column="kind", folds=2)
    with pytest.raises(ValueError, match="folds=1 must be at least 2"):
        replace(SPEC, folds=1)
    with pytest.raises(ValueError, match="kind 'classes', and no other kind, needs a description"):
        ensemble(classes=None)
    message = r"has outputs for 3 classes.*names 2: the numbers must agree"
    with pytest.raises(ValueError, match=message):
        ensemble(classes=replace(SPEC, names=("a", "b")))
    with pytest.raises(ValueError, match="has outputs for 0 classes"):
        ensemble(members=(SMALL, SMALL))
    with pytest.raises(ValueError, match="a classifier needs 2 or more"):
        replace(SMALL, head="classes", outputs=1)
    with pytest.raises(ValueError, match="it predicts classes and no votes"):
        Ensemble(ensemble(), [])


def test_one_softmax_over_all_classes() -> None:
    shares = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
    logits = shares.log() + 7.0
    torch.testing.assert_close(votes_from_logits(logits, "classes"), shares)
    odds = shares[:, 2] / (1 - shares[:, 2])
    torch.testing.assert_close(score(logits, 2, "classes"), odds.log())
    target = torch.eye(3)[[0, 2]]
    loss = -(math.log(0.5) + math.log(0.8)) / 2
    assert float(cross_entropy(logits, target, "classes")) == pytest.approx(loss, rel=1e-5)
    unknown = torch.stack([target[0], torch.full((3,), math.nan)])
    known = float(cross_entropy(logits, unknown, "classes"))
    assert known == pytest.approx(-math.log(0.5), rel=1e-5)
    square = float(squared_error(logits, target, "classes"))
    expected = ((shares - target) ** 2).mean()
    assert square == pytest.approx(float(expected), rel=1e-5)
