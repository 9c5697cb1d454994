"""Maps of several answers at once are those of each answer alone, averaged over the members."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from catalogues.galaxyzoo import BAR, OBVIOUS_BULGE, SPIRAL
from catalogues.runs.ensembles import read_ensemble
from models.networks.ensemble import Ensemble
from models.networks.spec import EnsembleSpec
from models.preprocess import canvas
from models.saliency.answer_maps import question_maps
from models.saliency.gradients import smoothgrad
from models.saliency.params import SmoothGradParams
from tests.pipelines.synthetic_run import draw_galaxy
from tests.survey import tiny_ensemble

ANSWERS = (BAR, OBVIOUS_BULGE, SPIRAL)
PARAMS = SmoothGradParams(samples=3)


@pytest.fixture
def tiny_pair(tmp_path: Path) -> Ensemble:
    """Random weights."""
    files = read_ensemble(tiny_ensemble(tmp_path))
    spec = EnsembleSpec.from_dict(files.description)
    return Ensemble.from_bytes(spec, files.weights)


def test_maps_are_the_members_mean(tiny_pair: Ensemble) -> None:
    pixels = draw_galaxy(50.0, 30.0, 105.0, 105.0)
    cut, maps = question_maps(tiny_pair, pixels, ANSWERS, PARAMS, 7)
    side = tiny_pair.spec.field.canvas_px
    assert cut.shape == (side, side, 3)
    assert maps.shape == (3, side, side)
    assert 0 <= maps.min() <= maps.max() <= 1
    frame = canvas(pixels, tiny_pair.spec.field)
    image = tiny_pair.images(
        frame.pixels[None], np.array([frame.sky], np.float32), np.array([frame.scale], np.float32)
    )
    for answer, found in zip(ANSWERS, maps, strict=True):
        each = [smoothgrad(m, image, answer, PARAMS, [7])[0] for m in tiny_pair.members]
        expected = torch.stack(each).double().mean(dim=0).numpy()
        np.testing.assert_allclose(found, expected, atol=1e-6)
