"""What a method owes to its network is told apart from what the image lends to any network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from catalogues.runs.comparison_rows import METRICS, STRANGER
from pipelines.compare.gains import beyond, beyond_rows
from pipelines.compare.numbers import NAMED, Table, group

COUNT = 40
AT = {"by_image": (0.9, 0.9), "by_network": (0.6, 0.1), "noise": (0.1, 0.1)}
METHODS = tuple(AT)


def table(count: int, at: dict[str, tuple[float, float]] = AT) -> Table:
    """A method that lies on the source before any network, one only before the trained one, and
    one that never does."""
    rng = np.random.default_rng(0)
    numbers = {m.name: {name: np.full(count, np.nan) for name in at} for m in METRICS}
    for name, (own, stranger) in at.items():
        for metric, good in (("relevance_mass", 1), ("deletion_auc", -1)):
            for key, level in ((metric, own), (STRANGER + metric, stranger)):
                level = level if good > 0 else 1 - level
                numbers[key][name] = level + 0.01 * rng.standard_normal(count)
    images = [{"label": None, "confident": None, "correct": None} for _ in range(count)]
    return Table(methods=tuple(at), images=images, numbers=numbers)


def test_a_map_that_the_image_alone_makes_is_first_by_value_and_gains_nothing() -> None:
    given = table(COUNT)
    assert group(given, "all", "all").overall[0].method == "by_image"
    found = beyond(given)
    assert found is not None
    assert set(found.gains) == {"relevance_mass", "deletion_auc"}
    assert found.overall[0].method == "by_network"
    assert found.overall[0].rank.value == 1
    for gains in found.gains.values():
        assert {g.n for g in gains.values()} == {COUNT}
        assert gains["by_network"].gain.value == pytest.approx(0.5, abs=0.01)
        assert gains["by_network"].p < 1e-6
        for name in ("by_image", "noise"):
            assert gains[name].gain.value == pytest.approx(0, abs=0.01)
    assert beyond_rows(found)[0][3][0][0] == "0.50"
    assert found.gains["deletion_auc"]["by_network"].mean == pytest.approx(0.4, abs=0.01)


def test_the_papers_judgement_by_gains() -> None:
    found = beyond(table(COUNT, dict.fromkeys(NAMED, (0.6, 0.1)) | {"smoothgrad": (0.9, 0.9)}))
    assert found is not None
    assert {v.said for v in found.verdicts.values()} == {"confirmed"}
    found = beyond(table(COUNT, dict.fromkeys(NAMED, (0.9, 0.9)) | {"smoothgrad": (0.6, 0.1)}))
    assert found is not None
    assert {v.said for v in found.verdicts.values()} == {"contradicted"}


def test_a_constant_map_of_a_random_network_is_worth_what_noise_is() -> None:
    given = table(COUNT)
    for metric in ("relevance_mass", "deletion_auc"):
        given.numbers[STRANGER + metric]["by_network"][::2] = np.nan
    found = beyond(given)
    assert found is not None
    for gains in found.gains.values():
        assert gains["by_network"].n == COUNT
        assert gains["by_network"].gain.value == pytest.approx(0.5, abs=0.01)
    assert found.overall[0].n == COUNT
    alone = replace(given, methods=METHODS[:2], numbers={
        name: {m: v[m] for m in METHODS[:2]} for name, v in given.numbers.items()
    })  # fmt: skip
    without = beyond(alone)
    assert without is not None
    assert without.gains["relevance_mass"]["by_network"].n == COUNT // 2


def test_a_random_networks_numbers_are_no_metrics_of_their_own() -> None:
    assert [r.metric.name for r in group(table(COUNT), "all", "all").metrics] == [
        "relevance_mass",
        "deletion_auc",
    ]


def test_few_images_tell_no_gains() -> None:
    assert beyond(table(4)) is None
