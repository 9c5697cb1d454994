"""Imports point one way, and the paths that need no networks load none."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import catalogues

REPOSITORY = Path(__file__).parents[1]

TORCH_FREE = (
    "models.attribution.params",
    "models.barlength",
    "models.networks.spec",
    "models.recipe",
    "models.saliency.params",
    "models.training.params",
    "models.barlength.estimator",
    "models.barlength.placement",
    "models.preprocess",
    "models.networks.selection",
    "actors.find_ensemble",
    "actors.measure.decoder",
    "actors.measure.measurer",
    "actors.measure.writer",
    "pipelines.__main__",
    "pipelines.measure.plan",
    "pipelines.preflight.command",
)
"""What runs in processes without networks; so does all of `catalogues`."""


def test_imports_point_one_way() -> None:
    """The contracts of pyproject.toml."""
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("modules", "heavy"),
    [
        (TORCH_FREE, ("torch", "timm")),
        (
            tuple(m.name for m in pkgutil.walk_packages(catalogues.__path__, "catalogues.")),
            ("torch", "ray"),
        ),
    ],
    ids=["cpu paths", "catalogues"],
)
def test_nothing_heavy_is_imported(modules: tuple[str, ...], heavy: tuple[str, ...]) -> None:
    code = f"""
import importlib, sys
for name in {modules!r}:
    importlib.import_module(name)
    loaded = [heavy for heavy in {heavy!r} if heavy in sys.modules]
    assert not loaded, f"{{name}} imports {{loaded}}"
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_module_of_catalogues_is_looked_at() -> None:
    found = {m.name for m in pkgutil.walk_packages(catalogues.__path__, "catalogues.")}
    assert {"catalogues.bars", "catalogues.layouts.published.folder"} <= found
