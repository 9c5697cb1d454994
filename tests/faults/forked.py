"""Processes forked from one that has loaded the commands and done nothing else.

A fork of a process that has used s3fs, OpenMP or threads has their locks without their threads, and
waits for ever; to start each command anew costs seconds of imports.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.context import ForkServerProcess
from typing import Any

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.faults.loaded"])


def start(
    environment: Mapping[str, str], target: Callable[..., None], *arguments: Any
) -> ForkServerProcess:
    """Begin `target` in such a process, with these variables besides."""
    process = _CONTEXT.Process(target=_with, args=(dict(environment), target, arguments))
    process.start()
    return process


def answer(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function returns there, with this process's variables."""
    with ProcessPoolExecutor(1, _CONTEXT, _update, (dict(os.environ),)) as one:
        return one.submit(function, *arguments).result()


def _with(
    environment: dict[str, str], target: Callable[..., None], arguments: tuple[Any, ...]
) -> None:
    _update(environment)
    target(*arguments)


def _update(environment: dict[str, str]) -> None:
    os.environ.update(environment)
