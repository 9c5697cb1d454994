"""By which files a finished run is known again, without opening any of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from catalogues import storage
from catalogues.catalogue_files import CATALOGUE

SEAL = "files_sha256"
"""Key of a finished session in run.json: what `seal` gave when it ended."""


def seal(fs: Any, root: str, inputs: Iterable[tuple[str, int, str]]) -> str:
    """A digest of all files of input and catalogue: of `inputs`, name, bytes and version of each
    shard, and of names and bytes in the catalogue below the output folder `root`. StorageError."""
    folder = storage.join(root, CATALOGUE)
    found = storage.list_files(fs, folder) if storage.exists(fs, folder) else []
    names = [(path[len(folder) :], size) for path, size in found]
    return hashlib.sha256(json.dumps([sorted(inputs), names]).encode()).hexdigest()


def sealed(session: Mapping[str, Any]) -> str | None:
    """The seal of a session that has finished its run; None for others."""
    found = session.get(SEAL) if session.get("outcome") == "finished" else None
    return found if isinstance(found, str) else None
