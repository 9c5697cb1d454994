"""Published vote tables against one galaxy worked out by hand."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from catalogues.answers import VOTES, checked_votes
from catalogues.galaxyzoo import INDEX, KAGGLE_COLUMNS
from catalogues.layouts.votes import VoteScheme, find_scheme, schemes


def named(name: str) -> VoteScheme:
    return next(s for s in schemes() if s.name == name)


def table(scheme: VoteScheme, **values: float) -> pa.Table:
    """Two galaxies; columns that end in a key of `values` (dots for hyphens) have its value."""
    columns = {}
    for column in scheme.columns:
        found = [v for k, v in values.items() if k in column.replace("-", "_")]
        columns[column] = pa.array([found[0] if found else 0.0, None], pa.float64())
    return pa.table(columns)


def test_every_scheme_has_a_place_for_each_answer() -> None:
    for scheme in schemes():
        assert len(scheme.sources) == len(VOTES)
        assert len(set(scheme.columns)) == len(scheme.columns)


def test_kaggles_votes_are_ours_already() -> None:
    values = np.random.default_rng(0).uniform(size=(3, 37))
    columns = dict(zip(KAGGLE_COLUMNS, values.T, strict=True))
    scheme = find_scheme(["GalaxyID", *columns], "auto")
    assert scheme is not None
    assert scheme.name == "kaggle"
    assert np.array_equal(scheme.votes(pa.table(columns)), values)


def test_galaxy_zoo_2_is_multiplied_down_the_tree() -> None:
    votes = named("gz2").votes(
        table(
            named("gz2"), a01_smooth=0.2, a02_features=0.7, a03_star=0.1, a04_yes=0.25, a05_no=0.75,
            a06_bar=0.4, a07_no_bar=0.6, a08_spiral=1.0, a14_yes=0.0, a15_no=1.0,
        )
    )  # fmt: skip
    face_on = 0.7 * 0.75
    assert votes[0, INDEX["disk_edge_on_no"]] == pytest.approx(face_on)
    assert votes[0, INDEX["bar_yes"]] == pytest.approx(0.4 * face_on)
    assert votes[0, INDEX["has_spiral_arms_yes"]] == pytest.approx(face_on)
    assert votes[0, INDEX["odd_feature_ring"]] == 0  # nobody was asked
    assert np.isnan(votes[0, INDEX["arm_number_2"]])  # asked, and no answer
    assert np.isnan(votes[1]).all()
    clean, tally = checked_votes(votes.astype(np.float32))
    assert tally.inconsistent == 0
    assert np.array_equal(np.isnan(clean), np.isnan(votes))


def test_decals_bars_and_bulges_are_put_together() -> None:
    votes = named("decals").votes(
        table(
            named("decals"), featured_or_disk=1.0, disk_edge_on_no=1.0, bar_strong=0.3,
            bar_weak=0.2, bar_no=0.5, bulge_size_small=0.1, bulge_size_moderate=0.5,
            bulge_size_large=0.4,
        )
    )  # fmt: skip
    assert votes[0, INDEX["bar_yes"]] == pytest.approx(0.5)
    assert votes[0, INDEX["bulge_prominence_just_noticeable"]] == pytest.approx(0.1)
    assert votes[0, INDEX["bulge_prominence_obvious"]] == pytest.approx(0.9)
    assert votes[0, INDEX["how_rounded_completely"]] == 0
    assert np.isnan(votes[0, INDEX["something_odd_yes"]])
    assert np.isnan(votes[0, INDEX["odd_feature_merger"]])


def test_fractions_that_do_not_quite_add_up_are_scaled() -> None:
    votes = named("gz2").votes(table(named("gz2"), a01_smooth=0.6, a02_features=0.6))
    assert votes[0, INDEX["smooth_or_featured_smooth"]] == pytest.approx(0.5)


def test_weighted_fractions_are_taken_before_raw_ones() -> None:
    names = [c for s in schemes() if s.name == "gz2" for c in s.columns]
    scheme = find_scheme(names, "gz2")
    assert scheme is not None
    assert all(c.endswith("_weighted_fraction") for c in scheme.columns)


def test_tables_without_votes() -> None:
    assert find_scheme(["objid", "ra"], "auto") is None
    assert find_scheme(KAGGLE_COLUMNS, "none") is None
    with pytest.raises(ValueError, match=r"lacks 1 of the 37 vote columns of 'kaggle' \(Class11.6"):
        find_scheme(KAGGLE_COLUMNS[:-1], "kaggle")


def test_votes_that_are_words() -> None:
    scheme = named("kaggle")
    columns = {name: pa.array(["often"]) for name in KAGGLE_COLUMNS}
    with pytest.raises(ValueError, match=r"vote column 'Class1\.1' is of type string"):
        scheme.votes(pa.table(columns))
