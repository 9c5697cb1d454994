"""Rows sorted in pieces come back in slices, on every kind of storage."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa

from catalogues import storage
from catalogues.hats.external_sort import read_slice, write_run


def test_slices_are_the_sorted_whole(place: str) -> None:
    fs, root = storage.filesystem(place)
    rng = np.random.default_rng(5)
    pieces, runs = [], []
    for number in range(3):
        places = np.sort(rng.integers(0, 2**60, 5000))  # three batches
        ids = pa.array(2**60 + rng.integers(0, 9, 5000))
        table = pa.table({"_healpix_29": places, "object_id": ids})
        pieces.append(table.sort_by([("_healpix_29", "ascending"), ("object_id", "ascending")]))
        runs.append(write_run(fs, storage.join(root, f"{number}.arrow"), pieces[-1]))
    whole = pa.concat_tables(pieces).sort_by(
        [("_healpix_29", "ascending"), ("object_id", "ascending")]
    )
    places = whole["_healpix_29"].to_numpy()
    first, last = int(places[0]), int(places[-1])
    cuts = [first, int(places[1]), 2**58, int(places[9000]), last, last + 1]
    for start, end in pairwise(cuts):
        low, high = np.searchsorted(places, [start, end])
        assert read_slice(fs, runs, start, end).equals(whole.slice(low, high - low))


def test_equal_places_across_batches(tmp_path) -> None:
    fs, root = storage.filesystem(str(tmp_path))
    table = pa.table({"_healpix_29": [7] * 5000, "object_id": np.arange(5000)})
    run = write_run(fs, storage.join(root, "one.arrow"), table)
    assert read_slice(fs, [run], 7, 8).equals(table)
    assert read_slice(fs, [run, run], 6, 8).num_rows == 10_000
