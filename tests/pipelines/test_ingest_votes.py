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
