"""Known lengths out of shards: who is taken, who is left out and why, what makes no sense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalogues.scales import DEFAULT_COSMOLOGY, kpc_per_arcsec
from catalogues.shards.reading import list_shards
from catalogues.shards.splits import SplitFractions, parts_of
from catalogues.truth.known_lengths import (
    SCHEMA,
    Known,
    check_sizes,
    known_lengths,
    require_enough,
    unit_per_px,
)
from catalogues.truth.length_units import length_column

ALL = SplitFractions(validation=0.0, test=0.0)


def write(folder: Path, name: str, **columns: Any) -> None:
    """A shard of rows without images, `object_id` and the given columns."""
    columns["image"] = [{"bytes": b"", "path": None}] * len(columns["object_id"])
    folder.mkdir(exist_ok=True)
    pq.write_table(pa.table(columns), folder / name)


def read(
    folder: Path, column: str, unit: str | None = None, galaxies: int = 100,
    split: SplitFractions = ALL, semi: bool = False,
) -> Known:  # fmt: skip
    of = length_column(column, unit, semi)
    return known_lengths(str(folder), list_shards(str(folder)), of, galaxies=galaxies, split=split)


def test_the_first_galaxies_with_a_length_in_order(tmp_path: Path) -> None:
    write(tmp_path, "a.parquet", object_id=[3, 1, 2], bar_px=[30.0, None, 20.0])
    write(tmp_path, "b.parquet", object_id=[5, 4], bar_px=[50.0, 40.0])
    found = read(tmp_path, "bar_px", galaxies=3).table
    assert found.schema.equals(SCHEMA, check_metadata=True)
    assert found["object_id"].to_pylist() == [3, 2, 5]
    assert found["length"].to_pylist() == [30, 20, 50]
    assert found["shard"].to_pylist() == ["a.parquet", "a.parquet", "b.parquet"]
    assert found["shard_row"].to_pylist() == [0, 2, 0]


def test_nobody_of_the_test_part(tmp_path: Path) -> None:
    ids = list(range(200))
    write(tmp_path, "a.parquet", object_id=ids, bar_px=[25.0] * 200)
    split = SplitFractions(test=0.6)
    known = read(tmp_path, "bar_px", galaxies=1000, split=split)
    allowed = [i for i, part in zip(ids, parts_of(ids, split), strict=True) if part != "test"]
    assert known.table["object_id"].to_pylist() == allowed
    assert known.left_out == {"in the test part": 200 - len(allowed)}


def test_rows_that_cannot_be_used_are_counted(tmp_path: Path) -> None:
    write(
        tmp_path, "a.parquet",
        object_id=pa.array([1, None, 3, 4, 5, 6, 1, 8], pa.int64()),
        bar_kpc=[5.0, 6.0, 0.0, np.nan, 7.0, 8.0, 9.0, None],
        z=[0.1, 0.1, 0.1, 0.1, None, 0.2, 0.1, 0.1],
    )  # fmt: skip
    known = read(tmp_path, "bar_kpc")
    assert known.table["object_id"].to_pylist() == [1, 6]
    assert known.left_out == {
        "without an id": 1,
        "with a length that is not a positive number": 2,
        "without z": 1,
        "with a repeated id": 1,
    }
    with pytest.raises(ValueError, match=r"2 galaxies .* at least 20 .*1 without z.*give more"):
        require_enough(known.table, known.left_out, "bar_kpc", 20)
    require_enough(known.table, known.left_out, "bar_kpc", 2)


def test_whole_numbers_and_half_lengths_are_lengths(tmp_path: Path) -> None:
    write(tmp_path, "a.parquet", object_id=[1, 2], sma_px=[7, 9])
    assert read(tmp_path, "sma_px", semi=True).table["length"].to_pylist() == [14.0, 18.0]


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    write(tmp_path, "a.parquet", object_id=[1], bar_px=[7.0])
    with pytest.raises(ValueError, match=r"no column 'true_bar_px'.*it has object_id, bar_px"):
        read(tmp_path, "true_bar_px")


def test_a_column_of_words(tmp_path: Path) -> None:
    write(tmp_path, "a.parquet", object_id=[1], bar_px=["long"])
    with pytest.raises(ValueError, match="has the type string and holds no lengths"):
        read(tmp_path, "bar_px")


def test_values_that_deny_the_unit_of_the_name(tmp_path: Path) -> None:
    write(tmp_path, "a.parquet", object_id=[1, 2], bar_kpc=[4100.0, 5200.0], z=[0.1, 0.1])
    with pytest.raises(ValueError, match=r"median full length of 4650 kpc.*pc would be 4.65 kpc"):
        read(tmp_path, "bar_kpc")


def test_a_pixel_in_every_unit() -> None:
    rows = [
        {"pixel_scale_arcsec": 0.4, "z": 0.05, "petro_r90_arcsec": 8.0},
        {"pixel_scale_arcsec": None, "z": 0.05, "petro_r90_arcsec": 8.0},
        {"pixel_scale_arcsec": 0.2, "z": None, "petro_r90_arcsec": None},
    ]
    table = pa.Table.from_pylist(rows, schema=pa.schema([SCHEMA.field(n) for n in rows[0]]))
    kpc = 0.4 * float(kpc_per_arcsec(0.05))
    nan = np.nan
    for unit, expected in {
        "px": [1, 1, 1],
        "arcsec": [0.4, nan, 0.2],
        "kpc": [kpc, nan, nan],
        "over_r90": [0.05, nan, nan],
    }.items():
        np.testing.assert_allclose(unit_per_px(table, unit, DEFAULT_COSMOLOGY), expected)


@pytest.mark.parametrize("length_px", [0.2, 900.0])
def test_bars_that_do_not_fit_their_images(length_px: float) -> None:
    of = length_column("bar_arcsec")
    with pytest.raises(ValueError, match=r"'bar_arcsec' holds full lengths in arcsec.*424 px"):
        check_sizes(of, np.full(9, length_px), 424)
    check_sizes(of, np.full(9, 80.0), 424)
