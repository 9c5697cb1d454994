"""_publishing.json: what a publication puts into its folder, there until it has ended.

By it the remains of one that was killed are known, and nobody's other files are touched.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress

from catalogues import storage
from catalogues.runs import lease
from catalogues.storage import FileSystem

FILE = "_publishing.json"


def require_free(fs: FileSystem, root: str) -> None:
    """Raises ValueError where the folder holds more than a publication that has not ended."""
    if not storage.exists(fs, root):
        return
    paths = [path for path, _ in storage.list_files(fs, root)]
    first = len(root.rstrip("/")) + 1
    known = {FILE, lease.FILE, *names_of(fs, root)}
    others = [path for path in paths if path[first:].split("/")[0] not in known]
    if others:
        raise ValueError(
            f"the output {storage.redact(root)!r} holds {len(others)} files: give an empty or new "
            "folder, or remove them"
        )


def names_of(fs: FileSystem, root: str) -> list[str]:
    """Files and folders that a publication which has not ended put there; [] where there is none.
    Raises StorageError."""
    path = storage.join(root, FILE)
    if not storage.exists(fs, path):
        return []
    try:
        names = json.loads(storage.read_whole(fs, path))["names"]
    except (ValueError, TypeError, KeyError):
        return []
    return [name for name in names if isinstance(name, str) and name.strip(".") and "/" not in name]


def begin(fs: FileSystem, root: str, names: Sequence[str]) -> None:
    """Clear what a killed publication has left and say what this one will put there."""
    clear(fs, root, names_of(fs, root))
    storage.write_whole(fs, storage.join(root, FILE), json.dumps({"names": list(names)}).encode())


def clear(fs: FileSystem, root: str, names: Sequence[str]) -> None:
    """Remove files and folders, and at last the word that they were there. Raises StorageError."""
    for name in (*names, FILE):
        path = storage.join(root, name)
        with storage.explained("remove", path), suppress(FileNotFoundError):
            fs.rm(path, recursive=True)
