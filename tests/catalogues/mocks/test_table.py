"""Tables of mock galaxies: schema, truth, and sameness however the work is divided."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pyarrow as pa
import pytest

from catalogues import manifest
from catalogues.galaxyzoo import COLUMNS
from catalogues.mocks.params import MockSkyParams
from catalogues.mocks.population import draw_galaxy
from catalogues.mocks.table import TABLE_SCHEMA, mock_table
from catalogues.mocks.votes import expected_votes
from tests.reference.votes import consistency_error

SKY = MockSkyParams(image_px=106)


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return mock_table(5, range(24), SKY)


def test_table_holds_the_manifest_the_truth_and_the_votes(table: pa.Table) -> None:
    assert table.schema == TABLE_SCHEMA
    assert set(manifest.SCHEMA.names) <= set(table.column_names)
    votes = np.stack([table[f"vote_{name}"].to_numpy() for name in COLUMNS], axis=1)
    assert consistency_error(votes).max() < 1e-6
    assert len(set(table["object_id"].to_pylist())) == 24
    assert all(image["bytes"][:2] == b"\xff\xd8" for image in table["image"].to_pylist())


def test_truth_columns_are_those_of_the_galaxies(table: pa.Table) -> None:
    for index, row in enumerate(table.to_pylist()):
        galaxy = draw_galaxy(5, index, SKY)
        assert row["object_id"] == 5 * 2**32 + index
        assert row["true_class"] == galaxy.kind
        if galaxy.bar is None:
            assert row["true_bar_length_px"] is None
            assert row["true_bar_length_kpc"] is None
            assert row["true_bar_visual_length_px"] is None
            continue
        visual = row["true_bar_visual_length_px"]
        assert 0.3 * galaxy.bar_length_px < visual < galaxy.bar_length_px
        for unit in ("arcsec", "kpc"):
            assert row[f"true_bar_visual_length_{unit}"] / row[f"true_bar_length_{unit}"] == (
                pytest.approx(visual / galaxy.bar_length_px)
            )
        assert row["true_bar_length_px"] == pytest.approx(galaxy.bar_length_px)
        assert row["true_bar_length_px"] * row["pixel_scale_arcsec"] == pytest.approx(
            row["true_bar_length_arcsec"]
        )
        assert row["pixel_scale_arcsec"] == pytest.approx(0.08 * row["petro_r90_arcsec"])
        assert 0 <= row["true_bar_position_angle_deg"] < 180
    assert 0 < table["true_bar_length_px"].null_count < 24


@pytest.mark.long
def test_rows_do_not_depend_on_who_makes_them(table: pa.Table) -> None:
    backwards = mock_table(5, range(23, 11, -1), SKY)
    assert backwards.take(list(range(11, -1, -1))).equals(table.slice(12, 12))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        elsewhere = pool.submit(mock_table, 5, range(4), SKY).result()
    assert elsewhere.equals(table.slice(0, 4))


def test_expected_votes_on_request() -> None:
    row = mock_table(5, [3], MockSkyParams(image_px=32, vote_count=0)).to_pylist()[0]
    votes = [row[f"vote_{name}"] for name in COLUMNS]
    galaxy = draw_galaxy(5, 3, MockSkyParams(image_px=32))
    np.testing.assert_allclose(votes, expected_votes(galaxy), atol=1e-6)
