"""Named arrays in one file each, whole or not at all: what a killed run need not compute again."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalogues import storage

Arrays = Mapping[str, NDArray[Any]]


class KeptArrays:
    """Files `name`.npz in a folder or below a URL. Nothing in them is unpickled."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._fs, self._root = storage.filesystem(folder)

    def get(self, name: str) -> dict[str, NDArray[Any]] | None:
        """The arrays kept under `name`; None where there are none, or none that can be read.
        Raises StorageError."""
        (data,) = storage.read_many(self._fs, [self._path(name)])
        try:
            found = np.load(io.BytesIO(data or b""), allow_pickle=False)
            return {key: found[key] for key in found.files}
        except (ValueError, EOFError, OSError, AttributeError, zipfile.BadZipFile):
            return None

    def put(self, name: str, arrays: Arrays) -> None:
        """Keep arrays (none, too) under `name`, instead of what was there. Raises StorageError."""
        buffer = io.BytesIO()
        np.savez(buffer, **dict(arrays))  # type: ignore[arg-type]
        storage.write_whole(self._fs, self._path(name), buffer.getvalue())

    def count(self) -> int:
        """How many names are kept. Raises StorageError."""
        there = storage.exists(self._fs, self._root)
        return len(storage.list_files(self._fs, self._root, (".npz",))) if there else 0

    def forget(self) -> None:
        """Remove the folder and all that is kept there. Raises StorageError."""
        if storage.exists(self._fs, self._root):
            with storage.explained("remove", self._root):
                self._fs.rm(self._root, recursive=True)

    def _path(self, name: str) -> str:
        return storage.join(self._root, f"{name}.npz")


__all__ = ["KeptArrays"]
