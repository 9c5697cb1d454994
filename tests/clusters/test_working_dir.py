"""What `ray job submit --working-dir .` uploads from a working directory that was worked in."""

from __future__ import annotations

import shutil
from pathlib import Path
from zipfile import ZipFile

import pytest

from pipelines.cluster.resources import import_ray

REPOSITORY = Path(__file__).parents[2]

NEEDED = (
    "actors/measure/decoder.py",
    "catalogues/bars.py",
    "models/weights/compact/vgg.safetensors",
    "pipelines/pages/templates/base.html",
)
NOT_NEEDED = (
    ".git/config",
    ".hypothesis/examples/a",
    ".venv/lib/python/site-packages/big.so",
    "README.md",
    "README.png",
    "ansae.egg-info/PKG-INFO",
    "catalogues/__pycache__/bars.pyc",
    "credentials.json",
    "demo/run/catalogue/a.parquet",
    "docs/tour.md",
    "models/weights/__pycache__/a.pyc",
    "nets/ensemble.json",
    "pyproject.toml",
    "shards/shard-0.parquet",
    "tests/faults/corpus_shards/integers-unknown",
)


@pytest.mark.parametrize("include_gitignore", [True, False])
def test_the_four_rooms_are_uploaded_and_nothing_else(
    include_gitignore: bool, tmp_path: Path
) -> None:
    import_ray()
    from ray._private.runtime_env.packaging import create_package

    place = tmp_path / "place"
    for name in NEEDED + NOT_NEEDED:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(name)
    for name in (".rayignore", ".gitignore"):
        shutil.copy(REPOSITORY / name, place)
    package = tmp_path / "package.zip"
    create_package(str(place), package, include_gitignore=include_gitignore)
    with ZipFile(package) as uploaded:
        assert sorted(uploaded.namelist()) == sorted(NEEDED)
