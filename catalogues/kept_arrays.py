"""Named arrays in one file each, whole or not at all: what a killed run need not compute again."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalogues import storage

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class KeptArrays:
    """Files `name`.npz in a folder or below a URL. Nothing in them is unpickled."""

    folder: str

    def get(self, name: str) -> dict[str, NDArray[Any]] | None:
        """The arrays kept under `name`; None where there are none, or none that can be read.
        Raises StorageError."""
        fs, path = self._place(name)
        if not storage.exists(fs, path):
            return None
        data = io.BytesIO(storage.read_whole(fs, path))
        try:
            with np.load(data, allow_pickle=False) as found:
                return {key: found[key] for key in found.files}
        except (ValueError, EOFError, OSError, zipfile.BadZipFile):
            return None

    def put(self, name: str, arrays: Arrays) -> None:
        """Keep arrays (none, too) under `name`, instead of what was there. Raises StorageError."""
        buffer = io.BytesIO()
        np.savez(buffer, **dict(arrays))  # type: ignore[arg-type]
        storage.write_whole(*self._place(name), buffer.getvalue())

    def count(self) -> int:
        """How many names are kept. Raises StorageError."""
        fs, root = storage.filesystem(self.folder)
        return len(storage.list_files(fs, root, (".npz",))) if storage.exists(fs, root) else 0

    def forget(self) -> None:
        """Remove the folder and all that is kept there. Raises StorageError."""
        fs, root = storage.filesystem(self.folder)
        if storage.exists(fs, root):
            with storage.explained("remove", root):
                fs.rm(root, recursive=True)

    def _place(self, name: str) -> tuple[Any, str]:
        fs, root = storage.filesystem(self.folder)
        return fs, storage.join(root, f"{name}.npz")


__all__ = ["KeptArrays"]
