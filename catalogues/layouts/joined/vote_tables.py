"""Names of the columns of published vote tables, in the order of the 37 answers.

The tables are Galaxy Zoo 2 (Willett et al. 2013; Hart et al. 2016), GZ DECaLS (Walmsley et al.
2022, MNRAS 509, 3966) and GZ DESI (Walmsley et al. 2023, MNRAS 526, 4768). galaxy-datasets and
Hugging Face name their columns with the campaign after the question ("bar-dr5_weak_fraction").

Since DR5, GZ DECaLS asks about weak and strong bars (both count as bars here) and about five sizes
of bulges (small: just noticeable; moderate and large: obvious). It never asks about odd features.
If a campaign did not offer one of the 37 answers (DR1 and DR2: a just noticeable bulge; arms that
cannot be counted), the whole question stays unknown, because the shares of the other answers mean
something else.
"""

from __future__ import annotations

from collections.abc import Iterator

from catalogues.galaxyzoo import KAGGLE_COLUMNS

Sources = tuple[tuple[str, ...], ...]
"""For each answer, the columns that add up to it."""

_GZ2: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("t01_smooth_or_features", ("a01_smooth", "a02_features_or_disk", "a03_star_or_artifact")),
    ("t02_edgeon", ("a04_yes", "a05_no")),
    ("t03_bar", ("a06_bar", "a07_no_bar")),
    ("t04_spiral", ("a08_spiral", "a09_no_spiral")),
    (
        "t05_bulge_prominence",
        ("a10_no_bulge", "a11_just_noticeable", "a12_obvious", "a13_dominant"),
    ),
    ("t06_odd", ("a14_yes", "a15_no")),
    ("t07_rounded", ("a16_completely_round", "a17_in_between", "a18_cigar_shaped")),
    (
        "t08_odd_feature",
        (
            "a19_ring", "a20_lens_or_arc", "a21_disturbed", "a22_irregular", "a23_other",
            "a24_merger", "a38_dust_lane",
        ),
    ),
    ("t09_bulge_shape", ("a25_rounded", "a26_boxy", "a27_no_bulge")),
    ("t10_arms_winding", ("a28_tight", "a29_medium", "a30_loose")),
    ("t11_arms_number", ("a31_1", "a32_2", "a33_3", "a34_4", "a36_more_than_4", "a37_cant_tell")),
)  # fmt: skip

Questions = tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]

_DECALS: Questions = (
    ("smooth-or-featured", (("smooth",), ("featured-or-disk",), ("artifact",))),
    ("disk-edge-on", (("yes",), ("no",))),
    ("bar", (("strong", "weak"), ("no",))),
    ("has-spiral-arms", (("yes",), ("no",))),
    ("bulge-size", (("none",), ("small",), ("moderate", "large"), ("dominant",))),
    ("something-odd", ((), ())),
    ("how-rounded", (("round",), ("in-between",), ("cigar-shaped",))),
    ("odd-feature", ((),) * 7),
    ("edge-on-bulge", (("rounded",), ("boxy",), ("none",))),
    ("spiral-winding", (("tight",), ("medium",), ("loose",))),
    ("spiral-arm-count", (("1",), ("2",), ("3",), ("4",), ("more-than-4",), ("cant-tell",))),
)

_DECALS_DR12: Questions = (
    *_DECALS[:2],
    ("bar", (("yes",), ("no",))),
    _DECALS[3],
    ("bulge-size", ((),) * 4),
    _DECALS[5],
    ("how-rounded", (("completely",), ("in-between",), ("cigar-shaped",))),
    *_DECALS[7:10],
    ("spiral-arm-count", ((),) * 6),
)

_GZ2_RENAMED: Questions = (
    *_DECALS_DR12[:4],
    ("bulge-size", (("no",), ("just-noticeable",), ("obvious",), ("dominant",))),
    ("something-odd", (("yes",), ("no",))),
    ("how-rounded", (("round",), ("in-between",), ("cigar",))),
    _DECALS[7],
    ("bulge-shape", (("round",), ("boxy",), ("no-bulge",))),
    *_DECALS[9:],
)
"""Columns of Galaxy Zoo 2 as galaxy-datasets renamed them, without odd features."""

_ENDS = ("_fraction", "_debiased", "")
"""Suffixes of one answer's columns in order of preference: fractions, debiased, vote counts."""


def known_tables() -> Iterator[tuple[str, Sources]]:
    """Iterate over (name, columns) of every known table, each campaign's best fractions first."""
    yield "kaggle", tuple((column,) for column in KAGGLE_COLUMNS)
    for end in ("_weighted_fraction", "_fraction", "_debiased"):
        yield "gz2", tuple((f"{q}_{a}{end}",) for q, answers in _GZ2 for a in answers)
    for name, questions, campaign in (
        ("gz2", _GZ2_RENAMED, "-gz2"),
        ("decals", _DECALS, ""),
        ("decals", _DECALS, "-dr8"),
        ("decals", _DECALS, "-dr5"),
        ("decals", _DECALS_DR12, ""),
        ("decals", _DECALS_DR12, "-dr12"),
    ):
        for end in _ENDS:
            yield (
                name,
                tuple(
                    tuple(f"{question}{campaign}_{answer}{end}" for answer in together)
                    for question, answers in questions
                    for together in answers
                ),
            )
