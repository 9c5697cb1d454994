"""The estimate of a sample, and of a survey of galaxies like it."""

from __future__ import annotations

from pathlib import Path

from actors.measure.probe import Probe
from models.survey_cost import ProbedBatch
from pipelines.cluster.resources import ClusterOptions, stage_resources
from pipelines.measure.plan import make_plan
from pipelines.preflight.estimate import estimate
from pipelines.preflight.options import PreflightOptions
from tests.survey import tiny_ensemble, write_survey

PROBED = ProbedBatch(
    rows=20, voted=20, selected=20, mapped=20, decode_s=2.0, votes_s=4.0, maps_s=40.0, read_s=1.0,
    image_bytes=20_000.0, row_bytes=1_000.0,
)  # fmt: skip


def told(tmp_path: Path, galaxies: int | None) -> tuple[dict[str, str], float]:
    options = PreflightOptions(
        input=write_survey(tmp_path / "shards", 2, 20),
        output=str(tmp_path / "out"),
        ensemble=tiny_ensemble(tmp_path / "tiny"),
        select="all",
        core_hour_price=0.1,
        galaxies=galaxies,
    )
    plan = make_plan(options.measure())
    have = stage_resources(ClusterOptions(device="cpu"), "cpu", 4, 0)
    probes = [Probe(batch=PROBED, read_s=1.0, read_bytes=20_000) for _ in range(2)]
    lines, written = estimate(plan, have, probes, 4, options)
    return {line.check: line.found for line in lines}, written


def test_the_galaxies_that_are_left_are_estimated(tmp_path: Path) -> None:
    lines, written = told(tmp_path, None)
    assert "for 40 galaxies on 4 cores" in lines["time"]
    assert written == 40 * 1_000 / 20


def test_a_survey_is_estimated_from_a_sample_of_it(tmp_path: Path) -> None:
    lines, written = told(tmp_path, 300_000)
    assert "for 300000 galaxies on 4 cores" in lines["time"]
    assert written == 300_000 * 1_000 / 20
