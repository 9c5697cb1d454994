"""The tour's notebook runs on a catalogue whose answers are known, and is stored as it ran."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.pipelines.synthetic_run import SyntheticRun

REPOSITORY = Path(__file__).parents[2]
NOTEBOOK = REPOSITORY / "docs" / "tour.ipynb"
MOST_BYTES = 400_000

RUNNER = """
import json, sys
import matplotlib.pyplot as plt
known = {}
for source in json.load(sys.stdin):
    exec(source, known)
print(json.dumps({
    "figures": [len(plt.figure(n).axes) for n in plt.get_fignums()],
    "axis": known["label"]("bar_length_arcsec"),
    "discs": known["n"].tolist(), "barred": known["k"].tolist(), "middle": known["z"].tolist(),
    "lengths": len(known["bar"]["bar_length_kpc"]), "shown": len(known["shown"]),
    "off": known["off"].tolist() if "off" in known else None,
}))
"""


def cells(kind: str) -> list[dict]:
    found = json.loads(NOTEBOOK.read_text())["cells"]
    return [cell for cell in found if cell["cell_type"] == kind]


def told(run: Path) -> dict:
    """What the notebook's cells find in a run's folder, one after the other in a fresh Python."""
    sources = json.dumps(["".join(cell["source"]) for cell in cells("code")])
    environment = os.environ | {"ANSAE_RUN": str(run), "MPLBACKEND": "Agg"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUNNER],
        input=sources, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_notebook_on_a_catalogue_whose_answers_are_known(
    synthetic_run: SyntheticRun, tmp_path: Path
) -> None:
    for name in ("catalogue", "pictures"):
        (tmp_path / name).symlink_to(synthetic_run.folder / name, target_is_directory=True)
    (tmp_path / "survey").mkdir()
    truth = synthetic_run.truth
    truth = truth.append_column("true_bar_visual_length_px", truth["true_bar_length_px"])
    pq.write_table(truth, tmp_path / "survey" / "truth.parquet")
    found = told(tmp_path)

    rows = synthetic_run.rows().to_pylist()
    assert found["axis"] == "bar_length_arcsec [arcsec]"
    assert found["figures"] == [1, 2, 1, 12]
    discs = [r for r in rows if (r["disk_edge_on_no"] or 0) > 0.5]
    for middle, n, barred in zip(found["middle"], found["discs"], found["barred"], strict=True):
        inside = [r for r in discs if abs(r["z"] - middle) <= 0.01]
        assert (n, barred) == (len(inside), sum(r["bar_fraction"] > 0.5 for r in inside))
    measured = {r["object_id"]: r for r in rows if r["status"] == "measured"}
    assert found["lengths"] == len(measured)
    assert found["shown"] == 6
    off = [
        abs(measured[t["object_id"]]["bar_length_px"] / t["true_bar_length_px"] - 1)
        for t in synthetic_run.truth.to_pylist()
        if t["object_id"] in measured
    ]
    assert sorted(found["off"]) == pytest.approx(sorted(off), abs=1e-6)


def test_the_notebook_on_a_run_without_truth_or_redshifts(
    synthetic_run: SyntheticRun, tmp_path: Path
) -> None:
    (tmp_path / "pictures").symlink_to(synthetic_run.folder / "pictures")
    (tmp_path / "catalogue").mkdir()
    for file in (synthetic_run.folder / "catalogue").iterdir():
        table = pq.read_table(file)
        for name in ("z", "bar_length_kpc", "bar_length_kpc_err", "bar_length_arcsec"):
            index, field = table.column_names.index(name), table.schema.field(name)
            table = table.set_column(index, field, pa.nulls(len(table), field.type))
        pq.write_table(table, tmp_path / "catalogue" / file.name)
    found = told(tmp_path)
    assert (found["discs"], found["lengths"], found["off"]) == ([], 0, None)
    assert found["shown"] == 6


def test_the_notebook_is_stored_with_its_pictures_and_without_faults() -> None:
    assert NOTEBOOK.stat().st_size < MOST_BYTES
    text = NOTEBOOK.read_text()
    assert not re.search(r"/(home|tmp|root|work|Users)/", text)
    outputs = [output for cell in cells("code") for output in cell["outputs"]]
    assert all(cell["execution_count"] for cell in cells("code"))
    assert not [output for output in outputs if output["output_type"] in ("error",)]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 4
