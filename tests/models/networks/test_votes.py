"""Heads and losses on the tree: sums that must hold, scores in closed form, unknown answers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from catalogues.galaxyzoo import BAR, COLUMNS, NO_BAR, QUESTIONS
from models.networks.votes import cross_entropy, pooled, score, squared_error, votes_from_logits
from tests.reference.votes import consistency_error


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


def test_pooled_odds_are_the_mean_of_the_scores_that_maps_explain(logits: torch.Tensor) -> None:
    one = pooled(votes_from_logits(logits, "tree"), 0, "odds").double()
    assert one.shape == (37,)
    assert consistency_error(one.numpy()) < 1e-6
    odds = torch.log(one[BAR] / one[NO_BAR]).float()
    torch.testing.assert_close(odds, score(logits, BAR, "tree").mean(), atol=1e-4, rtol=1e-4)
    # several answers: the geometric mean of the shares, made to add up to one
    columns = slice(9, 13)
    means = torch.softmax(logits[:, columns], dim=1).log().mean(dim=0).exp()
    shares = one[columns] / one[columns].sum()
    torch.testing.assert_close(shares.float(), means / means.sum(), atol=1e-5, rtol=1e-4)


def test_a_voice_that_doubts_the_disc_counts_at_the_bar() -> None:
    def voice(disc: float, bar: float) -> torch.Tensor:
        logits = torch.zeros(37)
        logits[1] = np.log(2 * disc / (1 - disc))  # two other answers
        logits[BAR] = np.log(bar / (1 - bar))
        return votes_from_logits(logits, "tree")

    voices = torch.stack([voice(0.9, 0.9), voice(0.1, 0.2)])
    mean, odds = pooled(voices, 0, "mean"), pooled(voices, 0, "odds")
    assert float(mean[BAR] / (mean[BAR] + mean[NO_BAR])) == pytest.approx(0.83)
    wanted = 1 / (1 + np.sqrt((0.1 / 0.9) * (0.8 / 0.2)))
    assert float(odds[BAR] / (odds[BAR] + odds[NO_BAR])) == pytest.approx(wanted, rel=1e-4)
    assert float(odds[1]) == pytest.approx(0.3 / (0.3 + 2 * 0.15), rel=1e-4)


def test_pools_of_pools_are_pools_of_all(logits: torch.Tensor) -> None:
    votes = votes_from_logits(logits, "tree").view(3, 2, 37)
    for pool in ("mean", "odds"):
        nested = pooled(pooled(votes, 1, pool), 0, pool)  # type: ignore[arg-type]
        all_at_once = pooled(votes.reshape(6, 37), 0, pool)  # type: ignore[arg-type]
        torch.testing.assert_close(nested, all_at_once, atol=1e-4, rtol=1e-3)


def test_no_voice_rules_an_answer_out_and_none_need_reach_a_question() -> None:
    sure = torch.zeros(2, 37)
    sure[:, 0] = 1.0  # all say smooth
    sure[1, :2] = torch.tensor([0.0, 1.0])  # one says featured
    one = pooled(sure, 0, "odds")
    assert torch.isfinite(one).all()
    assert float(one[0]) == pytest.approx(float(one[1]), rel=1e-5)


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
