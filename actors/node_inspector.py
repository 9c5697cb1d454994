"""Ray task that reports on the node it runs on: versions, clock, free disk, access to storage."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass

from catalogues import storage
from catalogues.runs.provenance import new_session
from catalogues.shards.reading import Shard, shard_fields
from catalogues.storage import StorageError, StorageOptions
from catalogues.storage.checks import check_store
from catalogues.storage.findings import Finding, Verdict


@dataclass(frozen=True, kw_only=True)
class NodeReport:
    """Report on a node.

    `clock_s` is the node's time (seconds since 1970). `trouble` lists in words why the node cannot
    read the input or write the output; it is empty if it can.
    """

    versions: Mapping[str, str | None]
    clock_s: float
    disk_free_bytes: int
    trouble: tuple[str, ...]


def inspect_node(
    shard: Shard, source: str, read: StorageOptions, target: str, write: StorageOptions
) -> NodeReport:
    """Inspect the node that runs this: read a shard's footer from `source`, write to `target`."""
    clock_s = time.time()
    session = new_session("")
    return NodeReport(
        versions={"python": session["python"], **session["versions"]},
        clock_s=clock_s,
        disk_free_bytes=shutil.disk_usage(tempfile.gettempdir()).free,
        trouble=tuple(_trouble(shard, source, read, target, write)),
    )


def _trouble(
    shard: Shard, source: str, read: StorageOptions, target: str, write: StorageOptions
) -> list[str]:
    found: list[str] = []
    try:
        shard_fields(storage.filesystem(source, read)[0], shard.path)
    except StorageError as error:
        found.append(str(error))
    findings: list[Finding] = check_store(*storage.filesystem(target, write))
    return found + [f.found for f in findings if f.verdict is Verdict.REFUSED]
