"""A small training set: drawn galaxies whose votes and bar lengths are known, in image shards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from catalogues.galaxyzoo import BAR, NO_BAR, QUESTIONS, cumulative
from catalogues.manifest import SCHEMA
from catalogues.shards.votes import VOTES
from tests.survey import galaxy_rows, write_shard

LENGTH = "true_bar_length_px"
OTHER_LENGTH = "true_bar_length_arcsec"  # its values are pixels: a lie
COLUMNS = pa.schema(
    [*SCHEMA, *(pa.field(name, pa.float32()) for name in VOTES)]
    + [pa.field(name, pa.float64()) for name in (LENGTH, OTHER_LENGTH)]
)


def votes(rng: np.random.Generator) -> np.ndarray:
    """Consistent cumulative fractions, (37,)."""
    return cumulative(np.concatenate([rng.dirichlet(np.ones(len(q.answers))) for q in QUESTIONS]))


def rows(count: int, first_id: int = 0) -> list[dict[str, Any]]:
    """Galaxies with all answers; their images are drawn with bars of 16 px."""
    rng = np.random.default_rng(first_id)
    found = galaxy_rows(count, first_id)
    for row in found:
        row |= dict(zip(VOTES, votes(rng).tolist(), strict=True))
        row |= {LENGTH: 16.0 + float(rng.normal(0, 1)), OTHER_LENGTH: 160.0}
    return found


def write_training(folder: Path, shards: int = 3, count: int = 24) -> str:
    """`shards` shards of `count` galaxies; returns the folder."""
    for number in range(shards):
        write_shard(folder / f"shard-{number}.parquet", rows(count, 1000 * number), COLUMNS)
    return str(folder)


def spoiled(kind: str, count: int = 24) -> list[dict[str, Any]]:
    """Galaxies whose votes have one fault each."""
    found = rows(count)
    for row in found:
        if kind == "unknown":
            row |= dict.fromkeys(VOTES)
        elif kind == "nan":
            row |= dict.fromkeys(VOTES, float("nan"))
        elif kind == "percent":
            row |= {name: 100 * row[name] for name in VOTES}
        elif kind == "inconsistent":
            row[VOTES[BAR]], row[VOTES[NO_BAR]] = 0.9, 0.9
    return found
