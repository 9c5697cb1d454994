"""A published catalogue in the hands of those who open it: the same rows, ids and units."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import hats
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from astropy.io import votable
from astropy.table import Table
from hats.io.validation import is_valid_catalog
from hats.loaders import read_hats

from catalogues.bars import SCHEMA
from catalogues.hats import unfinished as under_way
from catalogues.runs import lease
from catalogues.runs.lease import LeaseError, this_process
from catalogues.runs.provenance import read_record, write_record
from catalogues.storage import filesystem, list_files
from pipelines.publish import command as publish
from pipelines.publish.__main__ import main as publish_main
from tests.pipelines.synthetic_run import BAD, write_run

GALAXIES = 150
ROWS_MAX = 30
MARGIN_ARCSEC = 3600.0
UNIT = {"bar_length_arcsec": "arcsec", "ra": "deg", "bar_length_kpc": "kpc"}

pytestmark = pytest.mark.timeout(300)


def finished_run(folder: Path, galaxies: int = GALAXIES) -> Path:
    write_run(folder, galaxies)
    statuses = Counter(pq.read_table(folder / "catalogue")["status"].to_pylist())
    fs, root = filesystem(str(folder))
    record = read_record(fs, root)
    assert record is not None
    write_record(fs, root, record.ended("finished", statuses))
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished_run(tmp_path_factory.mktemp("published") / "run")


@pytest.fixture(scope="module")
def place(run: Path, ray_cluster: dict[str, float]) -> Path:
    place = run.parent / "hats"
    words = [str(run), str(place), "--rows-per-partition", str(ROWS_MAX), "--flat", "parquet"]
    assert publish_main([*words, "--margin-arcsec", str(MARGIN_ARCSEC)]) == 0
    return place


@pytest.fixture(scope="module")
def rows(run: Path) -> pa.Table:
    """The catalogue's own rows that have an identifier and a place, by identifier."""
    table = pq.read_table(run / "catalogue")
    keep = pc.and_(pc.is_valid(table["object_id"]), pc.is_valid(table["_healpix_29"]))
    return table.filter(keep).sort_by("object_id")


def leaves(place: Path) -> list[Path]:
    return sorted((place / "bars").rglob("Npix=*.parquet"))


def same(frame: Any, rows: pa.Table) -> None:
    """`frame`: anything whose columns turn into NumPy arrays."""
    ids = np.asarray(frame["object_id"])
    assert ids.dtype.kind == "i"
    order = np.argsort(ids)
    assert ids[order].tolist() == rows["object_id"].to_pylist()
    for name in ("_healpix_29", "ra", "bar_length_arcsec", "bar_yes"):
        found = np.asarray(frame[name]).astype(rows[name].to_numpy().dtype)
        np.testing.assert_array_equal(found[order], rows[name].to_numpy())
    for name in ("status", "stop_reason"):
        told = [str(word) for word in np.asarray(frame[name])[order]]
        assert told == [word or "" for word in rows[name].to_pylist()]


def test_partitions(place: Path, rows: pa.Table) -> None:
    """Layout and order, by what HATS says of them, not by our own code."""
    index, found = [], 0
    for path in leaves(place):
        order, directory, pixel = (
            int(part.split("=")[1]) for part in path.with_suffix("").parts[-3:]
        )
        table = pq.read_table(path, partitioning=None)
        places = table["_healpix_29"].to_numpy()
        assert (np.diff(places) >= 0).all()
        assert set((places >> 2 * (29 - order)).tolist()) == {pixel}
        assert directory == pixel // 10_000 * 10_000
        assert 0 < len(table) <= ROWS_MAX
        assert table.schema.names == SCHEMA.names
        index.append((order, pixel))
        found += len(table)
    assert found == len(rows) == GALAXIES
    info = pd.read_csv(place / "bars" / "partition_info.csv")
    assert sorted(zip(info.Norder, info.Npix, strict=True)) == sorted(index)
    assert pq.read_metadata(place / "bars" / "dataset" / "_metadata").num_rows == found


def test_hats(place: Path, rows: pa.Table) -> None:
    assert is_valid_catalog(place, strict=True)
    catalogue = read_hats(place)
    assert catalogue.main_catalog.catalog_info.total_rows == len(rows)
    assert catalogue.main_catalog.catalog_info.healpix_column == "_healpix_29"
    (margin,) = catalogue.all_margins
    assert hats.read_hats(place / margin).catalog_info.margin_threshold == MARGIN_ARCSEC


def test_lsdb(place: Path, rows: pa.Table) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lsdb 0.11 uses what pandas 3 has deprecated
        import lsdb

        catalogue = lsdb.open_catalog(str(place))
        same(catalogue.compute().reset_index(), rows)
        catalogue = lsdb.open_catalog(str(place), columns=["object_id", "ra", "dec"])
        near = catalogue.cone_search(rows["ra"][0].as_py(), rows["dec"][0].as_py(), 1.0).compute()
        assert 0 < len(catalogue.margin.compute()) < len(rows)
    assert near["object_id"].tolist() == [rows["object_id"][0].as_py()]


def test_astropy(place: Path, rows: pa.Table) -> None:
    some = leaves(place)[:4]
    tables = [Table.read(path, format="parquet.votable") for path in some]
    for table in tables:
        assert {name: str(table[name].unit) for name in UNIT} == UNIT
        described = table["bar_length_arcsec"].description
        assert described.startswith("full visual length of the bar, end to end")
        assert described.endswith("in arcseconds")
        assert table["object_id"].meta["ucd"] == "meta.id;meta.main"
    for name in ("object_id", "_healpix_29"):
        assert all(table[name].dtype == np.int64 for table in tables)
    joined = {
        name: np.concatenate([np.asarray(t[name]) for t in tables])
        for name in SCHEMA.names
        if name != "bar_length_px_members"
    }
    ids = pq.read_table(some, partitioning=None, columns=["object_id"])["object_id"]
    same(joined, rows.filter(pc.is_in(rows["object_id"], ids)))


def test_duckdb(place: Path, rows: pa.Table) -> None:
    files = str(place / "bars" / "dataset" / "**" / "*.parquet")
    with duckdb.connect() as con:
        same(con.sql(f"SELECT * FROM '{files}'").to_arrow_table(), rows)
        kind = con.sql(f"SELECT DISTINCT typeof(object_id) FROM '{files}'").fetchall()
        content = con.sql(
            f"SELECT DISTINCT value FROM parquet_kv_metadata('{files}') "
            "WHERE key::VARCHAR = 'IVOA.VOTable-Parquet.content'"
        ).fetchall()
    assert kind == [("BIGINT",)]
    assert len(content) == 1  # the same in every file
    table = votable.parse(io.BytesIO(content[0][0])).get_first_table()
    assert {f.name: str(f.unit) for f in table.fields if f.name in UNIT} == UNIT


def test_pandas(place: Path, rows: pa.Table) -> None:
    same(pd.read_parquet(place / "bars" / "dataset"), rows)


def test_polars(place: Path, rows: pa.Table) -> None:
    found = pl.scan_parquet(place / "bars" / "dataset" / "**" / "*.parquet").collect()
    assert found.schema["object_id"] == pl.Int64
    same(found, rows)


def test_margins(place: Path, rows: pa.Table) -> None:
    """Rows of the margin cache are rows of the catalogue that lie elsewhere."""
    known = {row["object_id"]: row for row in rows.to_pylist()}
    found = sorted((place / f"bars_margin_{MARGIN_ARCSEC:g}arcsec").rglob("Npix=*.parquet"))
    assert found
    for path in found:
        order, _, pixel = (int(part.split("=")[1]) for part in path.with_suffix("").parts[-3:])
        for row in pq.read_table(path, partitioning=None).to_pylist():
            assert row["_healpix_29"] >> 2 * (29 - order) != pixel
            assert row["ra"] == known[row["object_id"]]["ra"]


def test_rows_without_place_and_the_flat_file(place: Path, rows: pa.Table) -> None:
    apart = pq.read_table(place / "without_position.parquet")
    assert sorted(apart["status"].to_pylist()) == sorted(status for status, _ in BAD)
    assert apart["object_id"].null_count == 1
    flat = pq.read_table(place / "bars.parquet")
    assert len(flat) == GALAXIES + len(BAD) - 1
    same(flat.slice(0, GALAXIES), rows)
    places = flat["_healpix_29"]
    assert places.slice(GALAXIES).null_count == len(BAD) - 1
    assert (np.diff(places.slice(0, GALAXIES).to_numpy()) >= 0).all()
    assert Table.read(place / "bars.parquet", format="parquet.votable")["ra"].unit == "deg"


def test_what_is_left_behind(place: Path, run: Path) -> None:
    assert sorted(p.name for p in place.iterdir()) == [
        "bars",
        "bars.parquet",
        f"bars_margin_{MARGIN_ARCSEC:g}arcsec",
        "collection.properties",
        "run.json",
        "without_position.parquet",
    ]
    assert json.loads((place / "run.json").read_text()) == json.loads(
        (run / "run.json").read_text()
    )


@pytest.fixture
def mistake(capfd: pytest.CaptureFixture[str]) -> Iterator[Any]:
    def told(*words: object) -> str:
        assert publish_main([str(word) for word in words]) == 2
        line = capfd.readouterr().err.strip()
        assert line.startswith("ansae publish: ")
        return line

    return told


def test_mistakes_before_anything_starts(mistake: Any, run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert "holds no run.json" in mistake(tmp_path, out)
    assert "holds 9 files" in mistake(run, run)
    assert "lies in the run's catalogue" in mistake(run, run / "catalogue" / "hats")
    write_run(tmp_path / "unfinished", 6)
    assert "--unfinished" in mistake(tmp_path / "unfinished", out)
    assert not out.exists()


def test_a_catalogue_that_lost_rows(
    mistake: Any, tmp_path: Path, ray_cluster: dict[str, float]
) -> None:
    run, out = finished_run(tmp_path / "run", 60), tmp_path / "out"
    next((run / "catalogue").iterdir()).unlink()
    assert "its run.json counts 64" in mistake(run, out)
    assert not list_files(*filesystem(str(out)))
    assert publish_main([str(run), str(out), "--unfinished"]) == 0
    assert is_valid_catalog(out, strict=True)


def test_what_a_killed_one_left_is_cleared_and_nothing_else(
    mistake: Any, place: Path, run: Path, ray_cluster: dict[str, float]
) -> None:
    out = place.parent / "again"
    shutil.copytree(place, out)
    (out / under_way.FILE).write_text(json.dumps({"names": ["bars", "../run"]}))
    others = len(list_files(*filesystem(str(out)))) - len(
        list_files(*filesystem(str(out / "bars")))
    )
    assert f"holds {others} files" in mistake(run, out)
    under_way.begin(*filesystem(str(out)), [path.name for path in out.iterdir()])
    under_way.begin(*filesystem(str(out)), [])
    assert [path.name for path in out.iterdir()] == [under_way.FILE]
    (out / "mine.txt").write_text("precious")
    assert "holds 1 files" in mistake(run, out)
    (out / "mine.txt").unlink()
    under_way.begin(*filesystem(str(out)), ["bars"])
    (out / "bars").mkdir()
    (out / "bars" / "half.parquet").write_bytes(b"PAR1")
    assert publish_main([str(run), str(out)]) == 0
    assert not (out / "bars" / "half.parquet").exists()
    assert is_valid_catalog(out, strict=True)


def test_who_is_taken_over_leaves_the_others_files(
    run: Path, tmp_path: Path, ray_cluster: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    other = replace(this_process(), holder="other", host="elsewhere")

    def taken_over(*_: Any) -> None:
        (out / lease.FILE).write_bytes(other.to_json())
        (out / "bars").mkdir(exist_ok=True)
        (out / "bars" / "others.parquet").write_bytes(b"PAR1")

    monkeypatch.setattr(publish, "check_rows", taken_over)
    with pytest.raises(LeaseError, match=r"no longer this run's|another run has taken"):
        publish.run(publish.PublishOptions(run=str(run), output=str(out)))
    assert (out / "bars" / "others.parquet").read_bytes() == b"PAR1"
    assert (out / under_way.FILE).exists()


@pytest.mark.slow
def test_killed_and_the_same_again(run: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "pipelines.publish", str(run), str(tmp_path / "out")]
    first = subprocess.Popen(words)
    while not list(tmp_path.glob("out/.publishing/*")):
        assert first.poll() is None
        time.sleep(0.02)
    first.kill()
    first.wait()
    assert (tmp_path / "out" / under_way.FILE).exists()
    subprocess.run(words, check=True)
    assert is_valid_catalog(tmp_path / "out", strict=True)
    assert not list(tmp_path.glob("out/[._]*"))


def test_no_places_at_all(
    mistake: Any, tmp_path: Path, ray_cluster: dict[str, float], capfd: Any
) -> None:
    run, out = finished_run(tmp_path / "run", 6), tmp_path / "out"
    for path in (run / "catalogue").iterdir():
        table = pq.read_table(path)
        for name in ("ra", "dec", "_healpix_29"):
            nulls = pa.nulls(len(table), table.schema.field(name).type)
            table = table.set_column(
                table.schema.get_field_index(name), table.schema.field(name), nulls
            )
        pq.write_table(table, path)
    assert "--flat" in mistake(run, out)
    assert publish_main([str(run), str(out), "--flat", "csv"]) == 0
    assert "no row has a position" in capfd.readouterr().out
    assert (out / "bars.csv").read_text().count("\n") == 1 + 6 + len(BAD) - 1
    assert not (out / "collection.properties").exists()


@pytest.mark.slow
def test_to_s3(run: Path, s3_env: Any, ray_cluster: dict[str, float], rows: pa.Table) -> None:
    url = f"s3://{s3_env.bucket}/published"
    assert publish_main([str(run), url, "--flat", "fits"]) == 0
    fs, root = filesystem(url)
    names = [path[len(root) + 1 :] for path, _ in list_files(fs, root)]
    assert "collection.properties" in names
    found = pq.read_table(f"{root}/bars/dataset", filesystem=fs)
    same(found, rows)
    with fs.open(f"{root}/bars.fits", "rb") as file:
        assert len(Table.read(io.BytesIO(file.read()))) == GALAXIES + len(BAD) - 1
    left = fs.find(f"{root}/.publishing")
    assert not [path for path in left if path.endswith(".arrow")]  # the server may keep the folder
