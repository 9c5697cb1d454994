"""Oracle and noise bracket real methods on a network whose evidence is known; bars on maps."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from catalogues.galaxyzoo import BAR, INDEX
from catalogues.runs.comparison_rows import METRICS
from models.attribution.network import AnswerNetwork, answer_classes
from models.attribution.params import NOISE, ORACLE, AttributionParams
from models.faithfulness.bar_errors import TrueBar, bar_agreement, bar_errors
from models.faithfulness.map_quality import explainer, quality, shown
from models.faithfulness.metrics import FaithfulnessTest
from models.faithfulness.params import BETTER, BY_IMAGE_ALONE, FaithfulnessParams
from models.faithfulness.ranking import overall
from models.networks.votes import votes_from_logits

SIDE = 24
QUICK = FaithfulnessParams(curve_steps=8, infidelity_samples=32, sensitivity_samples=2)


class Inside(nn.Module):
    """Logits: what the weights, even inside a square and 0 outside, see; and 0."""

    def __init__(self) -> None:
        super().__init__()
        self.see = nn.Linear(3 * SIDE * SIDE, 1, bias=False)
        weights = torch.zeros(3, SIDE, SIDE)
        weights[:, 9:15, 6:18] = 0.03
        self.see.weight.data = weights.reshape(1, -1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        score = self.see(images.flatten(1))[:, 0] - 1.6
        return torch.stack([score, torch.zeros_like(score)], dim=-1)


MASK = np.zeros((SIDE, SIDE), dtype=bool)
MASK[9:15, 6:18] = True


def trial(
    network: nn.Module, image: torch.Tensor, seed: int, mask: np.ndarray | None = None
) -> FaithfulnessTest:
    return FaithfulnessTest(
        network=network, image=image, target=0, params=QUICK, seed=seed, mask=mask
    )


def test_noise_ranks_last_and_the_oracle_lies_on_the_source() -> None:
    network = Inside().eval()
    methods = {
        m: AttributionParams(method=m, samples=4, steps=4)
        for m in ("vanilla_gradient", "smoothgrad", "integrated_gradients")
    } | {NOISE: None, ORACLE: None}
    found = {m: [] for m in methods}
    for number in range(6):
        generator = torch.Generator().manual_seed(number)
        image = torch.rand(3, SIDE, SIDE, generator=generator)
        for method, params in methods.items():
            explain = explainer(method, params, 0, number, MASK)
            found[method].append(
                quality(trial(network, image, number, MASK), explain(network, image), explain)
            )
    assert all(f["relevance_mass"] == f["relevance_rank"] == 1.0 for f in found[ORACLE])
    assert all(f["pointing_game"] == 1.0 for f in found[ORACLE])
    share = np.mean([f["relevance_mass"] for f in found[NOISE]])
    assert share == pytest.approx(MASK.mean(), abs=0.03)
    metrics = [
        ({m: [f[metric.name] for f in found[m]] for m in methods}, metric.better)
        for metric in METRICS
        if metric.ranked and metric.name in BETTER
    ]
    order = [o.method for o in overall(metrics)]
    assert order[-1] == NOISE


def test_our_metrics_are_those_that_are_computed() -> None:
    ours = {m.name: m.better for m in METRICS}
    assert {name: ours[name] for name in BETTER} == dict(BETTER)
    assert tuple(m.name for m in METRICS if m.stranger) == BY_IMAGE_ALONE


def test_an_oracle_needs_a_mask() -> None:
    with pytest.raises(ValueError, match="'oracle' needs a mask"):
        explainer(ORACLE, None, 0, 0)


def test_a_map_that_is_not_finite_is_refused() -> None:
    image = torch.rand(3, SIDE, SIDE)
    with pytest.raises(ValueError, match="not finite"):
        quality(
            trial(Inside(), image, 0), np.full((SIDE, SIDE), np.nan, np.float32),
            explainer(NOISE, None, 0, 0),
        )  # fmt: skip


def test_an_answers_probability_is_its_share_of_the_question(tiny) -> None:
    images = torch.rand(2, 3, 32, 32)
    shares = torch.softmax(AnswerNetwork(tiny, BAR)(images), dim=-1)[:, 0]
    assert torch.allclose(shares, votes_from_logits(tiny(images), "sigmoid")[:, BAR], atol=1e-6)
    assert answer_classes(BAR) == ("bar_yes", "bar_no")
    assert answer_classes(INDEX["arm_number_1"]) == ("arm_number_1", "other")


def bar_map(length: float, angle_deg: float, side: int = 81) -> np.ndarray:
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    turn = math.radians(angle_deg)
    along, across = (
        -x * math.sin(turn) - y * math.cos(turn),
        x * math.cos(turn) - y * math.sin(turn),
    )
    return ((along / (length / 2)) ** 2 + (across / (0.15 * length)) ** 2 <= 1).astype(np.float32)


def test_a_bar_that_is_there_is_read_and_one_that_is_not_counts_as_all_wrong() -> None:
    bar = TrueBar(x_px=40, y_px=40, length_px=40, position_angle_deg=30)
    same = bar_errors(bar_map(40, 30), bar)
    assert same["bar_length_ratio"] == pytest.approx(1, abs=0.06)
    assert same["bar_angle_error_deg"] < 2
    short = bar_errors(bar_map(20, 120), bar)
    assert short["bar_length_error"] == pytest.approx(0.5, abs=0.06)
    assert short["bar_angle_error_deg"] == pytest.approx(90, abs=2)
    none = bar_errors(np.zeros((81, 81), np.float32), bar)
    assert math.isnan(none["bar_length_ratio"])
    assert (none["bar_length_error"], none["bar_angle_error_deg"]) == (1.0, 45.0)


def test_agreement_takes_the_methods_own_scale_out() -> None:
    truth = np.array([10.0, 20.0, 30.0, 40.0, np.nan])
    found = bar_agreement(np.array([0.5, 0.5, 0.5, np.nan, 0.5]), truth)
    assert (found.n, found.found, found.ratio, found.scatter) == (4, 0.75, 0.5, 0.0)
    assert found.rho == pytest.approx(1.0)
    nothing = bar_agreement([np.nan], [10.0])
    assert nothing.found == 0
    assert math.isnan(nothing.ratio)


def test_maps_are_shown_by_their_positive_part() -> None:
    values = np.linspace(-1, 3, 400, dtype=np.float32).reshape(20, 20)
    out = shown(values)
    assert out.min() == 0
    assert out.max() == 1
    assert (out[values <= 0] == 0).all()
    assert (shown(-np.abs(values)) == 0).all()
