"""Findings of checks: one line per check, with a remedy if something is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Consequence of a finding for the run."""

    OK = "ok"
    WARNING = "warning"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Result of one check. `check`: what was checked. `found`: the value; if it is wrong, also the
    rule and the remedy."""

    check: str
    verdict: Verdict
    found: str


def ok(check: str, found: str) -> Finding:
    """Make a finding that nothing is wrong."""
    return Finding(check=check, verdict=Verdict.OK, found=found)


def warning(check: str, found: str) -> Finding:
    """Make a finding that the user should know, although the run would work."""
    return Finding(check=check, verdict=Verdict.WARNING, found=found)


def refused(check: str, found: str) -> Finding:
    """Make a finding that the run cannot work."""
    return Finding(check=check, verdict=Verdict.REFUSED, found=found)
