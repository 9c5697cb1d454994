"""Options of `ansae preflight`."""

from __future__ import annotations

from dataclasses import dataclass, fields

from pipelines.measure.options import MeasureOptions

PROG = "ansae preflight"


@dataclass(frozen=True, kw_only=True)
class PreflightOptions(MeasureOptions):
    """Check that `ansae measure` with the same options will work, and estimate what it will cost.

    Checks storage, credentials, networks, input, an existing run, the cluster and its nodes. Then
    some galaxies go through the real stages. Nothing is left behind.

    Exit status: 0 if nothing was refused, 1 if something was, 2 for a mistake in the options.
    """

    probe: int = 100
    """Number of galaxies to measure on trial."""
    galaxies: int | None = None
    """Estimate the cost of this number of similar galaxies, for instance of a whole survey from a
    sample of 40; default: the galaxies of the input that are not done yet."""
    patience_s: float = 900.0
    """Longest time to wait for the probe, in seconds, including the start of machines."""
    gpu_hour_price: float = 0.0
    """Price per hour of one GPU with its machine, in any currency."""
    core_hour_price: float = 0.0
    """Price per hour of one CPU core of the other machines, in the same currency."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.probe < 1:
            raise ValueError(f"probe={self.probe} must be at least 1")
        if self.galaxies is not None and self.galaxies < 1:
            raise ValueError(
                f"galaxies={self.galaxies} must be at least 1: give the size of the survey"
            )
        for name in ("patience_s", "gpu_hour_price", "core_hour_price"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name}={getattr(self, name)} must not be negative")

    def measure(self) -> MeasureOptions:
        """Return the options of the run."""
        return MeasureOptions(**{f.name: getattr(self, f.name) for f in fields(MeasureOptions)})
