"""Bars laid into the unbarred galaxies of image shards, a Ray task for every shard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from actors.canvases import BAR_TRUTH
from actors.explainer import load_ensemble
from actors.mocker import in_order
from catalogues import storage
from catalogues.answers import VOTES, checked_votes, votes_of
from catalogues.galaxyzoo import BAR, FEATURED, NOT_EDGE_ON, conditional
from catalogues.images import decode
from catalogues.manifest import SCHEMA
from catalogues.mocks import TABLE_SCHEMA, encode_jpeg
from catalogues.shards import Shard, read_shard
from catalogues.storage import StorageOptions
from models.ensemble import Ensemble
from models.explanation import vote
from models.laid_bars import LaidBar, LaidBarParams, lay_bar
from models.preprocess import canvas

_FACE_ON_MIN, _FEATURED_MIN = 0.9, 0.5
_JPEG_QUALITY = 90
_FIELDS = (*SCHEMA.names, *BAR_TRUTH, *VOTES)
_KEPT = tuple(name for name in SCHEMA.names if name not in ("image", "north_deg"))
LAID_SCHEMA = pa.schema([TABLE_SCHEMA.field(name) for name in _FIELDS])
"""The manifest, the bar's truth and votes, which are null: nobody was asked."""


@dataclass(frozen=True, kw_only=True)
class LayingPlan:
    """per_host: bars tried per galaxy. bar_max: hosts are galaxies with at most this share of bar
    votes. seen_min: bars to which `ensemble` gives a smaller bar_fraction are left out, because
    what cannot be seen cannot be taught."""

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
    """Tables of LAID_SCHEMA, one a shard, in the shards' order.

    A row's object_id is its host's: so it falls in the same part of a split.
    """
    return in_order(lay_into, ((url, shard, plan) for shard in shards), in_flight)


def lay_into(url: str, shard: Shard, plan: LayingPlan) -> pa.Table:
    """The shard's hosts with bars, one row per bar that is seen. Raises StorageError, ValueError
    where the shard has no votes."""
    fs, _ = storage.filesystem(url, plan.storage)
    rows = []
    for table in read_shard(fs, shard.path, extra=VOTES, batch_rows=64):
        votes, _ = checked_votes(votes_of(table))
        hosts = table.filter(pa.array(_hosts(votes, plan.bar_max)))
        for row in hosts.to_pylist():
            rows += _with_bars(row, plan)
    return pa.Table.from_pylist(rows, schema=LAID_SCHEMA)


def _hosts(votes: np.ndarray[Any, np.dtype[np.float32]], bar_max: float) -> np.ndarray[Any, np.dtype[np.bool_]]:  # noqa: E501  # fmt: skip
    """Discs seen face-on, without bar, by their votes (N, 37); unknown votes make no host."""
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
        if _seen(bar, plan) >= plan.seen_min:
            found.append(_row(row, bar, number))
    return found


def _row(host: dict[str, Any], bar: LaidBar, number: int) -> dict[str, Any]:
    truth = (bar.length_px, bar.position_angle_deg, bar.axis_ratio)
    name = f"{host['object_id']}_bar_{number}.jpg"
    return {
        **{field: host[field] for field in _KEPT},
        "image": {"bytes": encode_jpeg(bar.pixels, _JPEG_QUALITY), "path": name},
        **dict(zip(BAR_TRUTH, truth, strict=True)),
    }


@lru_cache(maxsize=1)
def _ensemble(name: str, options: StorageOptions) -> Ensemble:
    torch.set_num_threads(1)
    return load_ensemble(name, options)


def _seen(bar: LaidBar, plan: LayingPlan) -> float:
    """The ensemble's bar_fraction; 0 where its voters do not reach the question."""
    ensemble = _ensemble(plan.ensemble, plan.storage)
    cut = canvas(bar.pixels, ensemble.spec.field)
    found = vote(ensemble, ensemble.image(cut)).bar_fraction
    return found if np.isfinite(found) else 0.0
