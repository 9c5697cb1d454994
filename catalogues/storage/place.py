"""A place where files lie: a file system and a path on it, opened once and handed on."""

from __future__ import annotations

from typing import Any, BinaryIO, NamedTuple, Protocol


class FileSystem(Protocol):
    """The part of an fsspec file system that is used here (fsspec.spec.AbstractFileSystem)."""

    protocol: str | tuple[str, ...]

    def info(self, path: str) -> dict[str, Any]:
        """Size, type and version of a file. Raises FileNotFoundError."""

    def find(self, path: str, *, detail: bool = False) -> Any:
        """All files below `path`: names, or with `detail` a mapping of name to info."""

    def open(self, path: str, mode: str = "rb", **options: Any) -> BinaryIO:
        """Open a file."""

    def cat_file(self, path: str, start: int | None = None, end: int | None = None) -> bytes:
        """Bytes `start` to `end` of a file; all of them by default."""

    def pipe_file(self, path: str, value: bytes, **condition: str) -> None:
        """Write a file."""

    def put_file(self, lpath: str, rpath: str) -> None:
        """Copy a local file to this file system."""

    def rm(self, path: str, recursive: bool = False) -> None:
        """Remove files."""

    def rm_file(self, path: str) -> None:
        """Remove one file."""

    def unstrip_protocol(self, name: str) -> str:
        """The path as a URL."""


class Place(NamedTuple):
    """A file system and the path of a folder or file on it."""

    fs: FileSystem
    root: str

    def path(self, *names: str) -> str:
        """Path of `names` below the root, with single slashes."""
        return "/".join([self.root.rstrip("/"), *(name.strip("/") for name in names)])
