"""Published vote tables against one galaxy worked out by hand."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from catalogues.galaxyzoo import INDEX, KAGGLE_COLUMNS
from catalogues.layouts.joined.votes import VoteScheme, find_scheme, schemes
from catalogues.shards.votes import VOTES, checked_votes


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


def test_a_question_that_nobody_reached_has_no_answers() -> None:
    """GZ DECaLS leaves fractions of questions that were not asked empty."""
    scheme = named("decals")
    columns = {name: pa.array([None], pa.float64()) for name in scheme.columns}
    for answer, share in (("smooth", 1.0), ("featured-or-disk", 0.0), ("artifact", 0.0)):
        columns[f"smooth-or-featured_{answer}_fraction"] = pa.array([share])
    votes = scheme.votes(pa.table(columns))
    assert votes[0, INDEX["bar_yes"]] == 0
    assert np.isnan(votes[0, INDEX["how_rounded_completely"]])  # asked of all, and no answer


PUBLISHED = {
    "gz_decals_volunteers_1_and_2": ("", "_fraction", {"bar": ("yes", "no")}),
    "galaxy-datasets' dr12, numbers": ("-dr12", "", {"bar": ("yes", "no")}),
    "gz_decals_auto_posteriors, gz_desi": ("", "_fraction", {"bar": ("strong", "weak", "no")}),
    "Hugging Face's dr5": ("-dr5", "_fraction", {"bar": ("strong", "weak", "no")}),
    "Hugging Face's dr8, numbers": ("-dr8", "", {"bar": ("strong", "weak", "no")}),
    "Hugging Face's gz2": ("-gz2", "_fraction", {"bar": ("yes", "no")}),
}
"""Campaign after the question, end of the column's name, answers about bars."""

COMMON = {
    "smooth-or-featured": ("smooth", "featured-or-disk", "artifact"),
    "disk-edge-on": ("yes", "no"),
    "has-spiral-arms": ("yes", "no"),
    "spiral-winding": ("tight", "medium", "loose"),
}
DIFFERENT = {
    "-dr12": {
        "bulge-size": ("dominant", "obvious", "none"), "edge-on-bulge": ("boxy", "none", "rounded"),
        "how-rounded": ("completely", "in-between", "cigar-shaped"),
        "spiral-arm-count": ("1", "2", "3", "4", "more-than-4"),
    },
    "-gz2": {
        "bulge-size": ("dominant", "obvious", "just-noticeable", "no"),
        "something-odd": ("yes", "no"), "how-rounded": ("round", "in-between", "cigar"),
        "bulge-shape": ("round", "boxy", "no-bulge"),
        "spiral-arm-count": ("1", "2", "3", "4", "more-than-4", "cant-tell"),
    },
    "-dr5": {
        "bulge-size": ("dominant", "large", "moderate", "small", "none"),
        "how-rounded": ("round", "in-between", "cigar-shaped"),
        "edge-on-bulge": ("boxy", "none", "rounded"),
        "spiral-arm-count": ("1", "2", "3", "4", "more-than-4", "cant-tell"),
    },
}  # fmt: skip
"""Questions and answers as galaxy-datasets' label_metadata has them (dr8 is as dr5)."""


def published(name: str, **answers: float) -> pa.Table:
    """One galaxy of a published table: "<question>_<answer>" has its value (hyphens: dots)."""
    campaign, end, bar = PUBLISHED[name]
    kind = "-dr12" if "yes" in bar["bar"] and campaign != "-gz2" else campaign
    questions = COMMON | bar | DIFFERENT.get(kind, DIFFERENT["-dr5"])
    return pa.table(
        {
            f"{q}{campaign}_{a}{end}": [answers.get(f"{q}_{a}".replace("-", "_"), 0.0)]
            for q, given in questions.items()
            for a in given
        }
    )


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_column_names_of_each_campaign(name: str) -> None:
    table = published(
        name, smooth_or_featured_smooth=4, smooth_or_featured_featured_or_disk=16,
        disk_edge_on_yes=4, disk_edge_on_no=12, bar_yes=3, bar_strong=1, bar_weak=2, bar_no=9,
        has_spiral_arms_yes=12, spiral_arm_count_2=6, spiral_arm_count_3=6, bulge_size_obvious=6,
        bulge_size_moderate=2, bulge_size_large=4, bulge_size_none=6, bulge_size_no=6,
    )  # fmt: skip
    scheme = find_scheme(table.column_names, "auto")
    assert scheme is not None
    votes = dict(zip(INDEX, scheme.votes(table)[0], strict=True))
    assert votes["disk_edge_on_no"] == pytest.approx(0.8 * 0.75)
    assert votes["bar_yes"] == pytest.approx(0.6 * 0.25)
    assert votes["bar_no"] == pytest.approx(0.6 * 0.75)
    three_bulges = "1_and_2" in name or "dr12" in name
    for answer, share in (("bulge_prominence_obvious", 0.3), ("arm_number_2", 0.3)):
        assert votes[answer] == pytest.approx(np.nan if three_bulges else share, nan_ok=True)
    assert np.isnan(votes["something_odd_yes"])


def test_each_galaxy_has_the_campaign_that_saw_it() -> None:
    """Hugging Face's gz_desi: one table, a galaxy's votes stand in one campaign's columns."""
    first = published("Hugging Face's dr5", smooth_or_featured_smooth=1)
    second = published("Hugging Face's dr8, numbers", smooth_or_featured_artifact=7)
    third = published("galaxy-datasets' dr12, numbers", smooth_or_featured_featured_or_disk=3)
    table = pa.concat_tables([first, second, third], promote_options="default")
    scheme = find_scheme(table.column_names, "decals")
    assert scheme is not None
    votes = scheme.votes(table)
    columns = [INDEX[f"smooth_or_featured_{a}"] for a in ("smooth", "artifact", "featured_or_disk")]
    assert np.array_equal(votes[:, columns], np.eye(3))


def test_fractions_that_do_not_quite_add_up_are_scaled() -> None:
    votes = named("gz2").votes(table(named("gz2"), a01_smooth=0.6, a02_features=0.6))
    assert votes[0, INDEX["smooth_or_featured_smooth"]] == pytest.approx(0.5)


def test_weighted_fractions_are_taken_before_raw_ones() -> None:
    names = [c for s in schemes() if s.name == "gz2" for c in s.columns]
    scheme = find_scheme(names, "gz2")
    assert scheme is not None
    assert all(column.endswith("_weighted_fraction") for (column,) in scheme.sources)


def test_tables_without_votes() -> None:
    assert find_scheme(["objid", "ra"], "auto") is None
    assert find_scheme(KAGGLE_COLUMNS, "none") is None
    with pytest.raises(ValueError, match=r"lacks 1 of the 37 vote columns of 'kaggle' \(Class11.6"):
        find_scheme(KAGGLE_COLUMNS[:-1], "kaggle")


def test_votes_that_are_words() -> None:
    scheme = named("kaggle")
    columns = {name: pa.array(["often"]) for name in KAGGLE_COLUMNS}
    with pytest.raises(ValueError, match=r"vote column 'Class1\.1' has the type string"):
        scheme.votes(pa.table(columns))
