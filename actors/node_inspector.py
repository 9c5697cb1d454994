"""A node of the cluster from within: its versions, clock, disk, and its way to the store."""

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
    """`clock_s`: the node's time; `trouble`: what its way to input and output lacks, in words."""

    versions: Mapping[str, str | None]
    clock_s: float
    disk_free_bytes: int
    trouble: tuple[str, ...]


def inspect_node(
    shard: Shard, source: str, read: StorageOptions, target: str, write: StorageOptions
) -> NodeReport:
    """Look at the node that this runs on: reads a footer of `source`, writes a file to `target`."""
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
