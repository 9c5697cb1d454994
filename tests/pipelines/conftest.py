"""Fixtures of the commands' tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipelines.ingesting import FIRST_ID, jpeg


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Six images under integer names, a seventh under another, and a note."""
    place = tmp_path / "images"
    (place / "deep").mkdir(parents=True)
    for number in range(6):
        (place / f"{FIRST_ID + number}.jpg").write_bytes(jpeg(number))
    (place / "deep" / "odd name.JPEG").write_bytes(jpeg(6))
    (place / "README.txt").write_text("about these images")
    return place
