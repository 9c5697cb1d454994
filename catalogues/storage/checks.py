"""Checks before a run: does the output's storage work, is there room, are credentials found?

Findings say where S3 credentials come from, never what they are.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from catalogues.storage import files
from catalogues.storage.conditional_write import read_tagged, write_if
from catalogues.storage.errors import StorageError, redact
from catalogues.storage.findings import Finding, ok, refused, warning
from catalogues.storage.place import FileSystem
from catalogues.storage.s3 import StorageOptions

CLOCK_WARNING_S, CLOCK_REFUSED_S = 30.0, 600.0
"""Clock differences for a warning and a refusal. S3 refuses requests that are 15 min off."""


def check_store(fs: FileSystem, root: str) -> list[Finding]:
    """Write, read, list, replace and remove a small file below `root`; return the findings."""
    path = files.join(root, f"_preflight-{uuid.uuid4().hex}")
    try:
        if not files.is_local(fs) and not files.exists(fs, bucket := root.split("/", 1)[0]):
            # some stores would create it, but not with the settings that the user wants
            return [refused("output", f"there is no bucket {bucket!r}: make it, or name another")]
        return _write_and_read(fs, root, path)
    except StorageError as error:
        return [refused("output", str(error))]
    finally:
        _remove(fs, path)


def _write_and_read(fs: FileSystem, root: str, path: str) -> list[Finding]:
    before = datetime.now(UTC)
    created = write_if(fs, path, b"one", None)
    after = datetime.now(UTC)
    if not created or files.read_whole(fs, path) != b"one":
        return [refused("output", f"{redact(root)!r} does not return what was written")]
    if path not in [found for found, _ in fs.find(root, detail=True).items()]:
        return [refused("output", f"{redact(root)!r} does not list what was written")]
    found = [ok("output", "written, read, listed"), _clock(fs, path, before, after)]
    found.append(_conditional(fs, path))
    files.write_whole(fs, path, b"two")
    return found


def _conditional(fs: FileSystem, path: str) -> Finding:
    """Check that the store honours conditional writes, which keep two runs apart."""
    name = "conditional write"
    again = write_if(fs, path, b"three", None)
    tagged = read_tagged(fs, path)
    files.write_whole(fs, path, b"four")
    stale = tagged is None or write_if(fs, path, b"five", tagged[1])
    if again or stale:
        condition = "If-None-Match" if again else "If-Match"
        return refused(
            name,
            f"the store ignores {condition}: two runs could write one output; use a store that "
            "honours conditional writes",
        )
    return ok(name, "the store does not replace a file that exists or has changed")


def _clock(fs: FileSystem, path: str, before: datetime, after: datetime) -> Finding:
    """Compare the store's clock with this machine's, from the time stamp of a new file."""
    info = fs.info(path)
    given = info.get("LastModified") or info.get("mtime") or info.get("created")
    if isinstance(given, int | float):
        given = datetime.fromtimestamp(given, UTC)
    if not isinstance(given, datetime):
        return ok("clock", "the store gives no time stamps")
    early, late = (before - given).total_seconds(), (given - after).total_seconds()
    skew = max(early - 1.0, late, 0.0)  # stores cut times to whole seconds
    told = f"this machine's clock and the store's differ by {skew:.0f} s"
    if skew >= CLOCK_REFUSED_S:
        return refused("clock", f"{told}: stores refuse such requests; set the clock (NTP)")
    if skew >= CLOCK_WARNING_S:
        return warning("clock", f"{told}: `ansae status` will misjudge; set the clock (NTP)")
    return ok("clock", f"within {skew:.0f} s of the store's")


def _remove(fs: FileSystem, path: str) -> None:
    try:
        fs.rm_file(path)
    except Exception:  # the file is absent or may not be removed: there is nothing more to do
        return


def size(count: float) -> str:
    """Format a number of bytes with a unit, for example "1.5 GiB"."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.3g} {unit}"
        count /= 1024
    return f"{count:.3g} TiB"


def check_room(fs: FileSystem, root: str, needed_bytes: float) -> Finding:
    """Check that `needed_bytes` more fit below `root`."""
    if not files.is_local(fs):
        return ok("room", f"{size(needed_bytes)} to be written; the store reports no limit")
    folder = root
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    free = shutil.disk_usage(folder).free
    told = f"{size(needed_bytes)} to be written, {size(free)} are free"
    if free < needed_bytes:
        return refused("room", f"{told}: make room, or choose another output")
    if free < 2 * needed_bytes:
        return warning("room", f"{told}: little will be left")
    return ok("room", told)


SECRET_NAMES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "RAY_AUTH_TOKEN")
"""Environment variables whose values are secrets."""


def check_credentials(urls: Iterable[str], options: StorageOptions) -> Finding:
    """Check that the usual chain (environment, profile, role) has the credentials `urls` need."""
    if not any(url.startswith("s3://") for url in urls):
        return ok("credentials", "none needed: all paths are local")
    if options.anonymous:
        return ok("credentials", "none: the input is read anonymously")
    from botocore.session import get_session  # type: ignore[import-untyped]

    found = get_session().get_credentials()
    if found is None:
        return refused(
            "credentials",
            "none found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile or a role",
        )
    if found.method == "env" and os.environ.get("AWS_SESSION_TOKEN"):
        return warning(
            "credentials",
            "AWS_SESSION_TOKEN of the environment expires within hours and is not renewed: for a "
            "long run give the machines a role, or a profile that renews its credentials",
        )
    return ok("credentials", f"found by {found.method!r}")


def check_job_environment(variables: Mapping[str, str]) -> Finding:
    """Check that the variables passed to a Ray job hold no secrets: Ray shows and logs them."""
    shown = [name for name in SECRET_NAMES if name in variables]
    if shown:
        return warning(
            "job's environment",
            f"{shown[0]} is in the job's runtime environment, which Ray's dashboard and logs show: "
            "give the machines a role or a profile, or set it where Ray is started",
        )
    return ok("job's environment", "Ray shows no secrets of the job")
