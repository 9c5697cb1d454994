"""Failures of a run: the exceptions, and the one line that says what went wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from catalogues import storage

if TYPE_CHECKING:
    pass


class GridFailed(Exception):
    """The machinery failed under way; the message says how, and that the run can be resumed."""


def last_line(error: BaseException) -> str:
    """What went wrong, in one line: Ray quotes a worker's traceback, whose end says it."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return storage.redact(lines[-1])[:300]


_ERROR_LINE = re.compile(r"[\w.]*(Error|Exception|Interrupt|Died|Exit)\w*: ")


class RunFailed(Exception):
    """The machinery failed under way; the message says how, and that the run can be resumed."""


def cause(error: BaseException) -> str:
    """What went wrong, in one line: Ray quotes a worker's traceback, whose end says it."""
    text = f"{type(error).__name__}: {error}"
    said = [line for line in text.splitlines() if _ERROR_LINE.match(line)]
    return storage.redact(said[-1] if said else " ".join(text.split()))[:500]
