"""How much of the machine a query may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DatabaseParams:
    """How much of the machine queries may take. `memory_mb`: beyond it DuckDB goes to disk."""

    memory_mb: int = 2048
    threads: int = 2

    def __post_init__(self) -> None:
        for name in ("memory_mb", "threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 1")
