"""Bars laid into real galaxies' shards: whose, seen by whom, and what training makes of them."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from actors.mocks import LAID_SCHEMA, LayingPlan, lay_into
from actors.train.examples import ExamplePlan, scan_shard, shard_examples
from catalogues.images.decode import decode
from catalogues.mocks.params import MockSkyParams
from catalogues.mocks.table import mock_table
from catalogues.shards.reading import list_shards
from catalogues.shards.splits import SplitFractions
from catalogues.shards.votes import VOTES
from catalogues.storage import StorageOptions
from models.training.params import LaidBarParams
from models.view_params import FieldSpec
from pipelines.cluster.resources import ClusterOptions
from pipelines.mocks import command as mocks
from pipelines.mocks.__main__ import main as mocks_main
from pipelines.mocks.options import MocksOptions
from tests.survey import tiny_ensemble

pytestmark = pytest.mark.timeout(240)

UNBARRED = MockSkyParams(
    image_px=128, smooth_fraction=0.3, strong_bar_fraction=0.3, weak_bar_fraction=0.0, vote_count=0
)


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Two shards of galaxies with expected votes, and which of them are hosts by their truth."""
    folder = tmp_path_factory.mktemp("hosts")
    tables = [mock_table(3, range(k, k + 12), UNBARRED) for k in (0, 12)]
    for number, table in enumerate(tables):
        pq.write_table(table, folder / f"s{number}.parquet")
    rows = [row for table in tables for row in table.to_pylist()]
    return SimpleNamespace(
        url=str(folder), rows={row["object_id"]: row for row in rows},
        ensemble=tiny_ensemble(tmp_path_factory.mktemp("tiny")),
    )  # fmt: skip


def plan(survey: SimpleNamespace, seen_min: float) -> LayingPlan:
    return LayingPlan(
        ensemble=survey.ensemble, storage=StorageOptions(), laid=LaidBarParams(), per_host=2,
        seen_min=seen_min, seed=4,
    )  # fmt: skip


def all_laid(survey: SimpleNamespace, seen_min: float = 0.0) -> pa.Table:
    shards = list_shards(survey.url)
    return pa.concat_tables([lay_into(survey.url, s, plan(survey, seen_min)) for s in shards])


def test_hosts_are_face_on_featured_and_unbarred(survey: SimpleNamespace) -> None:
    found = all_laid(survey)
    ids = found["object_id"].to_pylist()
    hosts = {
        number for number, row in survey.rows.items()
        if row["vote_smooth_or_featured_featured_or_disk"] >= 0.5
        and row["vote_disk_edge_on_no"] >= 0.9 * (row["vote_disk_edge_on_no"] + row["vote_disk_edge_on_yes"])  # noqa: E501
        and row["vote_bar_yes"] <= 0.12 * (row["vote_bar_yes"] + row["vote_bar_no"])
    }  # fmt: skip
    assert 2 <= len(hosts) < len(survey.rows)
    assert set(ids) == hosts
    assert len(ids) == 2 * len(hosts)
    assert found.schema == LAID_SCHEMA
    assert all(found[name].null_count == len(found) for name in VOTES)
    lengths = np.array(found["true_bar_length_px"].to_pylist())
    assert len(set(lengths)) == len(lengths)
    images = [decode(row["bytes"]).pixels for row in found["image"].to_pylist()]
    assert all(i is not None and 0 < n < max(i.shape) for i, n in zip(images, lengths, strict=True))


def test_bars_that_the_networks_do_not_see_are_left_out(survey: SimpleNamespace) -> None:
    everything, some, none = (len(all_laid(survey, least)) for least in (0.0, 0.5, 1.0))
    assert everything >= some >= none == 0


def test_laid_bars_are_taught_though_nobody_voted(survey: SimpleNamespace, tmp_path: Path) -> None:
    laid = all_laid(survey)
    pq.write_table(laid, tmp_path / "laid.parquet")
    shard = list_shards(str(tmp_path))[0]
    split = SplitFractions(validation=0.0, test=0.0)
    guided = ExamplePlan(split=split, field=FieldSpec(canvas_px=48), guided=True)
    scan = scan_shard(str(tmp_path), shard, guided)
    assert scan.counts["train"] == len(laid)
    ellipses = shard_examples(scan, guided)["train"]["ellipses"]
    assert np.isfinite(ellipses).all()
    ratios = ellipses[:, 3] / ellipses[:, 2]
    assert ratios == pytest.approx(np.array(laid["true_bar_axis_ratio"].to_pylist()), rel=1e-5)
    votes_only = ExamplePlan(split=split, field=FieldSpec(canvas_px=48))
    assert scan_shard(str(tmp_path), shard, votes_only).counts["train"] == 0


def test_the_command(ray_cluster: object, survey: SimpleNamespace, tmp_path: Path) -> None:
    options = MocksOptions(
        output=str(tmp_path / "laid"), hosts=survey.url, per_host=2, seen_min=0.0, seed=4,
        ensemble=survey.ensemble, cluster=ClusterOptions(device="cpu"),
    )  # fmt: skip
    text = io.StringIO()
    expected = all_laid(survey)
    assert mocks.lay(options, Console(file=text, width=100)) == len(expected)
    assert f"{len(expected)} bars laid into real galaxies, in 1 shards" in text.getvalue()
    assert pq.read_table(tmp_path / "laid" / "shard-00000.parquet").equals(expected)
    with pytest.raises(ValueError, match="already holds 1 shards"):
        mocks.lay(options, Console(file=text))


def test_mistakes(survey: SimpleNamespace, tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SystemExit):
        mocks_main([str(tmp_path / "a"), "--seen-min", "2"])
    assert "seen_min=2.0 a fraction" in capsys.readouterr().err
    assert mocks_main([str(tmp_path / "a"), "--hosts", "x", "--ensemble", "/none.json"]) == 2
    assert "/none.json" in capsys.readouterr().err
    with pytest.raises(ValueError, match="per_host=0 must be at least 1"):
        LayingPlan(ensemble="x", storage=StorageOptions(), laid=LaidBarParams(), per_host=0)
