"""What an examination found: one line a check, each with what to do where something is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a finding means for the run."""

    OK = "ok"
    WARNING = "warning"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line. `check`: what was looked at; `found`: value and, where it is wrong, rule and
    remedy."""

    check: str
    verdict: Verdict
    found: str


def ok(check: str, found: str) -> Finding:
    """Nothing is wrong."""
    return Finding(check=check, verdict=Verdict.OK, found=found)


def warning(check: str, found: str) -> Finding:
    """The run would work, but one should know."""
    return Finding(check=check, verdict=Verdict.WARNING, found=found)


def refused(check: str, found: str) -> Finding:
    """The run cannot work."""
    return Finding(check=check, verdict=Verdict.REFUSED, found=found)
