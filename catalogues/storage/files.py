"""Read, list and write files in local folders and S3 buckets through one interface."""

from __future__ import annotations

import io
import os
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO

from catalogues.storage.errors import StorageError, explained, redact
from catalogues.storage.place import FileSystem, Place
from catalogues.storage.s3 import StorageOptions, s3_filesystem

SCHEMES: tuple[str, ...] = ("file", "s3", "memory")
"""Supported kinds of storage; `memory` is for tests."""

_READ_THREADS = 16


def filesystem(url: str, options: StorageOptions | None = None) -> Place:
    """Return the file system of `url` and the path on it.

    `url`: a local path, file://... or s3://bucket/key. Local paths become absolute. No connection
    is opened yet. Raises StorageError for another scheme, or for credentials inside the address.
    """
    scheme, rest = url.split("://", 1) if "://" in url else ("file", url)
    if scheme not in SCHEMES:
        raise StorageError(
            f"{redact(url)!r} has the scheme {scheme!r}: only local paths, file:// and s3:// are "
            "read and written; copy the data to one of them"
        )
    if not url.strip():
        raise StorageError("the path is empty: give a folder or s3://bucket/prefix")
    if scheme == "s3" and ("@" in rest.split("/", 1)[0] or not rest.split("/", 1)[0]):
        raise StorageError(
            f"{redact(url)!r} is not s3://bucket/prefix: name the bucket there, and give "
            "credentials in the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), a profile "
            "or a role"
        )
    import fsspec  # slow to import: not for `--help`

    fs = s3_filesystem(options or StorageOptions()) if scheme == "s3" else fsspec.filesystem(scheme)
    path = os.path.abspath(rest) if scheme == "file" else fs._strip_protocol(url)
    return Place(fs, str(path))


def absolute(url: str) -> str:
    """Return an address that is valid in any working folder. Raises StorageError."""
    fs, path = filesystem(url)
    return path if is_local(fs) else url


def join(root: str, *names: str) -> str:
    """Return the path of `names` below `root`, with single slashes."""
    return "/".join([root.rstrip("/"), *(n.strip("/") for n in names)])


def within(root: str, name: str) -> str | None:
    """Return the path of `name` below `root`; None if it is absolute, a URL or leaves `root`."""
    parts = name.replace("\\", "/").split("/")
    if not name or name[0] in "/\\" or "\0" in name or ".." in parts or ":" in parts[0]:
        return None
    return join(root, *(part for part in parts if part not in ("", ".")))


def is_within(url: str, folder: str) -> bool:
    """Return whether `url` is `folder` or lies within it. Raises StorageError."""
    inner, outer = (filesystem(place)[1].rstrip("/") + "/" for place in (url, folder))
    return inner.startswith(outer)


def check_outside(output: str, source: str) -> None:
    """Check that an output does not lie among the shards of `source`. Raises ValueError."""
    if is_within(output, source):
        raise ValueError(
            f"the output {redact(output)!r} lies within the input: its files would be read as "
            "shards; choose a folder outside the input"
        )


def exists(fs: FileSystem, path: str) -> bool:
    """Return whether a file or folder exists. Raises StorageError if the store does not answer."""
    with explained("look up", path):
        try:
            fs.info(path)
        except FileNotFoundError:
            return False
        return True


def list_files(fs: FileSystem, root: str, suffixes: Iterable[str] = ("",)) -> list[tuple[str, int]]:
    """List (path, bytes) of every file below `root`, sorted.

    `suffixes`: endings in lower case; upper case in names matches, too. Files and folders whose
    names begin with "." or "_" are skipped. `root` may be one file. Raises StorageError if `root`
    does not exist or may not be listed.
    """
    return [(path, size) for path, size, _ in list_versions(fs, root, suffixes)]


def list_versions(
    fs: FileSystem, root: str, suffixes: Iterable[str] = ("",)
) -> list[tuple[str, int, str]]:
    """List (path, bytes, version) like `list_files`; rewriting a file changes its version."""
    wanted = tuple(suffixes)
    with explained("list", root):
        info = fs.info(root)
        if info["type"] == "file":
            return [(root, int(info["size"]), _version(info))]
        found = fs.find(root, detail=True)
    base = len(root.rstrip("/")) + 1
    return sorted(
        (path, int(entry["size"]), _version(entry))
        for path, entry in found.items()
        if path.lower().endswith(wanted)
        and not any(part.startswith((".", "_")) for part in path[base:].split("/"))
    )


def version(fs: FileSystem, path: str) -> str:
    """Return the version of one file, as in `list_versions`. Raises StorageError."""
    with explained("look up", path):
        return _version(fs.info(path))


def _version(info: Any) -> str:
    return str(info.get("ETag") or info.get("mtime") or info.get("created") or "")


def read_whole(fs: FileSystem, path: str) -> bytes:
    """Read a whole file. Raises StorageError."""
    with explained("read", path):
        return bytes(fs.cat_file(path))


def read_many(fs: FileSystem, paths: Iterable[str]) -> list[bytes | None]:
    """Read files with several threads. Returns their bytes in order, None for absent files.

    Raises StorageError for any other failure.
    """

    def read(path: str) -> bytes | None:
        with explained("read", path):
            try:
                return bytes(fs.cat_file(path))
            except (FileNotFoundError, IsADirectoryError):
                return None

    with ThreadPoolExecutor(_READ_THREADS) as pool:
        return list(pool.map(read, paths))


def open_random(fs: FileSystem, path: str) -> BinaryIO:
    """Open a file for random reads, without read-ahead. Raises StorageError."""
    with explained("open", path):
        if is_local(fs):
            return open(path, "rb")
        file: BinaryIO = fs.open(path, "rb", cache_type="none")
        return file


def is_local(fs: FileSystem) -> bool:
    """Return whether `fs` is this machine's disk."""
    protocol = fs.protocol
    return "file" in ((protocol,) if isinstance(protocol, str) else protocol)


def write_whole(fs: FileSystem, path: str, content: bytes | Callable[[BinaryIO], None]) -> None:
    """Write a file so that it appears whole or not at all. An old file is replaced.

    `content`: the bytes, or a function that writes them to the file it is given. On a disk, the
    bytes go to a hidden file next to the target, which is synced and renamed. Elsewhere they are
    collected in memory and sent with one put (a large put is sent in parts, and the store shows the
    file when it has the last part). Raises StorageError, and whatever `content` itself raises. A
    failure leaves no file behind.
    """
    if is_local(fs):
        _write_local(path, content)
        return
    if not isinstance(content, bytes):
        buffer = io.BytesIO()
        content(buffer)
        content = buffer.getvalue()
    with explained("write", path):
        fs.pipe_file(path, content)


def _write_local(path: str, content: bytes | Callable[[BinaryIO], None]) -> None:
    folder, name = os.path.split(path)
    aside = os.path.join(folder, f".{name}.{uuid.uuid4().hex}.tmp")
    try:
        with explained("write", path):
            os.makedirs(folder, exist_ok=True)
            with open(aside, "xb") as file:
                if isinstance(content, bytes):
                    file.write(content)
                else:
                    content(file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(aside, path)
    except BaseException:
        if os.path.exists(aside):
            os.remove(aside)
        raise
