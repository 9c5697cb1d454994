"""Scores of a cross-validation against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from models.training.class_scores import class_scores, reliability


def test_numbers_by_hand() -> None:
    shares = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3], [0.1, 0.9], [0.45, 0.55]])
    found = class_scores("x", shares, [0, 0, 1, 1, 1, 0], [0, 0, 0, 1, 1, 1])
    assert found.by_fold == (1.0, pytest.approx(1 / 3))
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.spread == pytest.approx(np.std([1, 1 / 3], ddof=1))
    assert found.confusion == ((2, 1), (1, 2))
    assert found.balanced_accuracy == pytest.approx(2 / 3)
    own = np.array([0.9, 0.6, 0.8, 0.3, 0.9, 0.45])
    assert found.log_loss == pytest.approx(-np.log(own).mean())


def test_calibration() -> None:
    sure = np.tile([0.85, 0.15], (100, 1))
    labels = np.array([0] * 85 + [1] * 15)
    found = class_scores("x", sure, labels, labels)
    assert found.ece == pytest.approx(0.0)
    (only,) = found.reliability
    assert (only.sources, only.accuracy, only.mean_probability) == (100, 0.85, pytest.approx(0.85))
    overconfident = class_scores("x", np.tile([1.0, 0.0], (100, 1)), labels, labels)
    assert overconfident.ece == pytest.approx(0.15)
    assert sum(b.sources for b in reliability(sure, labels)) == 100
    edges = np.array([[0.5, 0.5], [1.0, 0.0]])
    assert [b.sources for b in reliability(edges, np.array([0, 0]))] == [1, 1]


def test_a_class_that_nobody_has() -> None:
    found = class_scores("x", np.eye(3)[[0, 0, 1]], [0, 0, 1], [0, 1, 1])
    assert found.balanced_accuracy == 1.0
    assert found.confusion == ((2, 0, 0), (0, 1, 0), (0, 0, 0))


def test_nothing_to_judge() -> None:
    with pytest.raises(ValueError, match="0 sources"):
        class_scores("x", np.zeros((0, 2)), [], [])
    with pytest.raises(ValueError, match="probabilities that are not numbers"):
        class_scores("x", [[np.nan, 1.0]], [0], [0])
