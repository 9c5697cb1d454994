"""A tiny comparison: drawn galaxies with known bars, a tiny votes ensemble, few samples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from actors.train.examples import BAR_TRUTH
from catalogues.manifest import SCHEMA
from models.faithfulness.params import FaithfulnessParams
from pipelines.cluster.resources import ClusterOptions
from pipelines.compare.options import CompareOptions
from tests.survey import galaxy_rows, tiny_ensemble, write_shard

FIELDS = pa.schema([*SCHEMA, *(pa.field(name, pa.float64()) for name in BAR_TRUTH)])

QUICK = FaithfulnessParams(curve_steps=4, infidelity_samples=16, sensitivity_samples=2)


def barred_rows(count: int) -> list[dict]:  # type: ignore[type-arg]
    """Galaxies of which every second has a known bar."""
    known = (14.0, 30.0, 0.4)
    return [
        {**row, **dict(zip(BAR_TRUTH, known if i % 2 == 0 else (None,) * 3, strict=True))}
        for i, row in enumerate(galaxy_rows(count))
    ]


def compare_options(folder: Path, count: int = 7, **changes: object) -> CompareOptions:
    """Options for `count` galaxies in one shard, written where they are not there yet."""
    if not (folder / "shards").exists():
        write_shard(folder / "shards" / "a.parquet", barred_rows(count), FIELDS)
        tiny_ensemble(folder / "tiny")
    given = CompareOptions(
        input=str(folder / "shards"), output=str(folder / "out"), samples=2, steps=3,
        ensemble=str(folder / "tiny" / "ensemble.json"), faithfulness=QUICK, panel=1,
        methods=("vanilla_gradient", "grad_cam"),
        cluster=ClusterOptions(device="cpu", explainers_max=2, batch_rows=3),
    )  # fmt: skip
    return replace(given, **changes)  # type: ignore[arg-type]
