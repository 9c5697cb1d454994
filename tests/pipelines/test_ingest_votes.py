"""`ansae ingest` of tables with votes: Kaggle's folder as it is unpacked, and others by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from catalogues.answers import VOTES
from catalogues.galaxyzoo import KAGGLE_COLUMNS
from tests.pipelines.ingesting import ingest, jpeg, rows_of

IDS = [100008, 100023, 100053]


@pytest.fixture
def kaggle(tmp_path: Path) -> Path:
    """The challenge's folder; one galaxy has no image."""
    folder = tmp_path / "kaggle"
    (folder / "images_training_rev1").mkdir(parents=True)
    for number in IDS[:2]:
        (folder / "images_training_rev1" / f"{number}.jpg").write_bytes(jpeg(number))
    votes = np.random.default_rng(1).uniform(size=(len(IDS), 37)).round(6)
    columns = {"GalaxyID": IDS, **dict(zip(KAGGLE_COLUMNS, votes.T, strict=True))}
    pyarrow.csv.write_csv(pa.table(columns), folder / "training_solutions_rev1.csv")
    return folder


def test_kaggles_folder_needs_no_words(kaggle: Path, tmp_path: Path) -> None:
    summary = ingest(kaggle, tmp_path / "out")
    assert (summary.rows_written, summary.rows_without_image) == (3, 1)
    table = pyarrow.csv.read_csv(kaggle / "training_solutions_rev1.csv")
    rows = rows_of(tmp_path / "out", VOTES)
    assert [row["object_id"] for row in rows] == IDS
    assert rows[0]["image"]["bytes"] == jpeg(IDS[0])
    for row, given in zip(rows, table.to_pylist(), strict=True):
        for ours, theirs in zip(VOTES, KAGGLE_COLUMNS, strict=True):
            assert row[ours] == pytest.approx(given[theirs], rel=1e-6)
            assert theirs not in row


def test_shards_keep_their_votes_when_they_are_cut_anew(kaggle: Path, tmp_path: Path) -> None:
    ingest(kaggle, tmp_path / "out")
    ingest(tmp_path / "out", tmp_path / "again", rows_per_shard=1)
    assert rows_of(tmp_path / "again", VOTES)[1][VOTES[0]] == rows_of(tmp_path / "out", VOTES)[1][VOTES[0]]  # noqa: E501  # fmt: skip


def test_a_column_can_be_kept_besides(kaggle: Path, tmp_path: Path) -> None:
    ingest(kaggle, tmp_path / "out", keep=("Class3.1",))
    row = rows_of(tmp_path / "out", ("Class3.1", "vote_bar_yes"))[0]
    assert row["Class3.1"] == pytest.approx(row["vote_bar_yes"], rel=1e-6)


def test_votes_can_be_left_behind_or_missed(kaggle: Path, tmp_path: Path) -> None:
    table = str(kaggle / "training_solutions_rev1.csv")
    ingest(kaggle / "images_training_rev1", tmp_path / "out", table=table, votes="none")
    with pytest.raises(ValueError, match="has no columns"):
        rows_of(tmp_path / "out", VOTES)
    with pytest.raises(ValueError, match="vote columns of 'decals'"):
        ingest(kaggle, tmp_path / "other", table=table, votes="decals")
    with pytest.raises(ValueError, match="stand in a table: name it with --table"):
        ingest(kaggle / "images_training_rev1", tmp_path / "other", votes="gz2")


def test_efigis_folder_with_its_grades_as_votes(tmp_path: Path) -> None:
    folder = tmp_path / "efigi"
    (folder / "thumbs88").mkdir(parents=True)
    names = ["PGC0000212", "PGC0000218", "PGC0000243"]
    grades = {
        "PGCname": names, "T": [4, -5, 3], "Bar_Length": [1.0, 0.0, -1.0],
        "Arm_Strength": [0.5] * 3, "Arm_Curvature": [0.5] * 3, "Inclination": [0.25] * 3,
        "Bulge_to_Total": [0.25] * 3,
    }  # fmt: skip
    pyarrow.csv.write_csv(pa.table(grades), folder / "efigi_attributes.csv")
    for number, name in enumerate(names[:2]):
        (folder / "thumbs88" / f"{name}.jpg").write_bytes(jpeg(number))
    assert ingest(folder, tmp_path / "out", layout="efigi").rows_written == 2
    barred, smooth = rows_of(tmp_path / "out", ("vote_bar_yes", "efigi_bar_length"))
    assert (barred["object_id"], smooth["object_id"]) == (212, 218)
    assert barred["image"]["bytes"] == jpeg(0)
    assert barred["vote_bar_yes"] > 0.8 > 0.1 > smooth["vote_bar_yes"]
    assert barred["efigi_bar_length"] == 1.0
    with pytest.raises(ValueError, match="is not EFIGI's folder"):
        ingest(tmp_path / "out", tmp_path / "other", layout="efigi")
