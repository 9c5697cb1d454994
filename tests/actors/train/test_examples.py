"""From a shard's rows to examples: parts by hash, answers checked, nothing lost on the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from actors.train.examples import (
    PARTS,
    ExamplePlan,
    bar_ellipse,
    length_samples,
    scan_shard,
    shard_examples,
)
from catalogues import storage
from catalogues.images.decode import decode
from catalogues.mocks.params import MockSkyParams
from catalogues.mocks.table import mock_table
from catalogues.shards.reading import list_shards
from catalogues.shards.splits import SplitFractions, part_of
from catalogues.shards.votes import VOTES
from catalogues.shards.writing import write_shards
from catalogues.truth.training_lengths import BarLengthColumn
from models.preprocess import canvas
from models.view_params import FieldSpec
from tests.training import COLUMNS, LENGTH, rows, write_shard

SPLIT = SplitFractions(validation=0.3, test=0.2)
PLAN = ExamplePlan(split=SPLIT, field=FieldSpec(canvas_px=32))
LENGTHS = replace(PLAN, target=BarLengthColumn(name=LENGTH))


def galaxies(folder: Path) -> tuple[str, list[dict]]:  # type: ignore[type-arg]
    """Thirty; one without answers, one with an inconsistent one, one without an image."""
    found = rows(30)
    mine = [r for r in found if part_of(r["object_id"], SPLIT) == "train"]
    mine[0] |= dict.fromkeys([*VOTES, LENGTH])
    mine[1]["vote_bar_yes"] = 0.99
    mine[2]["image"]["bytes"] = b"<html>gone</html>"
    write_shard(folder / "a.parquet", found, COLUMNS)
    return str(folder), found


def test_examples_are_the_galaxies_of_their_part(tmp_path: Path) -> None:
    url, found = galaxies(tmp_path)
    scan = scan_shard(url, list_shards(url)[0], PLAN)
    parts = [part_of(r["object_id"], SPLIT) for r in found]
    counts = {part: parts.count(part) for part in ("train", "validation", "test")}
    assert scan.counts == {**counts, "train": counts["train"] - 1}
    assert (scan.tally.rows, scan.tally.unknown, scan.tally.inconsistent) == (30, 1, 1)
    arrays = shard_examples(scan, PLAN)
    for part in PARTS:
        mine = [r for r, p in zip(found, parts, strict=True) if p == part]
        mine = mine[1:] if part == "train" else mine
        assert arrays[part]["pixels"].shape == (scan.counts[part], 32, 32, 3)
        for i, row in enumerate(mine):
            votes, given = arrays[part]["votes"][i], [row[name] for name in VOTES]
            if part == "train" and i == 1:
                assert np.isnan(votes).all()
                continue
            same = np.isclose(votes, given, rtol=1e-6)
            assert same.sum() == (35 if part == "train" and i == 0 else 37)
            pixels = decode(row["image"]["bytes"]).pixels
            assert pixels is not None
            assert np.array_equal(arrays[part]["pixels"][i], canvas(pixels, PLAN.field).pixels)


def test_lengths_are_in_galaxy_radii(tmp_path: Path) -> None:
    url, found = galaxies(tmp_path)
    scan = scan_shard(url, list_shards(url)[0], LENGTHS)
    assert scan.tally.unknown == 1
    votes = shard_examples(scan, LENGTHS)["validation"]["votes"]
    mine = [r for r in found if part_of(r["object_id"], SPLIT) == "validation"]
    assert votes.shape == (len(mine), 1)
    for row, (length,) in zip(mine, votes, strict=True):
        pixels = decode(row["image"]["bytes"]).pixels
        assert pixels is not None
        assert length == pytest.approx(row[LENGTH] / canvas(pixels, PLAN.field).radius_px, rel=1e-5)


def test_samples_of_lengths(tmp_path: Path) -> None:
    url, _ = galaxies(tmp_path)
    scan = scan_shard(url, list_shards(url)[0], LENGTHS)
    samples = length_samples(scan, LENGTHS, 5)
    assert samples.shape == (5, 2)
    assert samples[:, 1] == pytest.approx(16 / np.hypot(48, 48), rel=0.3)


def test_columns_that_are_not_there(tmp_path: Path) -> None:
    url, _ = galaxies(tmp_path)
    plan = replace(PLAN, target=BarLengthColumn(name="bar_kpc"))
    with pytest.raises(ValueError, match=r"lacks 1 of 1 columns of answers \(bar_kpc\): choose an"):
        scan_shard(url, list_shards(url)[0], plan)


def test_known_bars_on_their_canvas() -> None:
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[40:60, 40:60] = 200
    seen = canvas(pixels, FieldSpec.paper(50))
    row = {"true_bar_length_px": 20.0, "true_bar_position_angle_deg": 30.0, "north_deg": 10.0}
    known = bar_ellipse({**row, "true_bar_axis_ratio": 0.4}, pixels, seen)
    assert known.tolist() == pytest.approx([24.5, 24.5, 5.0, 2.0, 40.0])
    assert np.isnan(bar_ellipse(row, pixels, seen)).all()


def test_a_shard_without_known_bars_knows_none(tmp_path: Path) -> None:
    url, _ = galaxies(tmp_path)
    plan = replace(PLAN, guided=True)
    scan = scan_shard(url, list_shards(url)[0], plan)
    ellipses = shard_examples(scan, plan)["validation"]["ellipses"]
    assert ellipses.shape == (scan.counts["validation"], 5)
    assert np.isnan(ellipses).all()


def test_mock_galaxies_know_their_bars(tmp_path: Path) -> None:
    params = MockSkyParams(
        image_px=96, smooth_fraction=0.0, strong_bar_fraction=1.0, weak_bar_fraction=0.0
    )
    table = mock_table(5, range(6), params)
    fs, root = storage.filesystem(str(tmp_path))
    list(write_shards([table], fs, root))
    plan = ExamplePlan(
        split=SplitFractions(validation=0.0, test=0.0), field=FieldSpec.paper(48), guided=True
    )
    scan = scan_shard(str(tmp_path), list_shards(str(tmp_path))[0], plan)
    arrays = shard_examples(scan, plan)["train"]
    lengths = np.array(table["true_bar_length_px"].to_pylist(), float)
    assert np.isfinite(lengths).any()
    assert arrays["ellipses"][:, 2] == pytest.approx(lengths / 4, rel=1e-5, nan_ok=True)
    known = arrays["ellipses"][np.isfinite(lengths)]
    assert known[:, :2] == pytest.approx(23.5)
