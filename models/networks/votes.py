"""Turn a network's 37 outputs into vote fractions on the Galaxy Zoo tree, and compute losses.

There are four heads:

- "sigmoid": 37 unconstrained outputs (paper 1, section 4.1).
- "tree": a softmax per question, multiplied down the tree, so that votes always add up.
- "linear": the outputs themselves, for a control that predicts a length
  (models.networks.length_regressor).
- "classes": one softmax over K classes (models.networks.classes).

Targets of "classes" are (B, K) shares, NaN for an unknown class. Other targets are (B, 37)
cumulative fractions, NaN where an answer is unknown. Unknown answers do not enter a loss.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from catalogues.galaxyzoo import BAR, QUESTIONS, question_of
from models.networks.spec import Head, Pool

_BAR = question_of(BAR).columns
_VOTE_MIN = 1e-12  # avoids 0 / 0 in a question that nobody reaches
_SHARE_MIN = 1e-4  # keeps a single vote from ruling an answer out


def votes_from_logits(logits: Tensor, head: Head) -> Tensor:
    """Return cumulative vote fractions in [0, 1], (..., 37) like the logits.

    "linear" returns the logits themselves, "classes" returns probabilities.
    """
    if head == "linear":
        return logits
    if head == "sigmoid":
        return torch.sigmoid(logits)
    if head == "classes":
        return torch.softmax(logits, dim=-1)
    parts: list[Tensor] = []
    flat: list[Tensor] = []
    for question in QUESTIONS:
        part = torch.softmax(logits[..., question.columns], dim=-1)
        if question.parent is not None:
            part = part * flat[question.parent].unsqueeze(-1)
        parts.append(part)
        flat.extend(part.unbind(dim=-1))
    return torch.cat(parts, dim=-1)


def pooled(votes: Tensor, dim: int, pool: Pool) -> Tensor:
    """Combine several votes on one galaxy into one: (..., K, ..., 37) without dimension `dim`.

    pool "mean": the mean of the votes (paper 1, section 4.4). A vote that hardly reaches a
    question hardly counts in that question.

    pool "odds": a logarithmic opinion pool (Genest & Zidek 1986) of the answers to each question:
    their geometric mean, normalised to a sum of one and multiplied down the tree. For two answers
    this is the mean of the log-odds, the quantity that a map explains.

    Pooling groups of equal size and then the results equals pooling all votes at once.
    """
    if pool == "mean":
        return votes.mean(dim=dim)
    logs = torch.cat([_log_shares(votes[..., q.columns]) for q in QUESTIONS], dim=-1).mean(dim=dim)
    return votes_from_logits(logs, "tree")


def _log_shares(answers: Tensor) -> Tensor:
    """Return ln of each answer's share of a question's votes, (..., A)."""
    total = answers.sum(dim=-1, keepdim=True).clamp(min=_VOTE_MIN)
    return torch.log((answers / total).clamp(min=_SHARE_MIN))


def score(logits: Tensor, column: int, head: Head) -> Tensor:
    """Return the quantity to differentiate to explain answer `column`; (..., 37) -> (...).

    "sigmoid": the logit before the output sigmoid (paper 1, section 3). "tree": the log-odds of the
    answer among the answers to its question, which is the logit of a softmax. "classes": the
    log-odds of the class among all classes.
    """
    if head not in ("tree", "classes"):
        return logits[..., column]
    columns = question_of(column).columns if head == "tree" else slice(0, logits.shape[-1])
    others = [c for c in range(columns.start, columns.stop) if c != column]
    return logits[..., column] - torch.logsumexp(logits[..., others], dim=-1)


def squared_error(logits: Tensor, target: Tensor, head: Head, bar_weight: float = 1.0) -> Tensor:
    """Return the mean squared error over the known answers, a scalar.

    This is the loss of paper 1 (section 4.2). bar_weight: weight of the answers to the bar question
    (paper: 1).
    """
    known = torch.isfinite(target)
    weight = known.float()
    weight[..., _BAR] *= bar_weight
    error = votes_from_logits(logits, head) - torch.where(known, target, 0.0)
    return (error.square() * weight).sum() / weight.sum().clamp(min=1)


def cross_entropy(logits: Tensor, target: Tensor, head: Head, bar_weight: float = 1.0) -> Tensor:
    """Return the cross-entropy of the known questions, a scalar.

    Each question is weighted by the share of votes that reached it. This is the likelihood of the
    volunteers' answers (multinomial per question; Walmsley et al. 2022 use its Dirichlet
    extension). bar_weight: weight of the bar question. Raises ValueError for a head without
    questions.
    """
    if head == "classes":
        return _class_entropy(logits, target)
    if head != "tree":
        raise ValueError(f"head={head!r}: cross-entropy needs the 'tree' head; use 'squared_error'")
    total, weight = logits.new_zeros(()), logits.new_zeros(())
    for question in QUESTIONS:
        answers = target[..., question.columns]
        known = torch.isfinite(answers).all(dim=-1)
        answers = torch.where(known.unsqueeze(-1), answers, 0.0)
        log_p = functional.log_softmax(logits[..., question.columns], dim=-1)
        times = bar_weight if question.columns == _BAR else 1.0
        total = total - times * (answers * log_p).sum()
        weight = weight + times * answers.sum()
    return total / weight.clamp(min=1e-6)


def _class_entropy(logits: Tensor, target: Tensor) -> Tensor:
    known = torch.isfinite(target).all(dim=-1)
    answers = torch.where(known.unsqueeze(-1), target, 0.0)
    total = (answers * functional.log_softmax(logits, dim=-1)).sum()
    return -total / answers.sum().clamp(min=1e-6)


LOSSES: dict[str, Callable[[Tensor, Tensor, Head, float], Tensor]] = {
    "squared_error": squared_error,
    "cross_entropy": cross_entropy,
}
"""Loss functions by the name that the options use."""
