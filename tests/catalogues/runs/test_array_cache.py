"""Arrays come back as they were; what is damaged or foreign is made again, never unpickled."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from catalogues.runs.array_cache import ArrayCache


def test_they_come_back_bit_for_bit(place: str) -> None:
    kept = ArrayCache(f"{place}/out.json.maps")
    given = {
        "maps": np.random.default_rng(1).normal(size=(3, 4, 4)).astype(np.float32),
        "left_out": np.full((1, 2, 4, 4), np.nan, np.float16),
        "bar_fraction": np.array(0.1 + 0.2),
    }
    assert kept.get("one") is None
    assert kept.count() == 0
    kept.put("one", given)
    kept.put("none", {})
    found = kept.get("one")
    assert found is not None
    assert found.keys() == given.keys()
    for name, array in given.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
    assert kept.get("none") == {}
    assert kept.count() == 2
    kept.forget()
    assert kept.count() == 0
    kept.forget()


def test_damaged_and_foreign_files_are_none(tmp_path: Path) -> None:
    kept = ArrayCache(str(tmp_path))
    kept.put("one", {"a": np.arange(1000)})
    whole = (tmp_path / "one.npz").read_bytes()
    for cut in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "one.npz").write_bytes(whole[:cut])
        assert kept.get("one") is None
    with (tmp_path / "one.npz").open("wb") as file:
        np.savez(file, a=np.array([print], dtype=object))
    assert kept.get("one") is None
