"""`ansae ingest --join`: columns from second tables, by identifier and by place; doubts refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from catalogues.layouts.joined.votes import schemes
from catalogues.shards.votes import VOTES
from pipelines.ingest.command import report
from tests.pipelines.ingest.ingesting import FIRST_ID, described, ingest, jpeg, rows_of

SAMPLE = [587726016142835881, 587737825678131439, 587722981742084096]
"""Two published objids of Galaxy Zoo 2, and one more."""


def csv(path: Path, **columns: object) -> str:
    path.parent.mkdir(exist_ok=True, parents=True)
    pyarrow.csv.write_csv(pa.table(columns), path)
    return str(path)


@pytest.fixture
def gz2(tmp_path: Path) -> Path:
    """Images and tables under their published names and columns; 16126 to 16128 are asset_ids."""
    folder = tmp_path / "gz2"
    for asset in (16126, 16127, 99999):
        (folder / "images").mkdir(exist_ok=True, parents=True)
        (folder / "images" / f"{asset}.jpg").write_bytes(jpeg(asset))
    csv(
        folder / "gz2_filename_mapping.csv",
        objid=SAMPLE, sample=["original", "original", "extra"], asset_id=[16126, 16127, 16128],
    )  # fmt: skip
    (scheme,) = [s for s in schemes() if s.name == "gz2" and s.columns[0].endswith("d_fraction")]
    votes = {name: [0.5, 0.25] for name in scheme.columns}
    csv(
        folder / "gz2_hart16.csv",
        dr7objid=[SAMPLE[1], SAMPLE[0]], ra=[126.5, 116.5], dec=[54.2, 39.8],
        sample=["original"] * 2, gz2_class=["Sc+t", "SBb"], **votes,
    )  # fmt: skip
    csv(
        folder / "gz2sample.csv",
        OBJID=SAMPLE[::-1], RA=[1.0, 126.5, 116.5], DEC=[2.0, 54.2, 39.8],
        PETROR90_R=[7.0, 8.5, 9.25], REDSHIFT=[None, 0.02, 0.0625],
    )  # fmt: skip
    return folder


def tables(gz2: Path) -> dict[str, object]:
    return {
        "table": str(gz2 / "gz2_filename_mapping.csv"),
        "join": (str(gz2 / "gz2_hart16.csv"), str(gz2 / "gz2sample.csv")),
    }


def test_galaxy_zoo_2_as_it_is_published(gz2: Path, tmp_path: Path) -> None:
    summary = ingest(gz2, tmp_path / "out", keep=("gz2_class", "sample"), **tables(gz2))
    rows = rows_of(tmp_path / "out", ("gz2_class", "sample", *VOTES))
    assert [row["object_id"] for row in rows] == SAMPLE  # not one digit lost
    assert [row["image"]["bytes"] for row in rows] == [jpeg(16126), jpeg(16127), None]
    assert [row["petro_r90_arcsec"] for row in rows] == [9.25, 8.5, 7.0]
    assert [row["z"] for row in rows] == [0.0625, 0.02, None]
    assert [row["ra"] for row in rows] == [116.5, 126.5, 1.0]
    assert [row["gz2_class"] for row in rows] == ["SBb", "Sc+t", None]
    assert [row["sample"] for row in rows] == ["original", "original", "extra"]
    # answers all alike, so each is one of as many as its question has
    assert rows[0]["vote_smooth_or_featured_smooth"] == pytest.approx(1 / 3)
    assert rows[2]["vote_bar_yes"] is None
    said = "\n".join(report(summary))
    assert summary.rows_without_image == 1
    assert f"1 rows have no match in {gz2}/gz2_hart16.csv" in said
    assert "gz2sample" not in said
    assert summary.passed_over == ("images/99999.jpg",)  # no row names it


def test_an_image_of_two_galaxies_is_refused(gz2: Path, tmp_path: Path) -> None:
    csv(gz2 / "gz2_filename_mapping.csv", objid=SAMPLE, asset_id=[16126, 16127, 16126])
    with pytest.raises(
        ValueError, match=r"1 values of asset_id occur in more than one row \(16126"
    ):
        ingest(gz2, tmp_path / "out", **tables(gz2))
    csv(gz2 / "gz2_filename_mapping.csv", objid=[SAMPLE[0]] * 2, asset_id=[16126, 16127])
    with pytest.raises(
        ValueError, match=r"1 values of object_id occur in more than one row \(5877"
    ):
        ingest(gz2, tmp_path / "out", **tables(gz2))
    assert not (tmp_path / "out").exists()


def test_a_kaggle_id_is_no_objid(gz2: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kaggle"
    folder.mkdir()
    (folder / "100008.jpg").write_bytes(jpeg(1))
    table = csv(tmp_path / "kaggle.csv", GalaxyID=[100008])
    with pytest.raises(
        ValueError,
        match=r"no identifier of .* \(object_id 100008 in the source.*GalaxyID.*by position",
    ):
        ingest(folder, tmp_path / "out", table=table, join=(str(gz2 / "gz2sample.csv"),))


def test_own_values_stay_and_folders_of_ids_can_be_joined(images: Path, tmp_path: Path) -> None:
    """By identifier: a folder without a table; then a table with some values of its own."""
    facts = csv(
        tmp_path / "facts.csv",
        dr7objid=[FIRST_ID + n for n in (5, 0, 3)], redshift=[0.5, 0.0, 0.3], grade=[5, 0, 3],
    )  # fmt: skip
    ingest(images, tmp_path / "a", join=(facts,), keep=("grade",))
    rows = {row["object_id"] - FIRST_ID: row for row in rows_of(tmp_path / "a", ("grade",))}
    assert [rows[n]["z"] for n in range(6)] == [0.0, None, None, 0.3, None, 0.5]
    assert rows[5]["grade"] == 5
    own = csv(tmp_path / "own.csv", objid=[FIRST_ID, FIRST_ID + 3], z=[0.9, float("nan")])
    ingest(images, tmp_path / "b", table=own, join=(facts,))
    assert [row["z"] for row in rows_of(tmp_path / "b")] == [0.9, 0.3]
    with pytest.raises(ValueError, match="no columns mass to keep: there are dr7objid, redshift"):
        ingest(images, tmp_path / "c", join=(facts,), keep=("mass",))


def sky(tmp_path: Path, offsets_arcsec: list[float]) -> str:
    """A table of places on the equator, so many arcsec east of 10 deg, numbered redshifts."""
    ra = [10 + offset / 3600 for offset in offsets_arcsec]
    return csv(
        tmp_path / "sky.csv", RA=ra, DEC=[0.0] * len(ra), z=[float(n) for n in range(len(ra))]
    )


def placed(tmp_path: Path, offsets_arcsec: list[float]) -> Path:
    """Shards of galaxies on the same great circle."""
    (tmp_path / "in").mkdir(exist_ok=True)
    count = range(len(offsets_arcsec))
    table = pa.table(
        {
            "object_id": list(count), "ra": [10 + o / 3600 for o in offsets_arcsec],
            "dec": [0.0 for _ in count],
            "image": [{"bytes": jpeg(n), "path": None} for n in count],
        }
    )  # fmt: skip
    pq.write_table(table, tmp_path / "in" / "a.parquet")
    return tmp_path / "in"


def test_by_place(tmp_path: Path) -> None:
    source, table = placed(tmp_path, [0, 20, 40]), sky(tmp_path, [41.1, 19.1, -0.5])
    summary = ingest(source, tmp_path / "out", join=(table,), join_tolerance_arcsec=1.0)
    assert [row["z"] for row in rows_of(tmp_path / "out")] == [2.0, 1.0, None]
    assert summary.unmatched == {table: 1}
    with pytest.raises(ValueError, match=r"no position of .* lies within the tolerance .*larger"):
        ingest(source, tmp_path / "x", join=(table,), join_tolerance_arcsec=0.1)
    with pytest.raises(ValueError, match="no column is object_id"):
        ingest(source, tmp_path / "x", join=(table,))
    with pytest.raises(ValueError, match=r"join tolerance of 3600.0 arcsec must be above 0"):
        ingest(source, tmp_path / "x", join=(table,), join_tolerance_arcsec=3600.0)


@pytest.mark.parametrize(
    ("ours", "theirs", "left"),
    [
        ([0, 20], [0.5, -0.4, 20], [None, 2.0]),  # two of theirs for one of ours
        ([0, 0.6, 20], [0.3, 20], [None, None, 1.0]),  # one of theirs for two of ours
        ([0, 1.5, 20], [0.4, 0.8, 20], [None, None, 2.0]),  # 0.8 is within 1 of both
    ],
)
def test_ambiguous_places(
    tmp_path: Path, ours: list[float], theirs: list[float], left: list[float | None]
) -> None:
    source, table = placed(tmp_path, ours), sky(tmp_path, theirs)
    with pytest.raises(
        ValueError, match=r"ambiguous \(ra, dec 10\.0.*within 1.0 arcsec.*smaller tolerance, or le"
    ):
        ingest(source, tmp_path / "out", join=(table,), join_tolerance_arcsec=1.0)
    assert not (tmp_path / "out").exists()
    summary = ingest(
        source, tmp_path / "out", join=(table,), join_tolerance_arcsec=1.0, join_ambiguous="leave"
    )
    assert [row["z"] for row in rows_of(tmp_path / "out")] == left
    assert summary.unmatched == {table: left.count(None)}


def test_ambiguous_identifiers(images: Path, tmp_path: Path) -> None:
    table = str(tmp_path / "t.parquet")
    pq.write_table(described([0, 1, 1, 8, 8]), table)
    with pytest.raises(
        ValueError,
        match=rf"2 matches .* ambiguous \(object_id {FIRST_ID + 1}, .*occur in one row only",
    ):
        ingest(images, tmp_path / "out", join=(table,))
    ingest(images, tmp_path / "out", join=(table,), join_ambiguous="leave")
    found = {row["object_id"] - FIRST_ID: row["z"] for row in rows_of(tmp_path / "out")}
    assert [found[n] for n in range(3)] == [0.0, None, None]


def test_many_rows_join_as_a_dictionary_would(tmp_path: Path) -> None:
    """Both ways of joining against the plain one."""
    rng = np.random.default_rng(3)
    places = rng.uniform(0, 360, 400).round(3)  # 3.6 arcsec apart at least, or the same
    _, first = np.unique(places, return_index=True)
    ra = places[np.sort(first)]
    source = placed(tmp_path, list((ra - 10) * 3600))
    order = rng.permutation(len(ra))[:200]
    table = csv(
        tmp_path / "t.csv", id=order, ra=ra[order], dec=np.zeros(200), z=order.astype(float)
    )
    wanted = [float(n) if n in set(order.tolist()) else None for n in range(len(ra))]
    for name, tolerance in (("a", None), ("b", 1.0)):
        ingest(source, tmp_path / name, join=(table,), join_tolerance_arcsec=tolerance)
        assert [row["z"] for row in rows_of(tmp_path / name)] == wanted
