"""Score a classifier: accuracy by fold, confusion, and reliability of its probabilities.

Calibration follows Guo et al. 2017 (arXiv 1706.04599), section 2. Sources are binned by the
probability of their predicted class. A bin's gap is its share of right answers minus its mean
probability. The expected calibration error is the mean |gap|, weighted by the number of sources.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

BINS = 10
"""Number of bins of equal width from 1 / K, the least probability of the likeliest class, to 1."""


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """Sources whose probability lies in (low, high]."""

    low: float
    high: float
    sources: int
    mean_probability: float
    accuracy: float


@dataclass(frozen=True, kw_only=True)
class ClassScores:
    """Scores of one network over all folds, or of the mean of several networks.

    Attributes
    ----------
    name
        Name of the network.
    sources
        Number of sources.
    accuracy, spread
        Mean and standard deviation (n - 1) over folds. The member that never saw a source
        predicts its class.
    by_fold
        Accuracy of each fold.
    balanced_accuracy
        Mean recall of the classes.
    confusion
        Number of sources, [true][predicted].
    log_loss
        In nats.
    ece
        Expected calibration error.
    reliability
        Bins that contain a source.
    """

    name: str
    sources: int
    accuracy: float
    spread: float
    by_fold: tuple[float, ...]
    balanced_accuracy: float
    confusion: tuple[tuple[int, ...], ...]
    log_loss: float
    ece: float
    reliability: tuple[ReliabilityBin, ...]


def class_scores(
    name: str, probabilities: ArrayLike, labels: ArrayLike, folds: ArrayLike
) -> ClassScores:
    """Score probabilities (N, K) of sources with classes `labels` (N,) in `folds` (N,).

    Raises ValueError if there is no source, or if a probability is not finite.
    """
    shares = np.asarray(probabilities, dtype=np.float64)
    truth, fold = np.asarray(labels, dtype=np.int64), np.asarray(folds, dtype=np.int64)
    if not len(shares) or not np.isfinite(shares).all():
        raise ValueError(
            f"{name!r}: {len(shares)} sources, or probabilities that are not numbers: give at "
            "least one source, with finite probabilities"
        )
    count = shares.shape[1]
    given = shares.argmax(axis=1)
    right = given == truth
    by_fold = [float(right[fold == k].mean()) for k in np.unique(fold)]
    confusion = np.zeros((count, count), np.int64)
    np.add.at(confusion, (truth, given), 1)
    present = confusion.sum(axis=1) > 0
    recall = np.diag(confusion)[present] / confusion.sum(axis=1)[present]
    bins = reliability(shares, truth)
    gaps = [b.sources * abs(b.accuracy - b.mean_probability) for b in bins]
    own = np.clip(shares[np.arange(len(truth)), truth], 1e-12, 1.0)
    return ClassScores(
        name=name, sources=len(truth), accuracy=float(np.mean(by_fold)),
        spread=float(np.std(by_fold, ddof=1)) if len(by_fold) > 1 else 0.0,
        by_fold=tuple(by_fold), balanced_accuracy=float(recall.mean()),
        confusion=tuple(tuple(int(n) for n in row) for row in confusion),
        log_loss=float(-np.log(own).mean()), ece=float(sum(gaps) / len(truth)), reliability=bins,
    )  # fmt: skip


def reliability(probabilities: Floats, labels: NDArray[np.int64]) -> tuple[ReliabilityBin, ...]:
    """Return the bins that contain a source, by the probability of the likeliest class."""
    best, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    edges = np.linspace(1 / probabilities.shape[1], 1.0, BINS + 1)
    place = np.clip(np.searchsorted(edges, best, side="left") - 1, 0, BINS - 1)
    return tuple(
        ReliabilityBin(
            low=float(edges[i]), high=float(edges[i + 1]), sources=int((place == i).sum()),
            mean_probability=float(best[place == i].mean()),
            accuracy=float(right[place == i].mean()),
        )
        for i in range(BINS)
        if (place == i).any()
    )  # fmt: skip
