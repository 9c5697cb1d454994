"""A finished run is known by its files as long as none of them has changed."""

from __future__ import annotations

from catalogues import storage
from catalogues.runs.provenance import FINGERPRINT, fingerprint, fingerprint_of

INPUTS = [("a.parquet", 10, "1"), ("b.parquet", 20, "2")]


def test_the_same_files_give_the_same_seal_and_any_change_another(place: str) -> None:
    fs, root = storage.filesystem(place)
    for name in ("1.parquet", "2.parquet"):
        storage.write_whole(fs, storage.join(root, "catalogue", name), b"rows")
    storage.write_whole(fs, storage.join(root, "run.json"), b"not part of it")
    before = fingerprint(fs, root, INPUTS)
    assert fingerprint(fs, root, reversed(INPUTS)) == before
    changes = [
        fingerprint(fs, root, INPUTS[:1]),
        fingerprint(fs, root, [INPUTS[0], ("b.parquet", 20, "3")]),
        fingerprint(fs, root, [INPUTS[0], ("b.parquet", 21, "2")]),
    ]
    storage.write_whole(fs, storage.join(root, "catalogue", "2.parquet"), b"more rows")
    changes.append(fingerprint(fs, root, INPUTS))
    fs.rm_file(storage.join(root, "catalogue", "2.parquet"))
    changes.append(fingerprint(fs, root, INPUTS))
    assert len({before, *changes}) == 6


def test_only_a_finished_session_is_sealed() -> None:
    assert fingerprint_of({"outcome": "finished", FINGERPRINT: "ab"}) == "ab"
    assert fingerprint_of({"outcome": "failed", FINGERPRINT: "ab"}) is None
    assert fingerprint_of({"outcome": "finished"}) is None
    assert fingerprint_of({}) is None
