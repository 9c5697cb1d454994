"""Places to write to: a disk, memory, a real S3 server."""

from __future__ import annotations

from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from tests.s3server import S3Server


@pytest.fixture(params=["disk", "memory", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty place of each kind."""
    if request.param == "disk":
        return str(tmp_path / "folder")
    if request.param == "memory":
        MemoryFileSystem.store.clear()
        return "memory://folder"
    server: S3Server = request.getfixturevalue("s3_env")
    return f"s3://{server.bucket}/{tmp_path.name}"
