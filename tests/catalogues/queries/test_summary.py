"""DuckDB's numbers about a catalogue against numpy's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalogues import statuses as meanings
from catalogues import storage
from catalogues.bars import SCHEMA
from catalogues.queries import database, summary
from catalogues.queries import gallery as picks
from catalogues.statuses import HEALTHY, Status
from catalogues.storage import StorageError
from catalogues.truth import mock_truth as matches
from models.barlength.params import StopReason
from tests.pipelines.synthetic_run import BAD, SyntheticRun
from tests.s3server import S3Server


@pytest.fixture
def con(synthetic_run: SyntheticRun) -> Iterator[duckdb.DuckDBPyConnection]:
    with database.opened(str(synthetic_run.folder)) as connection:
        yield connection


def test_every_word_of_the_catalogue_has_a_meaning() -> None:
    assert set(meanings.STATUS) == set(Status)
    assert set(meanings.STOP_REASON) == set(StopReason)


def test_status_counts(con, synthetic_run) -> None:
    counts = summary.status_counts(con)
    expected = Counter(synthetic_run.rows()["status"].to_pylist())
    assert {c.word: c.count for c in counts} == expected
    assert sum(c.share for c in counts) == pytest.approx(1)
    assert all(c.meaning == meanings.STATUS[Status(c.word)] for c in counts)
    assert [c.healthy for c in counts] == sorted((c.healthy for c in counts), reverse=True)
    assert {c.word for c in counts if not c.healthy} == {status for status, _ in BAD}
    assert summary.row_count(con) == synthetic_run.rows().num_rows


def test_stop_counts(con, synthetic_run) -> None:
    expected = Counter(r for r in synthetic_run.rows()["stop_reason"].to_pylist() if r)
    found = summary.stop_counts(con)
    assert {c.word: c.count for c in found} == expected
    assert [c.word for c in found if c.healthy] == ["profile"]


@pytest.mark.parametrize("column", ["bar_length_kpc", "bar_fraction", "bar_length_px_err"])
def test_distribution_is_numpys(con, synthetic_run, column) -> None:
    values = synthetic_run.rows()[column].drop_null().to_numpy().astype(float)
    found = summary.distribution(con, column, bins=7)
    assert found is not None
    assert found.n == values.size
    assert found.quantiles == pytest.approx(np.quantile(values, [0.05, 0.16, 0.5, 0.84, 0.95]))
    counts, edges = np.histogram(values, 7)
    np.testing.assert_array_equal(found.counts, counts)
    np.testing.assert_allclose(found.edges, edges)
    assert (found.below, found.above) == (0, 0)
    assert found.unit == SCHEMA.field(column).metadata.get(b"unit", b"").decode()


def test_distribution_counts_what_lies_outside(con, synthetic_run) -> None:
    values = synthetic_run.rows()["bar_length_px"].drop_null().to_numpy()
    found = summary.distribution(con, "bar_length_px", bins=4, bounds=(40.0, 60.0))
    assert found is not None
    assert found.below == (values < 40).sum()
    assert found.above == (values > 60).sum()
    assert found.counts.sum() + found.below + found.above == found.n == values.size


def test_distribution_of_one_value_and_of_none(con) -> None:
    one = summary.distribution(con, "bar_axis_ratio", bins=3)
    assert one is not None
    assert one.counts.tolist() == [0, one.n, 0]
    assert summary.distribution(con, "bar_axis_ratio", where="FALSE") is None


def test_not_finite_values_are_no_part_of_a_distribution(tmp_path) -> None:
    rows = [_row(i, bar_fraction=v) for i, v in enumerate([0.2, float("nan"), float("inf"), None])]
    _write(tmp_path, rows)
    with database.opened(str(tmp_path)) as con:
        found = summary.distribution(con, "bar_fraction")
    assert found is not None
    assert found.n == 1
    assert found.quantiles == pytest.approx([0.2] * 5)


def test_failures_are_listed_in_the_input_s_order(con, synthetic_run) -> None:
    failures = summary.failures(con)
    assert [(f.status, f.message) for f in failures] == list(BAD)
    assert failures[-1].object_id is None
    assert summary.failures(con, 2) == failures[:2]
    assert all(f.status not in HEALTHY for f in failures)


def test_picks_are_what_they_say(con, synthetic_run) -> None:
    rows = synthetic_run.rows().to_pylist()
    lengths = sorted(r["bar_length_kpc"] for r in rows if r["status"] == "measured")
    assert [r["bar_length_kpc"] for r in picks.picked(con, picks.LONGEST, 3)] == lengths[:-4:-1]
    assert [r["bar_length_kpc"] for r in picks.picked(con, picks.SHORTEST, 3)] == lengths[:3]
    spreads = {
        r["object_id"]: np.std(r["bar_length_px_members"], ddof=1) / r["bar_length_px"]
        for r in rows
        if r["bar_length_px_members"]
    }
    found = picks.picked(con, picks.DISAGREE, 5)
    assert [r["object_id"] for r in found] == sorted(spreads, key=spreads.get)[:-6:-1]
    assert found[0]["spread"] == pytest.approx(max(spreads.values()), rel=1e-5)
    assert {r["status"] for r in picks.picked(con, picks.NO_BAR, 9)} == {"no_bar_found"}


def test_each_pick_has_its_own_picture(con, synthetic_run) -> None:
    pictures = pq.read_table(synthetic_run.folder / "pictures").to_pylist()
    by_place = {(p["shard"], p["shard_row"]): p for p in pictures}
    found = picks.picked(con, picks.LONGEST, 20)
    assert len({r["shard"] for r in found}) == 2  # both files are read
    for row in found:
        own = by_place[row["shard"], row["shard_row"]]
        assert row["picture"]["canvas"] == own["canvas"]
        assert row["picture"]["object_id"] == row["object_id"]


def test_sample_favours_the_measured_and_stays_the_same(con, synthetic_run) -> None:
    found = picks.sampled(con, 20, 0)
    assert Counter(r["status"] for r in found) == {"measured": 15, "no_bar_found": 5}
    assert [r["object_id"] for r in picks.sampled(con, 8, 0)] == [r["object_id"] for r in found[:8]]
    assert len({r["object_id"] for r in picks.sampled(con, 1000, 6)}) == 50  # all pictures, once
    assert picks.sampled(con, 0, 0) == []


def test_galaxies_are_counted_by_cell(con, synthetic_run) -> None:
    cells, numbers = summary.sky_counts(con, 3)
    known = Counter(p >> 52 for p in synthetic_run.rows()["_healpix_29"].drop_null().to_pylist())
    assert dict(zip(cells.tolist(), numbers.tolist(), strict=True)) == known


def test_pick_falls_back_to_the_unit_there_is(tmp_path) -> None:
    _write(tmp_path, [_row(1, bar_length_px=5.0, bar_length_arcsec=2.0)])
    with database.opened(str(tmp_path)) as con:
        assert picks.length_column(con) == "bar_length_arcsec"
        assert picks.picked(con, picks.LONGEST, 3) == []  # no pictures were kept


def test_catalogue_on_s3(s3_env: S3Server, synthetic_run: SyntheticRun) -> None:
    url = f"s3://{s3_env.bucket}/summary"
    fs, root = storage.filesystem(url)
    fs.put(str(synthetic_run.folder), root, recursive=True)
    with database.opened(url) as con:
        assert summary.row_count(con) == synthetic_run.rows().num_rows
        assert len(picks.picked(con, picks.LONGEST, 4)[0]["picture"]["canvas"]) > 100


def test_no_catalogue_is_one_clear_error(tmp_path) -> None:
    with (
        pytest.raises(StorageError, match=r"holds no catalogue/\*.parquet: give the output"),
        database.opened(str(tmp_path / "absent")),
    ):
        pass


def test_torn_file_is_one_clear_error(tmp_path) -> None:
    _write(tmp_path, [_row(1)])
    whole = tmp_path / "catalogue" / "a.parquet"
    whole.write_bytes(whole.read_bytes()[:-9])
    with (
        pytest.raises(StorageError, match=r"cannot read the table .*a\.parquet.*; write it again"),
        database.opened(str(tmp_path)),
    ):
        pass


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_truth_is_matched_by_id(con, synthetic_run, tmp_path, kind) -> None:
    truth = synthetic_run.truth
    twice = pa.concat_tables([truth, truth.slice(0, 5)])  # a galaxy that stands twice counts once
    path = tmp_path / f"truth.{kind}"
    if kind == "csv":
        path.write_text(_csv(twice))
    else:
        pq.write_table(twice, path)
    database.add_table(con, database.TRUTH, str(path))
    matches.require(con)
    pairs = matches.pairs(con)
    assert pairs.num_rows == truth.num_rows
    assert sum(pairs["true_barred"].to_pylist()) == truth["true_class"].to_pylist().count("barred")
    measured = {r["object_id"]: r["bar_length_px"] for r in synthetic_run.rows().to_pylist()}
    barred = [t for t in truth.to_pylist() if t["true_bar_length_px"]]
    expected = sorted((t["true_bar_length_px"], measured[t["object_id"]]) for t in barred)
    found = zip(*(pairs[n].to_pylist() for n in (matches.LENGTH, "bar_length_px")), strict=True)
    np.testing.assert_allclose(sorted(p for p in found if p[0]), expected)


def test_extremes_are_ranked_by_ratio(con, synthetic_run, tmp_path) -> None:
    pq.write_table(synthetic_run.truth, tmp_path / "truth.parquet")
    database.add_table(con, database.TRUTH, str(tmp_path))
    ratios = [
        abs(np.log(r["bar_length_px"] / r[matches.LENGTH]))
        for best in (True, False)
        for r in matches.extremes(con, best=best, most=20)
    ]
    assert ratios == sorted(ratios[:20]) + sorted(ratios[20:], reverse=True)
    assert ratios[19] <= ratios[39]


def test_truth_without_lengths_is_refused(con, tmp_path) -> None:
    pq.write_table(pa.table({"object_id": [1], "length": [2.0]}), tmp_path / "t.parquet")
    database.add_table(con, database.TRUTH, str(tmp_path))
    with pytest.raises(
        ValueError, match=r"no column true_bar_length_px: its columns are object_id"
    ):
        matches.require(con)


def _csv(table: pa.Table) -> str:
    rows = [table.column_names, *(row.values() for row in table.to_pylist())]
    return "\n".join(",".join("" if v is None else str(v) for v in row) for row in rows)


def _row(i: int, **values: object) -> dict[str, object]:
    place = {"shard": "shard-00000.parquet", "shard_row": i, "run_id": "r", "status": "measured"}
    return {"object_id": i} | place | values


def _write(folder, rows) -> None:
    (folder / "catalogue").mkdir()
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), folder / "catalogue" / "a.parquet")
