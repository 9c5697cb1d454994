"""Tune callback that prints the epochs of all trials and marks trials that a search stops."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from ray import tune

from catalogues.runs.training import Curve, TrainingRun
from models.training.trainer import EpochResult

_POINT = (*(field.name for field in fields(EpochResult)), "seconds", "ended")


def _nobody(words: str) -> None:
    pass


class Watcher(tune.Callback):  # type: ignore[misc]  # Ray is not typed
    """Tune callback. `tell` gets one line per epoch.

    Epochs of an earlier session, which trials report again, are not told again.
    """

    def __init__(self, run: TrainingRun, epochs: int, tell: Callable[[str], None]) -> None:
        self._run, self._epochs, self._tell = run, epochs, tell
        self._began = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._curves: dict[str, Curve] = defaultdict(list)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as a watcher that tells nobody: Tune stores a copy of every callback in a file."""
        return (Watcher, (self._run, self._epochs, _nobody))

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **_: Any
    ) -> None:
        """Note and tell an epoch that has ended."""
        point = {name: result[name] for name in _POINT}
        label = trial.config["trial"]["label"]
        curve = self._curves[label]
        if point["epoch"] == 0:
            curve.clear()
        curve.append(point)
        if point["ended"] < self._began:
            return
        self._tell(
            f"{label}: epoch {point['epoch'] + 1} of {self._epochs}, "
            f"loss {point['validation_loss']:.4f}, RMSE {point['validation_rmse']:.4f}"
            f"{', best so far' if point['improved'] else ''} ({point['seconds']:.1f} s)"
        )

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """Mark a trial as stopped if the search ended it before its recipe did."""
        label = trial.config["trial"]["label"]
        if self._run.end(label) is None:
            self._run.stop(label, self._curves[label])
