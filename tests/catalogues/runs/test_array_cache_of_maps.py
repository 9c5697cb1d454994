"""Maps on disk: what was written is read, what is there is known, half a file is no file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from catalogues.runs.array_cache import GREY, MapCache, noise_kind
from catalogues.runs.grid_rows import SCHEMA, read_points, write_points
from catalogues.storage import StorageError, filesystem


def test_a_map_comes_back_as_it_was(tmp_path: Path) -> None:
    cache = MapCache(str(tmp_path))
    maps = np.random.default_rng(0).random((3, 8, 8), dtype=np.float32)
    maps[1] = np.nan
    cache.write(noise_kind(0.1), 2**62 + 1, maps)
    cache.write(GREY, -5, maps[0].T)
    np.testing.assert_array_equal(cache.read("noise-0.1", 2**62 + 1), maps)
    np.testing.assert_array_equal(cache.read("grey", -5), maps[0].T)
    assert cache.read(GREY, -5).dtype == np.float32


def test_what_is_missing(tmp_path: Path) -> None:
    cache = MapCache(str(tmp_path))
    kinds = (GREY, noise_kind(0.1), noise_kind(0.15))
    assert kinds == ("grey", "noise-0.1", "noise-0.15")
    assert cache.missing(kinds, [7, 8]) == {7: kinds, 8: kinds}
    for kind in kinds:
        cache.write(kind, 7, np.zeros((2, 2), np.float32))
    cache.write(noise_kind(0.1), 8, np.zeros((2, 2), np.float32))
    (tmp_path / "grey" / ".8.npy.0.tmp").write_bytes(b"half")  # what a killed writer leaves
    (tmp_path / "grey" / "notes.npy").write_bytes(b"of the user")
    assert cache.missing(kinds, [7, 8]) == {8: (GREY, noise_kind(0.15))}


def test_a_file_that_is_no_map(tmp_path: Path) -> None:
    cache = MapCache(str(tmp_path))
    with pytest.raises(StorageError):
        cache.read(GREY, 1)
    cache.write(GREY, 1, np.zeros((4, 4), np.float32))
    path = Path(cache.path(GREY, 1))
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(StorageError, match="remove it, and the same command will make it again"):
        cache.read(GREY, 1)


def test_points_come_back_as_they_were(tmp_path: Path) -> None:
    rows = [
        {
            "method": "average maps", "multiply_by_input": True, "noise_fraction": 0.15,
            "correlation_min": 0.85, "pixels_min": 40, "galaxies": 1050, "pearson": 0.75,
            "spearman": 0.7, "median_relative_error": 0.2, "pearson_on_map": float("nan"),
            "best": best, "pearson_low": float("nan"), "pearson_high": 0.8, "error_floor": 0.1,
        }
        for best in (True, False)
    ]  # fmt: skip
    fs, root = filesystem(str(tmp_path))
    assert read_points(fs, f"{root}/p.parquet") is None
    write_points(fs, f"{root}/p.parquet", rows)
    assert set(rows[0]) == set(SCHEMA.names)
    np.testing.assert_equal(read_points(fs, f"{root}/p.parquet"), rows)
