"""`ansae validate` on the real table of bar lengths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalogues import storage
from catalogues.bars import SCHEMA as BARS
from catalogues.truth.hoyle import hoyle_table
from models import statistics
from pipelines import __main__ as ansae
from pipelines.validate import command as validate
from tests.pipelines.report.test_report import Page
from tests.pipelines.validate.validating import QUIET, numbers, options


@pytest.mark.data
def test_null_predictors_of_the_real_table(data_dir: Path, tmp_path: Path, capsys) -> None:
    """What paper 1's correlation of 0.76 has to be seen beside; no catalogue is needed for it."""
    arguments = ["--against", "hoyle", "--truth", str(data_dir / "hoyle2011"), "--output", str(tmp_path)]  # noqa: E501  # fmt: skip
    assert ansae.main(["validate", *arguments]) == 0
    rows = {r["name"]: r for r in pq.read_table(tmp_path / "validation.parquet").to_pylist()}
    for name, value, within in (
        ("null_constant_rho", 0.74, 0.02),
        ("null_constant_rmse", 1.60, 0.05),
        ("null_shuffled_rho", 0.56, 0.03),
    ):
        assert rows[name]["value"] == pytest.approx(value, abs=within)
        assert rows[name]["low"] < rows[name]["value"] < rows[name]["high"]
        assert rows[name]["high"] - rows[name]["low"] < 3 * within
        assert rows[name]["n"] == 3150
    assert "0.739" in capsys.readouterr().out
    assert Page((tmp_path / "validation.html").read_text()).open == []


@pytest.mark.data
def test_the_real_table_with_a_catalogue(data_dir: Path, tmp_path: Path) -> None:
    """Lengths that are all the same share of petroR90 reach what the null predictor reaches."""
    known = hoyle_table(*storage.filesystem(str(data_dir / "hoyle2011"))).slice(0, 600)
    r90 = known["petro_r90_arcsec"].to_numpy()
    columns: dict[str, Any] = {
        "object_id": known["object_id"], "bar_length_arcsec": 0.9 * r90,
        "bar_length_px": np.full(600, 45.0), "bar_fraction": np.full(600, 0.8),
        "pixel_scale_arcsec": 0.02 * r90, "status": ["measured"] * 600, "shard": ["s"] * 600,
        "shard_row": np.arange(600), "run_id": ["x"] * 600,
    }  # fmt: skip
    arrays = [
        pa.chunked_array(columns[f.name]).cast(f.type) if isinstance(columns.get(f.name), pa.ChunkedArray)  # noqa: E501
        else pa.array(columns[f.name]).cast(f.type) if f.name in columns else pa.nulls(600, f.type)
        for f in BARS
    ]  # fmt: skip
    (tmp_path / "run" / "catalogue").mkdir(parents=True)
    pq.write_table(
        pa.Table.from_arrays(arrays, names=BARS.names), tmp_path / "run" / "catalogue" / "a.parquet"
    )
    validate.run(
        options(
            catalogue=str(tmp_path / "run"), against="hoyle", truth=str(data_dir / "hoyle2011")
        ),
        QUIET,
    )
    found = numbers(tmp_path / "run")
    assert found["rho", "paper"]["value"] == pytest.approx(
        found["null_constant_rho", "null"]["value"], abs=1e-5
    )
    assert found["null_constant_rho", "paper's axis"]["n"] == 3150
    assert found["rho", "paper"]["unit"] == ""
    assert found["rmse", "paper"]["unit"] == "paper"
    # the slope on the paper's axes, which are not of one unit: 0.396 theta against 0.35 theta
    truth = known["length_arcsec"].to_numpy()
    slope = statistics.slope_through_origin(0.35 * truth, 0.396 * 0.9 * r90)
    assert found["slope", "paper"]["value"] == pytest.approx(slope, rel=1e-5)
    # and what is honest says that nothing was measured
    assert abs(found["scaled_rho", "honest"]["value"]) < 4 / np.sqrt(600)
