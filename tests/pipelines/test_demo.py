"""The demo end to end on a real Ray: drawn, measured, told, reported, and repeated."""

from __future__ import annotations

import io
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from catalogues import storage
from catalogues.mocks.params import MockSurvey
from catalogues.mocks.survey import RECORD, is_written, write_survey
from catalogues.mocks.table import mock_table
from models import statistics
from pipelines.cluster.resources import ClusterOptions
from pipelines.demo import command as demo
from pipelines.demo.__main__ import main as demo_main
from pipelines.demo.options import DemoOptions
from tests.survey import tiny_ensemble

GALAXIES = 12

pytestmark = pytest.mark.timeout(300)  # four kinds of worker import their libraries


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_ensemble(tmp_path_factory.mktemp("tiny"))


def told(options: DemoOptions) -> str:
    """What the demo prints."""
    text = io.StringIO()
    demo.run(options, Console(file=text, width=100))
    return text.getvalue()


@pytest.fixture(scope="module")
def done(ray_cluster, ensemble, tmp_path_factory) -> tuple[DemoOptions, str]:
    options = DemoOptions(
        output=str(tmp_path_factory.mktemp("demo") / "out"),
        galaxies=GALAXIES,
        ensemble=ensemble,
        cluster=ClusterOptions(device="cpu", explainers_max=1),
    )
    return options, told(options)


def test_survey_is_the_mock_sky_in_order(done) -> None:
    options, _ = done
    table = pq.read_table(Path(options.output) / "survey")
    expected = mock_table(options.seed, range(GALAXIES))
    assert table.schema.names == expected.schema.names
    assert table["image"].to_pylist() == expected["image"].to_pylist()
    assert table["true_bar_length_px"].to_pylist() == expected["true_bar_length_px"].to_pylist()


def test_catalogue_has_every_galaxy_and_the_terminal_says_so(done) -> None:
    options, text = done
    table = pq.read_table(Path(options.output) / "catalogue")
    survey = pq.read_table(Path(options.output) / "survey")
    assert sorted(table["object_id"].to_pylist()) == sorted(survey["object_id"].to_pylist())
    for status, n in Counter(table["status"].to_pylist()).items():
        assert re.search(rf"^ {status} +{n} ", text, re.MULTILINE)
    for kind, n in Counter(survey["true_class"].to_pylist()).items():
        assert re.search(rf"^ {kind} +{n} ", text, re.MULTILINE)  # the query's answer
    fractions = {r["object_id"]: r["bar_fraction"] for r in table.to_pylist()}
    rows = [r | {"found": fractions[r["object_id"]]} for r in survey.to_pylist()]
    rows = [r for r in rows if r["found"] is not None]
    bars = [(r["true_bar_length_px"] or 0) > 0 for r in rows]
    found = [r["found"] for r in rows]
    votes = [r["vote_bar_yes"] / ((r["vote_bar_yes"] + r["vote_bar_no"]) or 1) for r in rows]
    clear = [i for i, r in enumerate(rows) if not bars[i] or votes[i] >= 0.5]
    area = statistics.auc([found[i] for i in clear], [bars[i] for i in clear])
    for value in (area, statistics.auc(found, bars)):
        assert np.isnan(value) or f"{value:.3f}" in text
    assert f"report: {options.output}/report.html" in text


def test_report_knows_the_truth(done) -> None:
    options, _ = done
    page = (Path(options.output) / "report.html").read_text()
    assert "Comparison with the truth" in page
    assert f"{GALAXIES} galaxies with votes have a known truth" in page


def test_same_command_again_repeats_nothing(done) -> None:
    options, _ = done
    before = {p: p.stat().st_mtime_ns for p in Path(options.output).rglob("*.parquet")}
    text = told(options)
    assert f"{GALAXIES} mock galaxies exist already" in text
    assert "already finished" in text
    assert {p: p.stat().st_mtime_ns for p in Path(options.output).rglob("*.parquet")} == before


def test_other_options_are_refused_or_replace(done, ensemble, tmp_path) -> None:
    options, _ = done
    other = DemoOptions(
        output=options.output, galaxies=3, ensemble=ensemble, cluster=options.cluster
    )
    with pytest.raises(ValueError, match=rf"another mock survey, with {GALAXIES} galaxies of seed"):
        told(other)
    bystander = Path(options.output) / "notes.txt"
    bystander.write_text("mine")
    demo._remove(other)
    assert [p.name for p in Path(options.output).iterdir()] == ["notes.txt"]


def test_interrupted_drawing_is_done_over(tmp_path) -> None:
    survey = MockSurvey(galaxies=5, seed=3, rows_per_shard=2)
    fs, root = storage.filesystem(str(tmp_path / "survey"))
    tables = [mock_table(3, block) for block in survey.blocks(3)]

    def interrupted():
        yield tables[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_survey(fs, root, survey, interrupted())
    assert not is_written(fs, root, survey)
    shards = write_survey(fs, root, survey, tables)
    assert [shard.rows for shard in shards] == [2, 2, 1]
    assert is_written(fs, root, survey)
    rows = pq.read_table(root)["object_id"].to_pylist()
    assert rows == mock_table(3, range(5))["object_id"].to_pylist()


def test_record_names_the_sky(tmp_path) -> None:
    fs, root = storage.filesystem(str(tmp_path))
    survey = MockSurvey(galaxies=1, seed=3)
    write_survey(fs, root, survey, [mock_table(3, [0])])
    assert '"smooth_fraction"' in (tmp_path / RECORD).read_text()
    with pytest.raises(ValueError, match=r"with 1 galaxies of seed 3: give the same options"):
        is_written(fs, root, MockSurvey(galaxies=1, seed=4))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"galaxies": 0}, r"galaxies=0 must be at least 1"),
        ({"seed": -1}, r"seed=-1 must not be negative"),
        ({"samples": 0}, r"samples=0 must be at least 1"),
    ],
)
def test_options_are_checked(values, message) -> None:
    with pytest.raises(ValueError, match=message):
        DemoOptions(**values)


def test_mistakes_are_one_line(tmp_path, capsys) -> None:
    words = [str(tmp_path / "out"), "--ensemble", str(tmp_path / "absent.json")]
    assert demo_main(words) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()
