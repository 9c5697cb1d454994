"""Heads and losses on the tree: sums that must hold, scores in closed form, unknown answers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from catalogues.galaxyzoo import BAR, COLUMNS, NO_BAR, QUESTIONS, consistency_error
from models.votes import cross_entropy, score, squared_error, votes_from_logits


@pytest.fixture
def logits() -> torch.Tensor:
    """Random outputs for six galaxies, (6, 37)."""
    return 3 * torch.randn(6, 37, generator=torch.Generator().manual_seed(0))


def test_the_tree_head_honours_the_tree(logits: torch.Tensor) -> None:
    votes = votes_from_logits(logits, "tree")
    assert votes.shape == (6, 37)
    assert float(votes.min()) >= 0
    assert consistency_error(votes.numpy()).max() < 1e-6


def test_equal_outputs_give_equal_shares_down_the_tree() -> None:
    votes = votes_from_logits(torch.zeros(37), "tree")
    # features: 1/3; not edge-on: 1/2 of that; bar: 1/2 of that
    assert float(votes[BAR]) == pytest.approx(1 / 12)
    assert float(votes[COLUMNS.index("arm_number_3")]) == pytest.approx(1 / 12 / 6)


def test_the_sigmoid_head_is_the_sigmoid(logits: torch.Tensor) -> None:
    expected = 1 / (1 + np.exp(-logits.numpy().astype(float)))
    np.testing.assert_allclose(votes_from_logits(logits, "sigmoid"), expected, rtol=1e-5)


def test_scores_are_the_logits_of_the_answers(logits: torch.Tensor) -> None:
    assert torch.equal(score(logits, BAR, "sigmoid"), logits[:, BAR])
    # between two answers the log-odds are the difference of the outputs
    torch.testing.assert_close(score(logits, BAR, "tree"), logits[:, BAR] - logits[:, NO_BAR])
    # among several they are the logit of the softmax
    column = COLUMNS.index("bulge_prominence_obvious")
    shares = torch.softmax(logits[:, 9:13], dim=1)[:, 2]
    torch.testing.assert_close(score(logits, column, "tree"), torch.logit(shares))


def test_squared_error_is_the_mean_over_known_answers(logits: torch.Tensor) -> None:
    target = torch.rand(6, 37, generator=torch.Generator().manual_seed(1))
    target[2, 5:7] = torch.nan
    votes = votes_from_logits(logits, "sigmoid")
    expected = np.nanmean((votes.numpy() - target.numpy()) ** 2)
    assert float(squared_error(logits, target, "sigmoid")) == pytest.approx(expected, rel=1e-5)


def test_cross_entropy_is_least_at_the_volunteers_own_shares(logits: torch.Tensor) -> None:
    target = votes_from_logits(logits, "tree")
    at_truth = cross_entropy(logits, target, "tree", 4.0)
    for seed in range(5):
        step = 0.3 * torch.randn(6, 37, generator=torch.Generator().manual_seed(seed + 10))
        assert cross_entropy(logits + step, target, "tree", 4.0) > at_truth


def test_cross_entropy_in_closed_form_for_a_fair_coin() -> None:
    target = torch.full((1, 37), torch.nan)
    target[0, BAR], target[0, NO_BAR] = 0.5, 0.5
    loss = cross_entropy(torch.zeros(1, 37), target, "tree")
    assert float(loss) == pytest.approx(np.log(2))


@pytest.mark.parametrize("head", ["sigmoid", "tree"])
def test_unknown_answers_pull_at_nothing(head: str) -> None:
    logits = torch.randn(4, 37, requires_grad=True)
    target = torch.rand(4, 37)
    target[:, BAR] = target[:, NO_BAR] = torch.nan
    loss = cross_entropy if head == "tree" else squared_error
    loss(logits, target, head).backward()  # type: ignore[arg-type]
    assert logits.grad is not None
    assert float(logits.grad[:, [BAR, NO_BAR]].abs().max()) == 0
    assert float(logits.grad.abs().max()) > 0


def test_bar_weight_multiplies_the_bar_question() -> None:
    logits = torch.zeros(1, 37)
    target = torch.full((1, 37), torch.nan)
    target[0, [BAR, NO_BAR]] = torch.tensor([1.0, 0.0])
    target[0, 3:5] = torch.tensor([0.5, 0.5])
    error = float(squared_error(logits, target, "sigmoid", 3.0))
    assert error == pytest.approx((3 * 0.25 + 3 * 0.25 + 0 + 0) / (3 + 3 + 1 + 1))


def test_cross_entropy_needs_questions() -> None:
    with pytest.raises(ValueError, match="squared_error"):
        cross_entropy(torch.zeros(1, 37), torch.zeros(1, 37), "sigmoid")


def test_every_question_has_its_answers_in_the_columns() -> None:
    assert sum(len(q.answers) for q in QUESTIONS) == 37
