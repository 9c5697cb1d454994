"""Ensemble files: read whole, or refused with the file's name, the rule and the remedy."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from catalogues.runs.ensembles import read_ensemble
from catalogues.storage import StorageError
from tests.s3server import S3Server

WEIGHTS = (b"first weights", b"second weights")


def description(**changes: Any) -> dict[str, Any]:
    return {
        "weights": ["one.safetensors", "two.safetensors"],
        "sha256": [hashlib.sha256(w).hexdigest() for w in WEIGHTS],
    } | changes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in zip(("one", "two"), WEIGHTS, strict=True):
        (tmp_path / f"{name}.safetensors").write_bytes(data)
    (tmp_path / "ensemble.json").write_text(json.dumps(description()))
    return tmp_path


def test_folder_and_file_name_the_same_ensemble(folder: Path) -> None:
    by_folder, by_file = read_ensemble(str(folder)), read_ensemble(str(folder / "ensemble.json"))
    assert by_folder == by_file
    assert by_file.weights == WEIGHTS
    assert by_file.description == description()
    assert by_file.estimator is None


def test_estimator_beside_it_is_read(folder: Path) -> None:
    (folder / "estimator.json").write_text('{"map": {"samples": 3}}')
    assert read_ensemble(str(folder)).estimator == {"map": {"samples": 3}}


def test_weights_may_lie_elsewhere(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "one.bin"
    elsewhere.write_bytes(WEIGHTS[0])
    changed = description(weights=[f"file://{elsewhere}", "two.safetensors"])
    (folder / "ensemble.json").write_text(json.dumps(changed))
    assert read_ensemble(str(folder)).weights == WEIGHTS


def test_on_s3(s3_env: S3Server, folder: Path) -> None:
    from catalogues import storage

    url = f"s3://{s3_env.bucket}/ensembles/mine"
    fs, path = storage.filesystem(url)
    for file in folder.iterdir():
        storage.write_whole(fs, storage.join(path, file.name), file.read_bytes())
    assert read_ensemble(f"{url}/ensemble.json").weights == WEIGHTS
    assert read_ensemble(url).weights == WEIGHTS


def test_missing_files_are_named(folder: Path) -> None:
    (folder / "two.safetensors").unlink()
    with pytest.raises(StorageError, match=r"two\.safetensors.*no such file"):
        read_ensemble(str(folder))
    with pytest.raises(StorageError, match=r"absent/ensemble\.json.*no such file"):
        read_ensemble(str(folder / "absent"))


def test_altered_weights_are_refused(folder: Path) -> None:
    (folder / "one.safetensors").write_bytes(b"First weights")
    expected = hashlib.sha256(WEIGHTS[0]).hexdigest()[:12]
    with pytest.raises(ValueError, match=rf"one\.safetensors.*says {expected}.*fetch it again"):
        read_ensemble(str(folder))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"\x80\x04weights", "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b"{}", "no list of texts 'weights'"),
        (json.dumps(description(sha256=[])).encode(), "names 2 weights and 0 sha256"),
        (json.dumps(description(weights=[1, 2])).encode(), "no list of texts 'weights'"),
    ],
)
def test_what_is_no_description_is_refused(folder: Path, text: bytes, message: str) -> None:
    (folder / "ensemble.json").write_bytes(text)
    with pytest.raises(ValueError, match=message) as error:
        read_ensemble(str(folder))
    assert "ensemble.json" in str(error.value)
