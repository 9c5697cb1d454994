"""ansae preflight: what works is estimated and leaves no trace; what cannot is refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from catalogues import storage
from catalogues.runs.provenance import new_session, write_record
from catalogues.shards.reading import Shard
from pipelines.measure.options import MeasureOptions
from pipelines.measure.plan import make_plan
from pipelines.preflight.__main__ import main
from pipelines.preflight.inputs import check_plan
from pipelines.preflight.probe import sample
from tests.s3server import S3Server
from tests.survey import put, survey_and_ensemble

pytestmark = pytest.mark.timeout(300)

Look = Callable[..., tuple[int, dict[str, tuple[str, str]]]]


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return survey_and_ensemble(tmp_path_factory.mktemp("given"), 3, 12)


@pytest.fixture
def look(given: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Look:
    """Run it; the exit status, and verdict and words of every line by its check's name."""

    def look(
        *words: str, input: str = given["shards"], output: str = str(tmp_path / "out")
    ) -> tuple[int, dict[str, tuple[str, str]]]:
        status = main([input, output, "--ensemble", given["ensemble"], *words])
        lines: dict[str, tuple[str, str]] = {}
        for line in capsys.readouterr().out.splitlines()[1:]:
            found = re.match(r"(\S.*?)  +(ok|warning|refused)  +(.*)", line)
            if found:
                last = found[1]
                lines[last] = (found[2], found[3].rstrip())
            else:
                lines[last] = (lines[last][0], f"{lines[last][1]} {line.strip()}")
        return status, lines

    return look


def test_a_folder_is_probed_and_left_as_it_was(ray_cluster, look: Look, tmp_path: Path) -> None:
    status, lines = look("--select", "all", "--probe", "12", "--core-hour-price", "0.05")
    assert status == 0
    # the tests' Ray is told the S3 server's secret the way that preflight warns of
    assert {name for name, (verdict, _) in lines.items() if verdict != "ok"} <= {
        "job's environment",
    }  # fmt: skip
    assert lines["input"][1].startswith("36 galaxies in 3 shards")
    assert lines["run"][1] == "a new run"
    assert lines["probe"][1].startswith("12 galaxies of 3 shards: ")
    assert "100% of the galaxies selected" in lines["rates"][1]
    best, low, high = (float(x) for x in re.findall(r"[\d.]+(?:e-?\d+)?", lines["cost"][1])[:3])
    assert 0 < low < best < high
    assert "for 36 galaxies on 2 cores" in lines["time"][1]
    assert "at 0 per GPU hour and 0.05 per core hour" in lines["cost"][1]
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.slow
def test_on_s3_a_bad_shard_is_seen_through_the_probe(
    ray_cluster, look: Look, s3_env: S3Server, given: dict[str, str], tmp_path: Path
) -> None:
    url = f"s3://{s3_env.bucket}/{tmp_path.name}"
    put(given["shards"], f"{url}/shards")
    status, lines = look(
        "--probe", "6", "--select", "none", input=f"{url}/shards", output=f"{url}/run"
    )
    assert status == 0
    assert lines["credentials"][1] == "found by 'env'"
    assert lines["conditional write"][0] == "ok"
    assert "the store reports no limit" in lines["room"][1]
    fs, root = storage.filesystem(url)
    assert [path for path in fs.find(root) if "_preflight" in path] == []

    broken = storage.join(root, "shards", "shard-1.parquet")
    storage.write_whole(fs, broken, storage.read_whole(fs, broken)[:-9])
    status, lines = look(input=f"{url}/shards", output=f"{url}/run")
    assert status == 1
    assert lines["input"][0] == "refused"
    assert "shard-1.parquet" in lines["input"][1]
    assert "write it again" in lines["input"][1]
    assert lines["networks"][0] == "ok"
    assert "time" not in lines


def test_a_wrong_secret_is_refused_and_not_told(
    look: Look, s3_env: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-not-this-one")
    place = f"s3://{s3_env.bucket}"
    status, lines = look(input=f"{place}/shards", output=f"{place}/run")
    assert status == 1
    for check in ("output", "input"):
        assert lines[check][0] == "refused"
        assert "permission denied; on S3 check AWS_ACCESS_KEY_ID" in lines[check][1]
    assert "hush" not in str(lines)
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    status, lines = look(input=f"{place}/shards", output=f"{place}/run")
    assert (status, lines["credentials"][0]) == (1, "refused")


def test_a_bucket_that_may_only_be_read(look: Look, s3_env: S3Server, monkeypatch) -> None:
    for name, value in s3_env.reader.items():
        monkeypatch.setenv(name, value)
    status, lines = look(output=f"s3://{s3_env.bucket}/run")
    assert (status, lines["output"][0]) == (1, "refused")
    assert re.search(r"cannot write .*permission denied", lines["output"][1])


def test_every_fault_is_told_at_once(look: Look, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    status, lines = look(
        "--ensemble",
        "/nowhere",
        input=str(tmp_path / "absent"),
        output=str(tmp_path / "file" / "x"),
    )
    assert status == 1
    assert {name for name, (verdict, _) in lines.items() if verdict == "refused"} == {
        "output", "input", "networks",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--keep", "mass"), "no column 'mass'"),
        (("--estimator", "/nowhere.json"), "no such file"),
        (("--cosmology", "Planck"), "cosmology 'Planck' is not known"),
    ],
)
def test_other_mistakes_of_the_run(look: Look, words: tuple[str, ...], told: str) -> None:
    status, lines = look(*words)
    assert (status, lines["run"][0]) == (1, "refused")
    assert told in lines["run"][1]


def test_a_run_that_is_there(look: Look, given: dict[str, str], tmp_path: Path) -> None:
    """One of other settings is refused, one that may be at work is told."""
    options = MeasureOptions(
        input=given["shards"], output=str(tmp_path / "out"), ensemble=given["ensemble"], seed=3
    )
    record = make_plan(options).record("cpu").with_session(new_session("cpu"))
    write_record(*storage.filesystem(options.output), record)
    status, lines = look()
    assert (status, lines["run"][0]) == (1, "refused")
    assert "seed was 3, now 0" in lines["run"][1]
    _, findings = check_plan(options)
    assert (findings[-1].check, findings[-1].verdict) == ("run", "warning")
    assert "gave a sign of life" in findings[-1].found


@pytest.mark.parametrize(("galaxies", "shards", "rows"), [(100, 300, 10), (100, 3, 12), (1, 5, 4)])
def test_a_sample_is_spread_over_shards_and_is_the_same_again(
    galaxies: int, shards: int, rows: int
) -> None:
    listed = [Shard(name=f"{i}", path=f"{i}", rows=rows, size_bytes=1) for i in range(shards)]
    chosen = sample(listed, galaxies, seed=1)
    wanted = sum(int((~skip).sum()) for _, skip in chosen)
    assert len({shard.name for shard, _ in chosen}) == len(chosen) == min(shards, 10, galaxies)
    assert wanted == min(galaxies, shards * rows)
    for (a, skip), (b, again) in zip(chosen, sample(listed, galaxies, seed=1), strict=True):
        assert (a, skip.tolist()) == (b, again.tolist())
        assert np.flatnonzero(~skip).tolist() == list(
            range(int(np.argmin(skip)), int(np.argmin(skip)) + int((~skip).sum()))
        )
