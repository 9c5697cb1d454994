"""`ansae ingest` of tables with votes: Kaggle's folder as it is unpacked, and others by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from catalogues import storage
from catalogues.galaxyzoo import KAGGLE_COLUMNS
from catalogues.layouts.formats.image_files import list_images
from catalogues.layouts.joined.votes import schemes
from catalogues.shards.ids import hashed_id
from catalogues.shards.votes import VOTES
from tests.pipelines.ingest.ingesting import ingest, jpeg, rows_of

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
    with pytest.raises(ValueError, match="are columns of a table: name it with --table"):
        ingest(kaggle / "images_training_rev1", tmp_path / "other", votes="gz2")


def test_galaxy_zoo_decals_as_it_is_delivered(tmp_path: Path) -> None:
    """The table's folders are not those that the archives unpack into; identifiers are names."""
    names = ["J081412.47+220853.0", "J085811.43+232608.0", "J100000.00+000000.0"]
    for part, name in enumerate(names[:2], 1):
        folder = tmp_path / "in" / f"gz_decals_dr5_png_part{part}" / name[:4]
        folder.mkdir(parents=True)
        (folder / f"{name}.png").write_bytes(jpeg(part))
    (scheme,) = [
        s for s in schemes() if {"bar_weak_fraction", "bar_strong_fraction"} <= set(s.columns)
    ]
    columns = {column: [0.25, 0.5, 0.5] for column in scheme.columns}
    table = str(tmp_path / "gz_decals_volunteers_5.csv")
    places = [f"dr5/{name[:4]}/{name}.png" for name in names]
    pyarrow.csv.write_csv(
        pa.table({"iauname": names, "redshift": [0.1, 0.2, 0.3], "png_loc": places, **columns}),
        table,
    )
    facts = str(tmp_path / "facts.csv")
    pyarrow.csv.write_csv(pa.table({"iauname": names[::-1], "petro_th90": [3.0, 2.0, 1.0]}), facts)
    rename = ("object_id=iauname",)
    ingest(
        tmp_path / "in", tmp_path / "out", table=table, hash_ids=True, rename=rename, join=(facts,)
    )
    rows = rows_of(tmp_path / "out", VOTES)
    assert [row["object_id"] for row in rows] == [hashed_id(name) for name in names]
    assert [row["survey_id"] for row in rows] == names
    assert [row["image"]["bytes"] for row in rows] == [jpeg(1), jpeg(2), None]
    assert [row["petro_r90_arcsec"] for row in rows] == [1.0, 2.0, 3.0]
    assert rows[0]["vote_bar_yes"] == pytest.approx(1 / 3 * 1 / 2 * 2 / 3)


def test_a_name_is_found_in_its_own_folder_alone(tmp_path: Path) -> None:
    for name in ("one/a.jpg", "two/a.jpg", "two/b.jpg", "x/two/c.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_bytes(b"x")
    files = list_images(*storage.filesystem(str(tmp_path)))
    found = {
        "one/a": "one/a.jpg", "far/one/a.jpg": "one/a.jpg", "two/c": "x/two/c.jpg",
        "b": "two/b.jpg", "b.jpg": "two/b.jpg", "a": None, "one/b.jpg": None, "far/b": None,
        "b.png": None, "two/b.png": None, "../two/b": None,
    }  # fmt: skip
    assert {name: files.find(name) for name in found} == found


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
