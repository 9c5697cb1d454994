"""Options of `ansae preflight`."""

from __future__ import annotations

from dataclasses import dataclass, fields

from pipelines.measure.options import MeasureOptions

PROG = "ansae preflight"


@dataclass(frozen=True, kw_only=True)
class PreflightOptions(MeasureOptions):
    """Check whether `ansae measure` with the same words will work, and estimate what it will take.

    Storage, credentials, networks, input, a run that is there, the cluster and its nodes are looked
    at; then some galaxies go through the real stages. Nothing is left behind.

    Exit status: 0 if nothing was refused, 1 if something was, 2 for a mistake in the words.
    """

    probe: int = 100
    """Galaxies to try."""
    galaxies: int | None = None
    """Estimate the cost of so many galaxies like these, for instance of a whole survey from a
    sample of 40; default: those of the input that are not done yet."""
    patience_s: float = 900.0
    """Longest time to wait for the probe, machines that must first be started included."""
    gpu_hour_price: float = 0.0
    """Price of an hour of one GPU with its machine, in any one currency."""
    core_hour_price: float = 0.0
    """Price of an hour of one CPU core of the other machines."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.probe < 1:
            raise ValueError(f"probe={self.probe} must be at least 1")
        if self.galaxies is not None and self.galaxies < 1:
            raise ValueError(
                f"galaxies={self.galaxies} must be at least 1: how many shall it cost?"
            )
        for name in ("patience_s", "gpu_hour_price", "core_hour_price"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name}={getattr(self, name)} must not be negative")

    def measure(self) -> MeasureOptions:
        """Those of the run."""
        return MeasureOptions(**{f.name: getattr(self, f.name) for f in fields(MeasureOptions)})
