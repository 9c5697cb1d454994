"""Search of all that was written for a secret, also encoded, in Parquet files, in archives."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow.parquet as pq

Named = tuple[str, bytes]


def spellings(secret: str) -> set[bytes]:
    """The secret as it is, in hex, percent-encoded, and in base64 at each of its three offsets."""
    raw = secret.encode()
    found = {raw, raw.hex().encode(), raw.hex().upper().encode(), quote(secret, safe="").encode()}
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + raw)
        end = len(coded) - 4 if (offset + len(raw)) % 3 else len(coded)  # the rest depends on more
        found.add(coded[4 if offset else 0 : end])
    return found


def leaks(secrets: Iterable[str], written: Iterable[Named]) -> list[str]:
    """Names of what holds one of the `secrets`."""
    wanted = [spelling for secret in secrets for spelling in spellings(secret)]
    return [
        name
        for given in written
        for name, content in unpacked(*given)
        if any(spelling in content for spelling in wanted)
    ]


def unpacked(name: str, content: bytes) -> Iterator[Named]:
    """The bytes themselves and, of Parquet files and archives, what is inside, if it can be read.

    A damaged file has its raw bytes only: its parser may raise anything.
    """
    yield name, content
    inside = _rows if content.startswith(b"PAR1") else _members
    with suppress(Exception):
        for part, found in inside(content):
            yield f"{name} ({part})", found


def _rows(content: bytes) -> Iterator[Named]:
    file = pq.ParquetFile(io.BytesIO(content))
    schema = file.schema_arrow.to_string(show_schema_metadata=True, truncate_metadata=False)
    yield "metadata", repr(schema).encode()
    yield "rows", repr(file.read().to_pylist()).encode()


def _members(content: bytes) -> Iterator[Named]:
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.namelist():
                yield member, archive.read(member)


def files(folder: Path) -> Iterator[Named]:
    """Every regular file below a folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield str(path), path.read_bytes()


def objects(fs: Any, root: str) -> Iterator[Named]:
    """Every object below a path of a store."""
    for path in sorted(fs.find(root)):
        yield path, fs.cat_file(path)
