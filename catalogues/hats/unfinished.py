"""_publishing.json: the names that a running publication writes, kept until it has finished.

After a killed publication, this file tells which files to remove. Other files are not touched.
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
    """Check that the folder holds nothing but an unfinished publication. Raises ValueError."""
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
    """Return the files and folders of an unfinished publication; [] if there is none.

    Raises StorageError.
    """
    path = storage.join(root, FILE)
    if not storage.exists(fs, path):
        return []
    try:
        names = json.loads(storage.read_whole(fs, path))["names"]
    except (ValueError, TypeError, KeyError):
        return []
    return [name for name in names if isinstance(name, str) and name.strip(".") and "/" not in name]


def begin(fs: FileSystem, root: str, names: Sequence[str]) -> None:
    """Remove the files of a killed publication, and record the names this one will write."""
    clear(fs, root, names_of(fs, root))
    storage.write_whole(fs, storage.join(root, FILE), json.dumps({"names": list(names)}).encode())


def clear(fs: FileSystem, root: str, names: Sequence[str]) -> None:
    """Remove files and folders, and finally the record of their names. Raises StorageError."""
    for name in (*names, FILE):
        path = storage.join(root, name)
        with storage.explained("remove", path), suppress(FileNotFoundError):
            fs.rm(path, recursive=True)
