"""`ansae validate` on a run whose every number is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from catalogues.truth.numbers import SCHEMA
from pipelines.validate import command as validate
from tests.browsing import check_page
from tests.pipelines.report.test_report import Page
from tests.pipelines.synthetic_run import SyntheticRun
from tests.pipelines.validate.validating import QUIET, known_pairs, numbers, options


@pytest.fixture(scope="module")
def validated(synthetic_run: SyntheticRun, tmp_path_factory) -> tuple[Path, Page]:
    folder = tmp_path_factory.mktemp("validated")
    pq.write_table(synthetic_run.truth, folder / "truth.parquet")
    validate.run(
        options(
            catalogue=str(synthetic_run.folder), against="mock", output=str(folder),
            truth=str(folder / "truth.parquet"),
        ),
        QUIET,
    )  # fmt: skip
    return folder, Page((folder / "validation.html").read_text())


def test_numbers_are_the_catalogues(validated, synthetic_run) -> None:
    found = numbers(validated[0])
    truth, measured, err = known_pairs(synthetic_run)
    expected = {
        ("rho", "paper"): np.corrcoef(truth, measured)[0, 1],
        ("rmse", "paper"): np.sqrt(np.mean((measured - truth) ** 2)),
        ("slope", "paper"): np.sum(truth * measured) / np.sum(truth**2),
        ("slope_inverse_variance", "paper"): np.sum(truth * measured / err**2)
        / np.sum(truth**2 / err**2),
        ("slope_paper_weights", "paper"): np.sum(truth * measured / err) / np.sum(truth**2 / err),
        ("median_relative_error", "honest"): np.median(np.abs(measured - truth) / truth),
        ("coverage_1_sigma", "honest"): np.mean(np.abs(measured - truth) <= err),
    }
    for key, value in expected.items():
        row = found[key]
        assert row["value"] == pytest.approx(value, rel=1e-5), key
        assert row["low"] <= row["value"] <= row["high"]
        assert row["n"] == truth.size
    assert found["rmse", "paper"]["unit"] == "px"
    assert found["auc_bar_fraction", "detection"]["n"] == 60
    assert found["median_angle_error", "angles"]["value"] < 3
    assert found["measured_of_barred", "detection"]["value"] == 1


def test_sizes_on_the_image_feed_the_null_predictors(validated, synthetic_run) -> None:
    found = numbers(validated[0])
    truth, *_ = known_pairs(synthetic_run)
    assert found["null_constant_rmse", "null"]["n"] == truth.size
    assert found["partial_rho", "honest"]["value"] > 0.9


def test_the_table_has_its_schema_and_says_what_ran(validated) -> None:
    table = pq.read_table(validated[0] / "validation.parquet")
    assert table.schema.remove_metadata().equals(SCHEMA, check_metadata=False)
    assert b'"against": "mock"' in table.schema.metadata[b"ansae"]
    names = list(zip(table["name"].to_pylist(), table["source"].to_pylist(), strict=True))
    assert len(names) == len(set(names))
    assert all("run synthetic-" in source for _, source in names)


def test_page_is_whole_offline_and_readable(validated) -> None:
    _, parsed = validated
    assert parsed.open == []
    assert not {tag for tag, _ in parsed.tags} & {"link", "iframe"}
    for _, attributes in parsed.tags:
        for name in ("src", "href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("data:image/", "#"))
    identities = [a["id"] for _, a in parsed.tags if "id" in a]
    assert len(identities) == len(set(identities))
    assert {a["href"][1:] for a in parsed.named("a") if a.get("href")} <= {*identities}
    plots = [a for a in parsed.named("div") if a.get("role") == "img"]
    assert len(plots) > 6
    assert all(a["aria-label"] for a in plots)
    assert all(a["alt"] for a in parsed.named("img"))
    for words in (
        "The paper’s numbers",
        "Numbers without the effect of galaxy size",
        "Null predictors",
        "within 1 σ",
    ):
        assert words in parsed.text


@pytest.mark.browser
def test_page_in_a_browser(validated) -> None:
    check_page(validated[0] / "validation.html")


def test_worst_cases_are_shown(validated, synthetic_run) -> None:
    _, parsed = validated
    measured = {r["object_id"]: r for r in synthetic_run.rows().to_pylist()}
    ratios = {
        t["object_id"]: measured[t["object_id"]]["bar_length_px"] / t["true_bar_length_px"]
        for t in synthetic_run.truth.to_pylist()
        if t["true_bar_length_px"]
    }
    order = sorted(ratios, key=lambda k: ratios[k])
    text = parsed.text
    short, long = text.index("Measured too short"), text.rindex("Measured too long")
    assert short < text.index(str(order[0]), short) < long
    assert text.index(str(order[-1]), long) > long
