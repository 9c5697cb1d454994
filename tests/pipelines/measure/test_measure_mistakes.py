"""Mistakes: one line that gives value, rule and remedy, exit status 2, and nothing begun."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import __main__ as ansae
from pipelines.measure.__main__ import main
from tests.s3server import S3Server
from tests.survey import survey_and_ensemble, tiny_control, write_shard

Words = list[str]


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return survey_and_ensemble(tmp_path_factory.mktemp("given"), 1, 2)


@pytest.fixture
def refused(given: dict[str, str], tmp_path: Path, capsys) -> Callable[..., str]:
    """Run with something wrong; what it says."""

    def refused(*words: str, input: str | None = None, output: str | None = None) -> str:
        output = output or str(tmp_path / "out")
        full = [input or given["shards"], output, "--ensemble", given["ensemble"], *words]
        try:
            status = main(full)
        except SystemExit as end:
            status = end.code
        told = capsys.readouterr()
        assert (status, told.out) == (2, "")
        assert told.err.startswith("ansae measure: ")
        assert told.err.count("\n") == 1
        assert not os.path.exists(tmp_path / "out")
        return told.err

    return refused


def test_controls(refused: Callable[..., str], given: dict[str, str], tmp_path: Path) -> None:
    assert "trained with --target bar-length" in refused("--control", given["ensemble"])
    other = tiny_control(tmp_path / "other", 48)
    assert "train the control with the ensemble's preset" in refused("--control", other)
    assert "ensemble.json" in refused("--control", str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--smaples", "3"], ["Unrecognized options: --smaples, 3", "--samples", "--help"]),
        (["--spiral-arms", "True"], ["a switch takes no value; --name turns it on", "--help"]),
        (["--samples", "many"], ["--samples", "'many'"]),
        (["--samples", "0"], ["samples=0 must be at least 1"]),
        (["--select", "most"], ["invalid choice 'most'", "'bar'", "'all'"]),
        (["--bar-min", "50"], ["bar_min=50", "fraction"]),
        (["--keep-pictures", "2"], ["keep_pictures=2"]),
        (["--cosmology", "Planck"], ["cosmology 'Planck' is not known", "Planck18"]),
        (["--keep", "mass"], ["no column 'mass'", "it has object_id"]),
        (["--keep", "ra"], ["keep='ra'", "leave it out"]),
        (["--cluster.batch-rows", "0"], ["batch_rows=0 must be at least 1"]),
        (["--endpoint-url", "host:9000"], ["endpoint_url 'host:9000' is not an address"]),
        (["--estimator", "/nowhere/estimator.json"], ["/nowhere/estimator.json", "no such file"]),
        (["--ensemble", "/nowhere/ensemble.json"], ["/nowhere/ensemble.json", "no such file"]),
        (["--ensemble", "ftp://host/ensemble.json"], ["scheme 'ftp'", "s3://"]),
    ],
)
def test_options(refused: Callable[..., str], words: Words, parts: Words) -> None:
    told = refused(*words)
    assert [part for part in parts if part not in told] == []


def test_inputs(refused: Callable[..., str], tmp_path: Path) -> None:
    assert "no such file, folder or bucket" in refused(input=str(tmp_path / "absent"))
    (tmp_path / "empty").mkdir()
    assert "holds no .parquet files" in refused(input=str(tmp_path / "empty"))
    write_shard(tmp_path / "nobody" / "a.parquet", [])
    assert "hold no rows" in refused(input=str(tmp_path / "nobody"))
    (tmp_path / "nameless").mkdir()
    images = pa.array([{"bytes": b"x", "path": "x"}])
    pq.write_table(pa.table({"name": ["x"], "image": images}), tmp_path / "nameless" / "a.parquet")
    told = refused(input=str(tmp_path / "nameless"))
    assert "no column is object_id: the columns are name, image; name the column" in told


def test_outputs(refused: Callable[..., str], given: dict[str, str], tmp_path: Path) -> None:
    told = refused(output=f"{given['shards']}/out")
    assert "lies within the input" in told
    (tmp_path / "file").write_text("in the way")
    assert "cannot" in refused(output=str(tmp_path / "file" / "out"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "run.json").write_text("{}")
    assert "is not the record of a run" in refused(output=str(tmp_path / "other"))
    (tmp_path / "nobodys" / "catalogue").mkdir(parents=True)
    pq.write_table(pa.table({"shard": ["a"]}), tmp_path / "nobodys" / "catalogue" / "a.parquet")
    assert "but there is no run.json" in refused(output=str(tmp_path / "nobodys"))


def test_weights(refused: Callable[..., str], given: dict[str, str], tmp_path: Path) -> None:
    folder = Path(copytree(Path(given["ensemble"]).parent, tmp_path / "tiny"))
    weights = folder / "first.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    told = refused("--ensemble", str(folder))
    assert "first.safetensors" in told
    assert "was altered, replaced or cut; fetch it again" in told
    weights.unlink()
    assert "first.safetensors': no such file" in refused("--ensemble", str(folder))
    description = (folder / "ensemble.json").read_text().replace('"width": 4', '"width": 6')
    (folder / "ensemble.json").write_text(description)
    weights.write_bytes((Path(given["ensemble"]).parent / weights.name).read_bytes())
    told = refused("--ensemble", str(folder))
    assert "weights of member 'first' do not fit it" in told
    assert "give weights of the same architecture" in told
    (folder / "ensemble.json").write_text("{}")
    assert "not the description of an ensemble" in refused("--ensemble", str(folder))


def test_estimator_file(refused: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "estimator.json"
    file.write_text('{"map": {"sample": 3}}')
    assert "sample" in refused("--estimator", str(file))
    file.write_text("map: 3")
    assert "estimator.json" in refused("--estimator", str(file))
    file.write_text('{"reading": {"member_powers": [0.1, 0.1, 0.1, 0.1, 0.1]}}')
    told = refused("--estimator", str(file))
    assert "member_powers for 5 members" in told
    assert "ansae calibrate --ensemble" in told


def test_credentials(refused: Callable[..., str], s3_env: S3Server, monkeypatch) -> None:
    absent = f"s3://{s3_env.bucket}-absent/shards"
    assert "no such file, folder or bucket" in refused(input=absent)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-not-this-one")
    for told in (
        refused(input=f"s3://{s3_env.bucket}/shards"),
        refused(output=f"s3://{s3_env.bucket}/out"),
    ):
        assert "AWS_SECRET_ACCESS_KEY" in told
        assert "hush" not in told
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "credentials" in refused(input=f"s3://{s3_env.bucket}/shards")
    assert "password" not in refused(input="s3://me:password@bucket/shards")


def test_commands(capsys) -> None:
    assert ansae.main(["measur"]) == 2
    assert capsys.readouterr().err == (
        "ansae: there is no command 'measur': did you mean 'measure'?\n"
    )
    assert ansae.main(["--help"]) == 0
    told = capsys.readouterr().out
    assert "measure    measure bars: image shards -> bar catalogue" in told
