"""EFIGI's attributes as votes: steps of the tables, undefined grades, the real files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from catalogues import storage
from catalogues.galaxyzoo import BAR, COLUMNS, INDEX, NOT_EDGE_ON, conditional
from catalogues.layouts.published.efigi import efigi_grades, efigi_table, efigi_votes
from tests.reference.votes import consistency_error


def votes(**changes: float) -> np.ndarray:
    values = {"hubble_type": 3.0, "bar": 0.5, "arm_strength": 0.5, "arm_curvature": 0.5,
              "inclination": 0.25, "bulge_to_total": 0.25, **changes}  # fmt: skip
    return efigi_votes(**{k: np.array([v]) for k, v in values.items()})[0]


def test_a_barred_spiral_seen_face_on() -> None:
    v = votes()
    assert v[INDEX["smooth_or_featured_featured_or_disk"]] == pytest.approx(0.93 * 0.99)
    assert conditional(v, BAR) == pytest.approx(0.80)
    assert v[BAR] + v[INDEX["bar_no"]] == pytest.approx(v[NOT_EDGE_ON])


def test_the_bar_fraction_rises_with_the_grade() -> None:
    shares = [float(conditional(votes(bar=g), BAR)) for g in (0, 0.25, 0.5, 0.75, 1)]
    assert shares == sorted(shares)
    assert shares[0] < 0.1
    assert shares[-1] > 0.9


def test_undefined_grades_are_unknown_votes() -> None:
    v = votes(bar=-1)
    assert np.isnan(v[BAR])
    assert np.isnan(v[INDEX["bar_no"]])
    assert np.isfinite(v[INDEX["has_spiral_arms_yes"]])


def test_what_is_known_adds_up() -> None:
    v = votes()
    for first, last, parent in ((0, 3, None), (3, 5, 1), (5, 7, 4), (7, 9, 4), (9, 13, 4), (15, 18, 0), (28, 31, 7)):  # noqa: E501  # fmt: skip
        assert v[first:last].sum() == pytest.approx(1.0 if parent is None else v[parent])
    assert np.isnan(consistency_error(v))  # questions that EFIGI does not ask


@pytest.mark.data
def test_the_real_catalogue(data_dir: Path) -> None:
    table = efigi_table(data_dir / "efigi")
    assert table.num_rows == 3576
    assert len(set(table["object_id"].to_pylist())) == 3576
    grade = table["efigi_bar_length"].to_numpy(zero_copy_only=False)
    bar = table["vote_bar_yes"].to_numpy(zero_copy_only=False)
    np.testing.assert_array_equal(np.isnan(grade), np.isnan(bar))
    assert (np.nanmin(bar), np.nanmax(bar)) >= (0, 0)
    assert {f"vote_{c}" for c in COLUMNS} <= set(table.column_names)


def test_a_folder_that_is_not_efigi(tmp_path: Path) -> None:
    (tmp_path / "efigi_attributes.csv").write_text("PGCname,T\nPGC1,3\n")
    with pytest.raises(FileNotFoundError, match="no PGC"):
        efigi_table(tmp_path)


def test_grades_without_images(tmp_path: Path) -> None:
    (tmp_path / "efigi_attributes.csv").write_text(
        "PGCname,T,Bar_Length,Bar_Length_inf,Bar_Length_sup,Inclination\n"
        "PGC0000218,-3,-1,-1,-1,1\nPGC0000255,9,0.25,0,0.5,0\n"
    )
    rows = efigi_grades(*storage.filesystem(str(tmp_path))).to_pylist()
    assert rows[0] == {
        "object_id": 218, "grade": None, "grade_low": None, "grade_high": None,
        "inclination_grade": 1, "hubble_type": -3,
    }  # fmt: skip
    assert (rows[1]["object_id"], rows[1]["grade"], rows[1]["grade_high"]) == (255, 0.25, 0.5)
    (tmp_path / "efigi_attributes.csv").write_text("PGCname,T\nPGC1,3\n")
    with pytest.raises(ValueError, match=r"has no column 'Bar_Length': it is not EFIGI's table"):
        efigi_grades(*storage.filesystem(str(tmp_path)))
