"""Examples in docstrings are true: every module that has one."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
    for room in ("catalogues", "models", "actors", "pipelines")
    for path in (REPOSITORY / room).rglob("*.py")
    if ">>> " in path.read_text()
)
NEEDS_RAY = ("actors",)
"""Rooms whose modules import Ray."""


@pytest.mark.parametrize(
    "module",
    [
        pytest.param(name, marks=[pytest.mark.ray] if name.startswith(NEEDS_RAY) else [])
        for name in WITH_EXAMPLES
    ],
)
def test_examples_are_true(module: str) -> None:
    done = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert done.attempted > 0
    assert done.failed == 0


def test_there_are_some() -> None:
    assert WITH_EXAMPLES
