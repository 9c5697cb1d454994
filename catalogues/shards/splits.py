"""Split galaxies into training, validation and test parts, by a hash of the identifier alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Part = Literal["train", "validation", "test"]


@dataclass(frozen=True, kw_only=True)
class SplitFractions:
    """Shares for validation (choosing models) and test (evaluation); the rest is for training."""

    validation: float = 0.05
    test: float = 0.25

    def __post_init__(self) -> None:
        if self.validation < 0 or self.test < 0 or self.validation + self.test >= 1:
            raise ValueError(
                f"validation={self.validation} and test={self.test} must be >= 0 and add up to "
                "less than 1, so that something is left to train on"
            )


_DEFAULT = SplitFractions()


def unit_hash(identifier: int | str) -> float:
    """Return a number in [0, 1) that depends only on the identifier: blake2b of its text."""
    digest = hashlib.blake2b(str(identifier).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2.0**64


def fold_of(source: int | str, folds: int) -> int:
    """Return the part of a cross-validation that a source belongs to, 0 .. folds - 1."""
    return int(unit_hash(f"fold {source}") * folds)


def part_of(identifier: int | str, fractions: SplitFractions = _DEFAULT) -> Part:
    """Return the part of an identifier: its hash in [0, test) is test, then validation, train."""
    value = unit_hash(identifier)
    if value < fractions.test:
        return "test"
    return "validation" if value < fractions.test + fractions.validation else "train"


def parts_of(
    identifiers: Iterable[int | str], fractions: SplitFractions = _DEFAULT
) -> NDArray[np.str_]:
    """Return `part_of` for many identifiers, (N,) strings."""
    return np.array([part_of(i, fractions) for i in identifiers], dtype="U10")
