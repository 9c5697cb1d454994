"""Make galaxies with known bars on a cluster: draw mock galaxies, or lay bars into real ones.

Mock galaxies are drawn by Ray tasks of a few galaxies each, on all CPUs. Bars are laid into the
unbarred galaxies of image shards, one Ray task per shard.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import ray
import torch

from actors.load_networks import load_ensemble
from actors.train.examples import BAR_TRUTH
from catalogues import storage
from catalogues.galaxyzoo import BAR, FEATURED, NOT_EDGE_ON, conditional
from catalogues.images.decode import decode
from catalogues.manifest import SCHEMA
from catalogues.mocks.params import MockSurvey
from catalogues.mocks.table import TABLE_SCHEMA, encode_jpeg, mock_table
from catalogues.shards.reading import Shard, read_shard
from catalogues.shards.votes import VOTES, checked_votes, votes_of
from catalogues.storage import StorageOptions
from catalogues.truth.columns import VISUAL_LENGTH_PX
from models.networks.ensemble import Ensemble
from models.preprocess import canvas
from models.saliency.bar_maps import vote
from models.training.laid_bars import LaidBar, lay_bar
from models.training.params import LaidBarParams


def in_order(work: Callable[..., pa.Table], calls: Iterable[tuple[Any, ...]], in_flight: int) -> Iterator[pa.Table]:  # noqa: E501  # fmt: skip
    """Yield work(*call) for each call, in order, computed by Ray tasks of one CPU.

    At most `in_flight` tables are made in advance, which bounds memory. Raises what a task raises.
    """
    task = ray.remote(num_cpus=1)(work)
    waiting: deque[ray.ObjectRef] = deque()
    try:
        for call in calls:
            waiting.append(task.remote(*call))
            if len(waiting) >= in_flight:
                yield ray.get(waiting.popleft())
        while waiting:
            yield ray.get(waiting.popleft())
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None


def drawn(
    survey: MockSurvey, *, rows_per_task: int = 10, in_flight: int = 16
) -> Iterator[pa.Table]:
    """Yield the survey's rows in order, drawn by Ray tasks of `rows_per_task` galaxies."""
    calls = ((survey.seed, block, survey.sky) for block in survey.blocks(rows_per_task))
    return in_order(mock_table, calls, in_flight)


_FACE_ON_MIN, _FEATURED_MIN = 0.9, 0.5
_JPEG_QUALITY = 90
_FIELDS = (*SCHEMA.names, *BAR_TRUTH, VISUAL_LENGTH_PX, *VOTES)
_KEPT = tuple(name for name in SCHEMA.names if name not in ("image", "north_deg"))
LAID_SCHEMA = pa.schema([TABLE_SCHEMA.field(name) for name in _FIELDS])
"""The manifest's columns, the bar's truth, and votes, which are null: no volunteer was asked."""


@dataclass(frozen=True, kw_only=True)
class LayingPlan:
    """How bars are laid into unbarred galaxies.

    Attributes
    ----------
    ensemble, storage
        Networks that judge whether a bar can be seen; for actors.find_ensemble.find_ensemble.
    laid
        Distributions of the bars' parameters.
    per_host
        Number of bars tried per galaxy.
    bar_max
        A galaxy is a host if at most this fraction of its votes are for a bar.
    seen_min
        A bar is left out if the ensemble gives it a smaller bar_fraction: a network cannot learn
        from a bar that cannot be seen.
    seed
        Seed of the bars.
    """

    ensemble: str
    storage: StorageOptions
    laid: LaidBarParams
    per_host: int = 3
    bar_max: float = 0.12
    seen_min: float = 0.35
    seed: int = 0

    def __post_init__(self) -> None:
        if self.per_host < 1:
            raise ValueError(f"per_host={self.per_host} must be at least 1")
        for name in ("bar_max", "seen_min"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}={getattr(self, name)} must be a fraction, 0 to 1")


def laid(
    url: str, shards: Sequence[Shard], plan: LayingPlan, *, in_flight: int = 8
) -> Iterator[pa.Table]:
    """Yield tables of LAID_SCHEMA, one per shard, in the shards' order.

    A row has the object_id of its host, so that both fall in the same part of a split.
    """
    return in_order(lay_into, ((url, shard, plan) for shard in shards), in_flight)


def lay_into(url: str, shard: Shard, plan: LayingPlan) -> pa.Table:
    """Lay bars into the shard's hosts; one row per bar that can be seen.

    Raises StorageError, and ValueError if the shard has no votes.
    """
    fs, _ = storage.filesystem(url, plan.storage)
    rows = []
    for table in read_shard(fs, shard.path, extra=VOTES, batch_rows=64):
        votes, _ = checked_votes(votes_of(table))
        hosts = table.filter(pa.array(_hosts(votes, plan.bar_max)))
        for row in hosts.to_pylist():
            rows += _with_bars(row, plan)
    return pa.Table.from_pylist(rows, schema=LAID_SCHEMA)


def _hosts(votes: np.ndarray[Any, np.dtype[np.float32]], bar_max: float) -> np.ndarray[Any, np.dtype[np.bool_]]:  # noqa: E501  # fmt: skip
    """Flag the rows of votes (N, 37) of face-on discs without a bar; unknown votes: not a host."""
    found = votes[:, FEATURED] >= _FEATURED_MIN
    found &= np.asarray(conditional(votes, NOT_EDGE_ON)) >= _FACE_ON_MIN
    return np.asarray(found & (np.asarray(conditional(votes, BAR)) <= bar_max))


def _with_bars(row: dict[str, Any], plan: LayingPlan) -> list[dict[str, Any]]:
    decoded = decode((row["image"] or {}).get("bytes"))
    if decoded.pixels is None or row["object_id"] is None:
        return []
    found = []
    for number in range(plan.per_host):
        rng = np.random.default_rng([plan.seed, row["object_id"] % 2**63, number])
        bar = lay_bar(decoded.pixels, rng, plan.laid)
        if _bar_fraction(bar, plan) >= plan.seen_min:
            found.append(_row(row, bar, number))
    return found


def _row(host: dict[str, Any], bar: LaidBar, number: int) -> dict[str, Any]:
    truth = (bar.length_px, bar.position_angle_deg, bar.axis_ratio)
    name = f"{host['object_id']}_bar_{number}.jpg"
    return {
        **{field: host[field] for field in _KEPT},
        "image": {"bytes": encode_jpeg(bar.pixels, _JPEG_QUALITY), "path": name},
        **dict(zip(BAR_TRUTH, truth, strict=True)),
        VISUAL_LENGTH_PX: bar.visual_length_px,
    }


@lru_cache(maxsize=1)
def _ensemble(name: str, options: StorageOptions) -> Ensemble:
    torch.set_num_threads(1)
    return load_ensemble(name, options)


def _bar_fraction(bar: LaidBar, plan: LayingPlan) -> float:
    """Return the ensemble's bar_fraction; 0 if its voters do not reach the bar question."""
    ensemble = _ensemble(plan.ensemble, plan.storage)
    cut = canvas(bar.pixels, ensemble.spec.field)
    found = vote(ensemble, ensemble.image(cut)).bar_fraction
    return found if np.isfinite(found) else 0.0
