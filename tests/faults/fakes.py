"""Stages that cost nothing, for tests of everything around them: always the same numbers."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pyarrow as pa

from actors.measure.columns import EXPLAINED, with_columns
from catalogues.galaxyzoo import COLUMNS
from catalogues.statuses import Status

SIDE_PX = 32


class FakeExplainer:
    """Takes what the Explainer takes. Votes and maps follow from the seed and the object_id."""

    pause_s = 0.0
    selected = 1.0

    def __init__(self, *, seed: int, **_: Any) -> None:
        self.seed = seed

    def __call__(self, batch: pa.Table) -> pa.Table:
        return with_columns(batch, EXPLAINED, [self._explained(row) for row in batch.to_pylist()])

    def _explained(self, row: dict[str, Any]) -> dict[str, Any]:
        if row["status"] is not None:
            return {name: row[name] for name in ("status", "status_message")}
        time.sleep(self.pause_s)
        rng = np.random.default_rng([self.seed, row["object_id"]])
        votes = rng.random((2, len(COLUMNS)), np.float32)
        voted = {
            "votes": list(votes[0]),
            "votes_std": list(votes[1]),
            "bar_fraction": float(rng.random()),
        }
        if voted["bar_fraction"] >= self.selected:
            return voted | {"status": Status.NOT_SELECTED.value}
        return voted | {"maps": np.stack([bar_map(rng), bar_map(rng)]).tobytes()}


class SlowExplainer(FakeExplainer):
    """One that leaves time for something to happen to it."""

    pause_s = 0.03


class SurveyExplainer(FakeExplainer):
    """One that explains as many as a survey has promising galaxies."""

    selected = 0.1


def bar_map(rng: np.random.Generator) -> np.ndarray:
    """A map with a bar in its middle."""
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX] - (SIDE_PX - 1) / 2
    angle, length = rng.uniform(0, np.pi), rng.uniform(4, 10)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    found: np.ndarray = np.exp(-((along / length) ** 2) - (across / 1.5) ** 2).astype(np.float32)
    return found
