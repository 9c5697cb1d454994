"""Terminal of all commands: parse options, report mistakes in one line, return the exit status."""

from __future__ import annotations

import io
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from types import FrameType
from typing import TypeVar

import tyro

from catalogues.storage import StorageError
from pipelines.cluster.failures import RunFailed

Options = TypeVar("Options")

OK, FAILURE, MISTAKE, INTERRUPTED = 0, 1, 2, 130
"""Exit statuses. MISTAKE is the user's mistake, explained in one line before anything starts."""

_TITLE = re.compile(r"^╭.*$", re.MULTILINE)
_BOX = re.compile(r"[─-╿]+")
_RULE = re.compile(r"^(-{8,}|(Value|Parsing) error)$")  # the frame of terminals without UTF-8
_HINT = re.compile(r"(For full helptext|Argument helptext).*")
_VALUE_OF_SWITCH = re.compile(r"Unrecognized options: (True|False)\b", re.IGNORECASE)


def parse(kind: type[Options], prog: str, arguments: Sequence[str] | None = None) -> Options:
    """Parse the words of the command line (default: of this process) into the dataclass `kind`.

    A mistake is explained in one line on stderr and ends the process with MISTAKE.
    """
    told = io.StringIO()
    try:
        with redirect_stderr(told):
            return tyro.cli(kind, args=arguments, prog=prog)
    except SystemExit as end:
        if end.code == MISTAKE:
            message = one_line(told.getvalue())
            if _VALUE_OF_SWITCH.search(message):
                message += ": a switch takes no value; --name turns it on, --no-name turns it off"
            complain(prog, f"{message}; see {prog} --help", MISTAKE)
        raise


def one_line(text: str) -> str:
    """Return a framed message of several lines as one line, without frame and hints."""
    lines: list[str] = []
    for line in _BOX.sub(" ", _TITLE.sub("", text)).splitlines():
        line = line.strip()
        if _HINT.match(line):
            break
        if line and not _RULE.match(line):
            lines.append(line)
    return " ".join(lines)


def complain(prog: str, message: str, status: int) -> int:
    """Print one line on stderr. Returns `status`."""
    print(f"{prog}: {' '.join(message.split())}", file=sys.stderr, flush=True)
    return status


def finish(run: Callable[[Options], object], options: Options, prog: str) -> int:
    """Run a command; if it goes wrong, say so in one line.

    Returns the exit status: OK; MISTAKE if the user made a mistake, FAILURE if the run failed,
    INTERRUPTED after Ctrl-C or SIGTERM.
    """
    try:
        with terminated_as_interrupt():
            run(options)
    except (StorageError, ValueError) as error:
        return complain(prog, str(error), MISTAKE)
    except RunFailed as error:
        return complain(prog, str(error), FAILURE)
    except KeyboardInterrupt:
        return complain(prog, "interrupted", INTERRUPTED)
    return OK


@contextmanager
def terminated_as_interrupt() -> Iterator[None]:
    """Treat SIGTERM, the signal that ends jobs on clusters, as Ctrl-C: a run can be resumed.

    Enter this context after Ray has started: Ray sets its own handler, which ends the process.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)
