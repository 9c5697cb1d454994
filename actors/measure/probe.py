"""Probe of `ansae preflight`: all stages on a few galaxies in one process, each stage timed."""

from __future__ import annotations

import copy
import io
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch

from actors.measure.columns import PICTURE
from actors.measure.decoder import Decoder
from actors.measure.explainer import Explainer
from actors.measure.measurer import Measurer
from actors.measure.shard_source import read_rows
from catalogues.columns import one_array
from catalogues.shards.reading import Shard
from catalogues.storage import StorageOptions
from models.networks.selection import SelectionParams
from models.survey_cost import ProbedBatch

_TOLD_WHERE_NULL = ("ra", "dec", "pixel_scale_arcsec", "petro_r90_arcsec", "z")


@dataclass(frozen=True, kw_only=True)
class Probe:
    """Result of the probe of one shard.

    Attributes
    ----------
    batch
        Counts and times from which the cost of the run is estimated.
    read_s, read_bytes
        Time and bytes of reading the rows from the store.
    statuses
        Number of rows by status.
    nulls
        Number of rows without a value, by column.
    messages
        One message for each status that has any.
    """

    batch: ProbedBatch
    read_s: float
    read_bytes: int
    statuses: Counter[str] = field(default_factory=Counter)
    nulls: Counter[str] = field(default_factory=Counter)
    messages: Mapping[str, str] = field(default_factory=dict)


class Prober:
    """Hold all stages; `decoder`, `explainer`, `measurer` are the arguments of the stages.

    Raises RuntimeError if the networks need a GPU and PyTorch cannot use it.
    """

    def __init__(
        self,
        *,
        decoder: Mapping[str, Any],
        explainer: Mapping[str, Any],
        measurer: Mapping[str, Any],
    ) -> None:
        if explainer["device"] == "cuda" and not torch.cuda.is_available():
            raise RuntimeError(
                f"Ray assigned a GPU that PyTorch {torch.__version__} cannot use: check the "
                "node's driver (nvidia-smi) and that its image has PyTorch with CUDA"
            )
        self._decode = Decoder(**decoder)
        self._explain = Explainer(**explainer)
        self._measure = Measurer(**measurer)
        self._vote, self._map = copy.copy(self._explain), copy.copy(self._explain)
        self._vote.selection = SelectionParams(select="none")
        self._map.selection = SelectionParams(select="all")
        self._warm = False

    def probe(
        self,
        shard: Shard,
        skip: Any,
        url: str,
        options: StorageOptions,
        extra: tuple[str, ...],
        forced: int,
    ) -> Probe:
        """Run all stages on some rows of a shard and time each of them.

        Parameters
        ----------
        shard, url, options, extra
            For actors.measure.shard_source.read_rows.
        skip
            Flags of the shard's rows that are left out.
        forced
            Number of galaxies that get a map if none is selected, to measure how long a map takes.
        """
        read = _timed(lambda: pa.concat_tables(read_rows(shard, skip, url, options, extra)))
        rows: pa.Table = read.value
        decoded = _timed(lambda: self._decode(rows))
        healthy = decoded.value.filter(pc.is_null(decoded.value.column("status")))
        if not self._warm and len(healthy):
            self._measure(self._map(healthy.slice(0, 1)))
            self._warm = True
        votes = _timed(lambda: self._vote(decoded.value))
        explained = _timed(lambda: self._explain(decoded.value))
        selected = _mapped(explained.value)
        maps_s, mapped = explained.seconds - votes.seconds, selected
        measured = _timed(lambda: self._measure(explained.value))
        read_s = measured.seconds
        if not selected and forced and len(healthy):
            some = healthy.slice(0, forced)
            forcibly = _timed(lambda: self._map(some))
            mapped = _mapped(forcibly.value)
            maps_s = forcibly.seconds - votes.seconds * len(some) / max(len(healthy), 1)
            read_s = _timed(lambda: self._measure(forcibly.value)).seconds
        image_bytes = _image_bytes(rows)
        return Probe(
            batch=ProbedBatch(
                rows=len(rows),
                voted=len(healthy),
                selected=selected,
                mapped=mapped,
                decode_s=decoded.seconds,
                votes_s=votes.seconds,
                maps_s=max(maps_s, 0.0),
                read_s=read_s,
                image_bytes=image_bytes,
                row_bytes=_stored_bytes(measured.value),
            ),
            read_s=read.seconds,
            read_bytes=int(image_bytes),
            statuses=Counter(measured.value.column("status").to_pylist()),
            nulls=Counter({n: measured.value.column(n).null_count for n in _TOLD_WHERE_NULL}),
            messages=_messages(measured.value),
        )


@dataclass(frozen=True)
class _Timed:
    value: Any
    seconds: float


def _timed(work: Callable[[], Any]) -> _Timed:
    """Time `work`. Every stage ends with arrays on the CPU, so a GPU has nothing left to do."""
    began = time.perf_counter()
    value = work()
    return _Timed(value, time.perf_counter() - began)


def _mapped(table: pa.Table) -> int:
    return len(table) - int(table.column("maps").null_count)


def _image_bytes(table: pa.Table) -> float:
    data = pc.struct_field(one_array(table.column("image")), "bytes")
    return float(pc.sum(pc.binary_length(data)).as_py() or 0)


def _stored_bytes(table: pa.Table) -> float:
    """Return the bytes of the catalogue rows, written as a file, and of their pictures."""
    file = io.BytesIO()
    pq.write_table(table.drop_columns([PICTURE]), file, compression="zstd")
    return float(file.tell() + table.column(PICTURE).nbytes)


def _messages(table: pa.Table) -> dict[str, str]:
    pairs = zip(*(table.column(n).to_pylist() for n in ("status", "status_message")), strict=True)
    return {status: message for status, message in pairs if message}
