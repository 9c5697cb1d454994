"""Arms of real and mock galaxies in the shipped networks' maps (the figures: docs/science.md)."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from tests.benchmarks import bench_arms

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def found(subjects) -> dict[str, float]:
    return {n.name: n.value for n in bench_arms.numbers(bench_arms.readings(subjects))}


def test_the_sense_of_winding_of_mock_arms() -> None:
    values = found(bench_arms.mocks(7010, 40))
    assert values["sense of winding, not too inclined, map"] > 0.7


@pytest.mark.data
def test_the_sense_of_winding_that_experts_saw(data_dir: Path) -> None:
    values = found(islice(bench_arms.efigi(data_dir / "efigi", None), 150))
    assert values["sense of winding, not too inclined, map"] > 0.75
