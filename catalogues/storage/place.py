"""A storage location: a file system and a path on it, opened once and passed around."""

from __future__ import annotations

from typing import Any, BinaryIO, NamedTuple, Protocol


class FileSystem(Protocol):
    """The methods of an fsspec file system that this project uses (AbstractFileSystem)."""

    protocol: str | tuple[str, ...]

    def info(self, path: str) -> dict[str, Any]:
        """Return size, type and version of a file. Raises FileNotFoundError."""

    def find(self, path: str, *, detail: bool = False) -> Any:
        """Find all files below `path`: their names, or with `detail` a mapping of name to info."""

    def open(self, path: str, mode: str = "rb", **options: Any) -> BinaryIO:
        """Open a file."""

    def cat_file(self, path: str, start: int | None = None, end: int | None = None) -> bytes:
        """Read bytes `start` to `end` of a file, by default all."""

    def pipe_file(self, path: str, value: bytes, **condition: str) -> None:
        """Write a file."""

    def put_file(self, lpath: str, rpath: str) -> None:
        """Copy a local file to this file system."""

    def rm(self, path: str, recursive: bool = False) -> None:
        """Remove files."""

    def rm_file(self, path: str) -> None:
        """Remove one file."""

    def unstrip_protocol(self, name: str) -> str:
        """Return the path as a URL."""


class Place(NamedTuple):
    """A file system and the path of a folder or file on it."""

    fs: FileSystem
    root: str

    def path(self, *names: str) -> str:
        """Return the path of `names` below the root, with single slashes."""
        return "/".join([self.root.rstrip("/"), *(name.strip("/") for name in names)])
