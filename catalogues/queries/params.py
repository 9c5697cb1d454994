"""Limits on memory and threads of queries."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DatabaseParams:
    """Limits of queries. `memory_mb`: memory in MB; DuckDB uses the disk beyond it. `threads`:
    number of threads."""

    memory_mb: int = 2048
    threads: int = 2

    def __post_init__(self) -> None:
        for name in ("memory_mb", "threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 1")
