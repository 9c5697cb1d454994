"""Failures of a run: the exception, and one line that says what went wrong."""

from __future__ import annotations

import re

from catalogues import storage

_ERROR_LINE = re.compile(r"[\w.]*(Error|Exception|Interrupt|Died|Exit)\w*: ")


class RunFailed(Exception):
    """A run failed for a technical reason; the message says why, and how to resume the run."""


def cause(error: BaseException) -> str:
    """Say in one line what went wrong: the last line of the worker's traceback that Ray quotes."""
    text = f"{type(error).__name__}: {error}"
    lines = [line for line in text.splitlines() if _ERROR_LINE.match(line)]
    return storage.redact(lines[-1] if lines else " ".join(text.split()))[:500]
