"""A votes network asked one question: two logits, so that it is explained as any classifier is."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from catalogues.galaxyzoo import COLUMNS, question_of
from models.networks import Member


def answer_classes(column: int) -> tuple[str, str]:
    """Names of the two classes: the answer, and its alternative ("other" where it has several)."""
    names = [n for n in question_of(column).column_names if n != COLUMNS[column]]
    return COLUMNS[column], names[0] if len(names) == 1 else "other"


class AnswerNetwork(nn.Module):
    """(B, 3, H, W) -> (B, 2): models.votes.score of one answer, and 0.

    The softmax of the two is the share of that answer among those who reach its question ("tree"
    head), or the sigmoid of the answer's logit ("sigmoid" head).
    """

    def __init__(self, member: Member, column: int) -> None:
        super().__init__()
        self.member = member
        self.column = column

    def forward(self, images: Tensor) -> Tensor:
        """Logits of `answer_classes`."""
        score = self.member.score_of(self.member(images), self.column)
        return torch.stack([score, torch.zeros_like(score)], dim=-1)
