"""Failures of a run: the exception, and the one line that says what went wrong."""

from __future__ import annotations

import re

from catalogues import storage

_ERROR_LINE = re.compile(r"[\w.]*(Error|Exception|Interrupt|Died|Exit)\w*: ")


class RunFailed(Exception):
    """The machinery failed during a run. The message says how, and that the run can be resumed."""


def cause(error: BaseException) -> str:
    """What went wrong, in one line: Ray quotes a worker's traceback, whose last line says it."""
    text = f"{type(error).__name__}: {error}"
    said = [line for line in text.splitlines() if _ERROR_LINE.match(line)]
    return storage.redact(said[-1] if said else " ".join(text.split()))[:500]
