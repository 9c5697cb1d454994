"""run.json: written, read back, compared; no secrets."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pytest

from catalogues.runs.provenance import (
    check_same_run,
    differences,
    new_record,
    new_session,
    read_record,
    shard_facts,
    write_record,
)
from catalogues.shards.reading import Shard

FS = fsspec.filesystem("file")
FACTS = {"seed": 1, "map": {"samples": 256, "view": (0.5, 2.0)}, "device": "cpu"}


def shard(name: str, rows: int) -> Shard:
    return Shard(name=name, path=name, rows=rows, size_bytes=9)


def test_round_trip(tmp_path: Path) -> None:
    record = new_record(FACTS, {"input": "a"}, "label").with_session(new_session("cpu", more=1))
    record = record.ended("finished", {"measured": 3})
    write_record(FS, str(tmp_path), record)
    assert read_record(FS, str(tmp_path)) == record
    assert record.run_id.startswith("label-")
    assert record.sessions[0]["outcome"] == "finished"
    assert record.sessions[0]["versions"]["numpy"]
    assert record.sessions[0]["started"] <= record.sessions[0]["ended"]


def test_the_id_is_that_of_the_facts() -> None:
    record = new_record(FACTS, {"input": "a"})
    assert new_record(dict(reversed(FACTS.items())), {"input": "b"}).run_id == record.run_id
    assert new_record({**FACTS, "seed": 2}, {"input": "a"}).run_id != record.run_id


def test_no_record(tmp_path: Path) -> None:
    assert read_record(FS, str(tmp_path)) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"run_id": "x", "facts": {}, "sessions": 3}'])
def test_another_file_of_that_name_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(ValueError, match=r"run\.json.*not the record of a run.*another output"):
        read_record(FS, str(tmp_path))


def test_secrets_in_addresses_are_left_out() -> None:
    record = new_record(FACTS, {"endpoint_url": "http://me:hush@host:9000"})
    assert "hush" not in record.to_json().decode()


def test_differences_are_named_to_the_leaf() -> None:
    given = {"seed": 1, "map": {"samples": 8, "view": (0.5, 2.0)}, "label": "new"}
    assert differences(FACTS, given) == [
        ("map.samples", 256, 8),
        ("device", "cpu", None),
        ("label", None, "new"),
    ]


def test_same_run_or_which_setting_differs() -> None:
    stored = new_record(FACTS, {})
    check_same_run(stored, new_record(FACTS, {"output": "elsewhere"}))
    with pytest.raises(ValueError, match=r"seed was 1, now 2.*choose another output"):
        check_same_run(stored, new_record({**FACTS, "seed": 2}, {}))
    with pytest.raises(ValueError, match="label was"):
        check_same_run(stored, new_record(FACTS, {}, "mine"))
    other = {name: i for i, name in enumerate("abcde")}
    with pytest.raises(ValueError, match="and 5 more"):
        check_same_run(stored, new_record(other, {}))


def test_an_input_is_its_names_and_rows() -> None:
    facts = shard_facts([shard("a", 2), shard("b", 3)])
    assert (facts["shards"], facts["rows"]) == (2, 5)
    assert shard_facts([shard("a", 3), shard("b", 2)])["sha256"] != facts["sha256"]
    assert shard_facts([shard("a", 2), shard("c", 3)])["sha256"] != facts["sha256"]
