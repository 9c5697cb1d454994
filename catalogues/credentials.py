"""Where S3's credentials come from; never what they are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from catalogues.findings import Finding, ok, refused, warning
from catalogues.storage import StorageOptions

SECRET_NAMES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "RAY_AUTH_TOKEN")
"""Environment variables whose values are secrets."""


def check_credentials(urls: Iterable[str], options: StorageOptions) -> Finding:
    """Whether the usual chain (environment, profile, role) gives any, where `urls` need them."""
    if not any(url.startswith("s3://") for url in urls):
        return ok("credentials", "none needed: local paths")
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
            "AWS_SESSION_TOKEN of the environment ends within hours and is not renewed: for a long "
            "run give the machines a role, or a profile that renews",
        )
    return ok("credentials", f"found by {found.method!r}")


def check_job_environment(variables: Mapping[str, str]) -> Finding:
    """Whether the variables handed to a Ray job hold secrets: Ray shows and logs them."""
    shown = [name for name in SECRET_NAMES if name in variables]
    if shown:
        return warning(
            "job's environment",
            f"{shown[0]} stands in the job's runtime environment, which Ray's dashboard and logs "
            "show: give the machines a role or a profile, or set it where Ray is started",
        )
    return ok("job's environment", "no secrets in what Ray shows of the job")
