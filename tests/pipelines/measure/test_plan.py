"""Columns that only some runs have: in the schema and among the facts where they are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalogues.bars import ARMS, BULGE, OPTIONAL, SAMPLES, SCHEMA
from pipelines.measure.options import MeasureOptions
from pipelines.measure.plan import make_plan
from tests.survey import tiny_ensemble, write_survey


@pytest.fixture
def given(tmp_path: Path) -> dict[str, str]:
    return {
        "input": write_survey(tmp_path / "shards", 1, 2),
        "output": str(tmp_path / "out"),
        "ensemble": tiny_ensemble(tmp_path / "tiny"),
    }


def test_a_plain_run_has_the_plain_columns_and_facts(given: dict[str, str]) -> None:
    plan = make_plan(MeasureOptions(**given))
    assert plan.schema(plan.record("cpu")).names == SCHEMA.names
    assert not set(OPTIONAL) & set(plan.facts)


def test_asked_columns_come_last_and_make_another_run(given: dict[str, str]) -> None:
    plain = make_plan(MeasureOptions(**given))
    plan = make_plan(MeasureOptions(**given, bulge=True, spiral_arms=True, length_tolerance=0.1))
    schema = plan.schema(plan.record("cpu"))
    names = [field.name for field in (SAMPLES, *ARMS, *BULGE)]
    assert schema.names == [*SCHEMA.names, *names]
    asked = {name: plan.facts[name] for name in OPTIONAL if name in plan.facts}
    assert asked == {"length_tolerance": 0.1, "spiral_arms": True, "bulge": True}
    assert plan.record("cpu").run_id != plain.record("cpu").run_id
    lower = make_plan(MeasureOptions(**given, lower_votes=True))
    assert lower.facts["lower_votes"] is True
    assert "lower_votes" not in plain.facts


def test_a_kept_column_of_a_taken_name_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="keep='spiral_pitch_deg' is already a column of the cat"):
        make_plan(MeasureOptions(**given, keep=("spiral_pitch_deg",)))
