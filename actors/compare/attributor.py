"""Ray actor of `ansae compare`: explain images by several methods and score the saliency maps."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import ray
import torch

from actors.compare.cost import Cost, cost
from actors.compare.explained import Seen, SubjectParams, Unreadable, confident, load_subject
from actors.measure.columns import DUPLICATE
from actors.measure.crash_guard import Guarded
from actors.measure.explainer import MACHINE_ERRORS
from actors.measure.shard_source import read_rows
from actors.measure.writer import RECEIPT
from catalogues import storage
from catalogues.runs.array_cache import GREY, MapCache
from catalogues.runs.comparison_rows import (
    COMPARED,
    MAPS_FOLDER,
    METRICS_FOLDER,
    NO_MASK,
    UNKNOWN_CLASS,
    comparison_rows,
)
from catalogues.runs.files import write_rows
from catalogues.runs.lease import FILE as LEASE
from catalogues.runs.lease import check_holder
from catalogues.shards.reading import Shard
from catalogues.shards.rows import NOTE
from catalogues.statuses import Status
from catalogues.storage import StorageOptions
from models.attribution.params import ORACLE, AttributionParams
from models.faithfulness.map_quality import explainer, quality
from models.faithfulness.metrics import FaithfulnessTest, why_undefined
from models.faithfulness.params import FaithfulnessParams
from models.saliency.seeds import galaxy_seed

PREDICTED, LABEL = "predicted", "label"
"""Targets that can be explained, besides a class given by its name."""

_NOT_THE_IMAGES = (*MACHINE_ERRORS, storage.StorageError)
"""Errors that end the session, not just the image: networks and maps also lie in a store."""


@dataclass(frozen=True, kw_only=True)
class Unit:
    """Rows of one shard and, by method, the rows that the method has not explained yet."""

    shard: Shard
    rows: tuple[int, ...]
    missing: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, kw_only=True)
class AttributorParams:
    """Parameters of an Attributor.

    Attributes
    ----------
    input, read
        Folder or URL of the image shards, and how it is reached.
    output, write
        Folder or URL of the comparison, and how it is reached.
    subject
        Networks and images that are explained.
    methods
        Parameters of each method, by name; None for a control.
    faithfulness
        Parameters of the metrics.
    target
        What is explained: PREDICTED, LABEL, or the name of a class.
    columns
        Columns of the input that are read besides the image.
    seed
        Seed of the run.
    runs
        The run_id of each method's rows.
    kept
        object_ids whose maps are kept; None for all.
    holder
        Name of the lease's holder; None to write without a lease.
    """

    input: str
    output: str
    read: StorageOptions
    write: StorageOptions
    subject: SubjectParams
    methods: Mapping[str, AttributionParams | None]
    faithfulness: FaithfulnessParams
    target: str
    columns: tuple[str, ...]
    seed: int
    runs: Mapping[str, str]
    kept: frozenset[int] | None
    holder: str | None


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A row that can be explained; if `seen` is None, `facts` has the reason why it cannot."""

    facts: Mapping[str, Any]
    seen: Seen | None = None
    trial: FaithfulnessTest | None = None


def how(method: str, params: AttributionParams | None) -> dict[str, Any]:
    """Return a method's parameters as plain values, or the name of a control."""
    return params.to_dict() if params else {"method": method}


class Attributor:
    """Explain the rows of a unit and write one file of metrics for each method."""

    def __init__(self, params: AttributorParams, crash_guard: Any) -> None:
        if params.subject.device == "cpu":
            torch.set_num_threads(1)  # the pool of Attributors already fills the cores
        self.params = params
        self.subject = load_subject(params.subject)
        self.fs, self.root = storage.filesystem(params.output, params.write)
        self.maps = MapCache(storage.join(params.output, MAPS_FOLDER), params.write)
        self.crash_guard = crash_guard
        self.warm: set[str] = set()

    def compare(self, unit: Unit) -> list[dict[str, Any]]:
        """Explain a unit. Returns receipts (actors.measure.writer.RECEIPT) of the written files."""
        p, done = self.params, np.ones(unit.shard.rows, dtype=bool)
        done[list(unit.rows)] = False
        rows = pa.concat_tables(read_rows(unit.shard, done, p.input, p.read, p.columns))
        stage = Guarded(
            lambda table: self.explained(table, unit.missing),
            self.crash_guard,
            "explaining the image",
        )
        receipts: list[dict[str, Any]] = stage(rows).to_pylist()
        return receipts

    def explained(self, table: pa.Table, missing: Mapping[str, tuple[int, ...]]) -> pa.Table:
        """Explain rows of actors.measure.shard_source.read_rows by the methods they still need.

        Returns a table of receipts.
        """
        wanted = {method: frozenset(missing.get(method, ())) for method in self.params.methods}
        rows: dict[str, list[Mapping[str, Any]]] = {method: [] for method in wanted}
        for row in table.to_pylist():  # one source at a time, because a trial holds a network
            source = self._prepare(row)
            for method, mine in wanted.items():
                if row["shard_row"] in mine:
                    rows[method].append(self._score(source, method))
        receipts = [self._write(method, found) for method, found in rows.items() if found]
        return pa.Table.from_pylist(receipts, schema=RECEIPT)

    def _prepare(self, row: Mapping[str, Any]) -> Prepared:
        """Return a row's image as its network sees it, with the prediction, or say why not."""
        facts = {name: row[name] for name in ("object_id", "shard", "shard_row")}
        try:
            facts["label"] = self.subject.label(row)
            facts["confident"] = confident(row, self.params.subject.confidence)
            _check(row)
            seen = self.subject.seen(row)
            return self._predicted(facts, seen)
        except Unreadable as fault:
            return Prepared(facts={**facts, "status": fault.status, "status_message": str(fault)})
        except _NOT_THE_IMAGES:
            raise
        except Exception as error:
            return Prepared(facts={**facts, **_failure("reading the image", error)})

    def _predicted(self, facts: Mapping[str, Any], seen: Seen) -> Prepared:
        with torch.no_grad():
            shares = torch.softmax(seen.network(seen.image[None])[0].float(), dim=-1).cpu().numpy()
        names, label = self.subject.classes, facts["label"]
        predicted = names[int(shares.argmax())]
        asked = {PREDICTED: predicted, LABEL: label}.get(self.params.target, self.params.target)
        if asked not in names:
            message = f"the network has no class {asked!r}, only: {', '.join(names)}"
            raise Unreadable(UNKNOWN_CLASS, message)
        target = names.index(asked)
        known = {
            "predicted": predicted,
            "target": asked,
            "probability": float(shares[target]),
            "correct": None if label is None else label == predicted,
        }
        trial = FaithfulnessTest(
            network=seen.network, image=seen.image, target=target, params=self.params.faithfulness,
            seed=galaxy_seed(self.params.seed, facts["object_id"]), mask=seen.mask,
        )  # fmt: skip
        return Prepared(facts={**facts, **known}, seen=seen, trial=trial)

    def _score(self, source: Prepared, method: str) -> dict[str, Any]:
        """Return the table row of a source and a method."""
        params = self.params.methods[method]
        facts = {
            "status": COMPARED,
            **source.facts,
            "method": method,
            "parameters": json.dumps(how(method, params)),
            "run_id": self.params.runs[method],
        }
        if source.seen is None or source.trial is None:
            return facts
        if method == ORACLE and source.seen.mask is None:
            message = "this source has no mask, which the oracle needs as its map"
            return facts | {"status": NO_MASK, "status_message": message}
        try:
            return facts | self._explain_and_measure(
                source.facts["object_id"], source.seen, source.trial, method
            )
        except _NOT_THE_IMAGES:
            raise
        except Exception as error:
            return facts | _failure(f"explaining by {method}", error)

    def _explain_and_measure(
        self, object_id: int, seen: Seen, trial: FaithfulnessTest, method: str
    ) -> dict[str, Any]:
        params = self.params.methods[method]
        explain = explainer(method, params, trial.target, trial.seed, seen.mask)
        if method not in self.warm:  # imports and one-time preparations are no cost of a map
            first = explainer(method, params, trial.target, trial.seed, seen.mask)
            first(seen.network, seen.image.flip(-1))
            self.warm.add(method)
        with cost(seen.image.device) as spent:
            saliency = explain(seen.network, seen.image)
        self._keep(object_id, method, saliency, seen)
        found = quality(trial, saliency, explain, seen.bar)
        message = why_undefined(saliency, seen.mask)
        return found | _costs(spent) | {"status_message": message}

    def _keep(self, object_id: int, method: str, saliency: np.ndarray, seen: Seen) -> None:
        if self.params.kept is None or object_id in self.params.kept:
            self.maps.write(method, object_id, saliency)
            self.maps.write(GREY, object_id, seen.image.mean(dim=0).cpu().numpy())

    def _write(self, method: str, rows: list[Mapping[str, Any]]) -> dict[str, Any]:
        if self.params.holder is not None:
            check_holder(self.fs, storage.join(self.root, LEASE), self.params.holder)
        folder = storage.join(self.root, METRICS_FOLDER, method)
        name = write_rows(self.fs, folder, comparison_rows(rows))
        statuses = json.dumps(Counter(row["status"] for row in rows))
        return {"file": name, "rows": len(rows), "statuses": statuses}


def _check(row: Mapping[str, Any]) -> None:
    """Raise Unreadable if a row has no image to explain; statuses as in actors.measure.decoder."""
    if row.get("status") is not None:  # given up by actors.measure.crash_guard
        raise Unreadable(row["status"], row["status_message"])
    if row["object_id"] is None:
        raise Unreadable(Status.BAD_ID.value, row[NOTE])
    if row[DUPLICATE]:
        message = f"object_id {row['object_id']} is also in an earlier row of this shard"
        raise Unreadable(Status.DUPLICATE_ID.value, message)


def _failure(doing: str, error: Exception) -> dict[str, str]:
    message = f"{doing}: {type(error).__name__}: {error}"
    return {"status": Status.FAILED.value, "status_message": " ".join(message.split())[:500]}


def _costs(spent: Cost) -> dict[str, float]:
    return {"seconds": spent.seconds, "peak_memory_mb": spent.peak_memory_mb}


AttributorActor = ray.remote(Attributor)
"""Attributor as a Ray actor."""
