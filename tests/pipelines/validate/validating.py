"""What the tests of `ansae validate` share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from rich.console import Console

from models.validation.numbers import BootstrapParams
from pipelines.validate.options import ValidateOptions
from tests.pipelines.synthetic_run import SyntheticRun

QUIET = Console(quiet=True)
FEW = BootstrapParams(resamples=40)


def numbers(folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """Rows of the table by (name, last word of the source)."""
    rows = pq.read_table(folder / "validation.parquet").to_pylist()
    return {(r["name"], r["source"].split(", ")[-1]): r for r in rows}


def options(**more: Any) -> ValidateOptions:
    return ValidateOptions(**{"bootstrap": FEW, "pictures": 2, **more})


def known_pairs(run: SyntheticRun) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True and measured lengths and errors of the barred galaxies, without the product's help."""
    measured = {r["object_id"]: r for r in run.rows().to_pylist()}
    pairs = [
        (t["true_bar_length_px"], m["bar_length_px"], m["bar_length_px_err"])
        for t in run.truth.to_pylist()
        if (m := measured[t["object_id"]])["status"] == "measured"
    ]
    return tuple(np.array(v) for v in zip(*pairs, strict=True))
