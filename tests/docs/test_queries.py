"""The queries of the pages run, as they stand there, on a catalogue whose answers are known."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy_healpix import lonlat_to_healpix

from tests.pipelines.synthetic_run import SyntheticRun

PAGE = Path(__file__).resolve().parents[2] / "docs" / "catalogue.md"


def queries() -> list[str]:
    """The blocks marked sql."""
    return re.findall(r"^```sql\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def axis_ratio(row: dict[str, Any]) -> float:
    """That of the user's own table: any value will do, here one from the identifier."""
    return (row["object_id"] % 100) / 100


def query(words: str) -> str:
    """The one query that holds `words`."""
    (found,) = [q for q in queries() if words in q]
    return found


@pytest.fixture
def rows(
    synthetic_run: SyntheticRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[dict[str, Any]]:
    """The catalogue's rows; the working directory is where `ansae demo` would have been run."""
    (tmp_path / "demo").symlink_to(synthetic_run.folder, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    found = synthetic_run.rows().to_pylist()
    with open(tmp_path / "my_table.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("object_id", "axis_ratio"))
        table.writerows((r["object_id"], axis_ratio(r)) for r in found if r["object_id"])
    return found


def answer(sql: str) -> list[tuple[Any, ...]]:
    """Rows of the answer, from a DuckDB that has nothing but the files."""
    with duckdb.connect() as con:
        return con.execute(sql).fetchall()


def test_every_query_gives_an_answer(rows) -> None:
    found = queries()
    assert len(found) >= 5
    for sql in found:
        assert answer(sql), sql
        assert "'demo/catalogue/*.parquet'" in sql


def test_counts_by_status(rows) -> None:
    found = answer(query("GROUP BY status"))
    assert dict(found) == Counter(row["status"] for row in rows)
    assert [n for _, n in found] == sorted((n for _, n in found), reverse=True)


def wilson(bars: int, discs: int) -> tuple[float, float]:
    """Middle and half width of Wilson's 68 % interval, z = 1."""
    share = bars / discs
    middle = (share + 1 / (2 * discs)) / (1 + 1 / discs)
    half = np.sqrt(share * (1 - share) / discs + 1 / (4 * discs**2)) / (1 + 1 / discs)
    return middle, half


def test_barred_fraction_by_redshift(rows) -> None:
    discs = [r for r in rows if (r["disk_edge_on_no"] or 0) > 0.5]
    found = answer(query("AS barred_err_votes"))
    assert sum(n for _, n, *_ in found) == len(discs)
    for z_from, n, bars, with_length, barred, statistical, votes, error in found:
        inside = [r for r in discs if z_from <= r["z"] + 1e-12 < z_from + 0.03]
        voted = [r for r in inside if r["bar_fraction"] > 0.5]
        assert (n, bars) == (len(inside), len(voted))
        assert with_length == sum(r["status"] == "measured" for r in voted)
        assert (barred, statistical) == pytest.approx(wilson(bars, n))
        low, high = (np.mean([r["bar_fraction"] > cut for r in inside]) for cut in (0.4, 0.6))
        assert votes == pytest.approx((low - high) / 2)
        assert error == pytest.approx(np.hypot(statistical, votes))
        assert 0 < statistical <= error


def test_barred_fraction_close_to_face_on(rows) -> None:
    discs = [r for r in rows if (r["disk_edge_on_no"] or 0) > 0.5 and axis_ratio(r) > 0.5]
    bars = sum(r["bar_fraction"] > 0.5 for r in discs)
    ((n, found, barred, error),) = answer(query("'my_table.csv'"))
    assert 0 < len(discs) < len(rows)
    assert (n, found) == (len(discs), bars)
    assert (barred, error) == pytest.approx(wilson(bars, n))


def test_longest_bars(rows) -> None:
    found = answer(query("ORDER BY bar_length_kpc DESC"))
    lengths = [(r["bar_length_kpc"], r["object_id"]) for r in rows if r["status"] == "measured"]
    assert [(row[2], row[0]) for row in found] == sorted(lengths, reverse=True)[:10]


def test_disagreeing_members(rows) -> None:
    found = answer(query("AS spread"))
    expected = {
        r["object_id"]: np.std(r["bar_length_px_members"], ddof=1) / r["bar_length_px"]
        for r in rows
        if r["status"] == "measured"
    }
    wide = {k: v for k, v in expected.items() if v > 0.2}
    assert [row[0] for row in found] == sorted(wide, key=lambda k: -wide[k])
    assert [row[-1] for row in found] == pytest.approx(sorted(wide.values(), reverse=True), 1e-5)


def test_cone_search(rows) -> None:
    placed = [r for r in rows if r["ra"] is not None]
    places = SkyCoord([r["ra"] for r in placed] * units.deg, [r["dec"] for r in placed] * units.deg)
    distances = places.separation(SkyCoord(180 * units.deg, 20 * units.deg)).deg
    expected = sorted((d, r["object_id"]) for d, r in zip(distances, placed, strict=True) if d < 30)
    found = answer(query("distance_deg < 30"))
    assert [row[0] for row in found] == [identity for _, identity in expected]
    assert [row[-1] for row in found] == pytest.approx([d for d, _ in expected])


def test_healpix_pixels(rows) -> None:
    placed = [r for r in rows if r["ra"] is not None]
    lon, lat = ([r[n] for r in placed] * units.deg for n in ("ra", "dec"))
    pixels = Counter(lonlat_to_healpix(lon, lat, 4, order="nested").tolist())
    found = answer(query("AS pixel_order_2"))
    assert {pixel: n for pixel, n, _ in found} == pixels
    assert sum(bars for _, _, bars in found) == sum(r["status"] == "measured" for r in rows)


def test_csv(rows, tmp_path: Path) -> None:
    answer(query("TO 'bars.csv'"))
    with open(tmp_path / "bars.csv", newline="") as file:
        written = {int(row["object_id"]): row for row in csv.DictReader(file)}
    measured = {r["object_id"]: r for r in rows if r["status"] == "measured"}
    assert written.keys() == measured.keys()
    for identity, row in measured.items():
        assert float(written[identity]["bar_length_arcsec"]) == pytest.approx(
            row["bar_length_arcsec"]
        )
