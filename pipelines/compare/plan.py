"""Plan of a comparison: check options, input, networks and output before anything starts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actors.compare.attributor import AttributorParams, Unit, how
from actors.compare.explained import SubjectParams, load_subject
from actors.find_ensemble import find_ensemble
from catalogues import storage
from catalogues.manifest import SCHEMA
from catalogues.runs import provenance
from catalogues.runs.checkpoint import Checkpoint, read_checkpoint
from catalogues.runs.comparison_rows import METRICS_FOLDER
from catalogues.runs.provenance import RunRecord
from catalogues.shards.reading import Shard, list_shards
from models.attribution.params import AttributionParams
from models.networks.spec import EnsembleSpec
from pipelines.cluster.resources import Device
from pipelines.compare.checks import (
    answer_of,
    check_layers,
    common_columns,
    label_of,
    mask_of,
    target_of,
)
from pipelines.compare.choice import Choice, choose
from pipelines.compare.options import CompareOptions

_ROWS_PER_UNIT = 4


@dataclass(frozen=True, kw_only=True)
class ComparePlan:
    """A comparison whose options are valid.

    Attributes
    ----------
    options
        Options of the command.
    shards
        The input's shards.
    classes
        Classes (or answers) of the network.
    subject
        How the actors load the network.
    methods
        Parameters of each method; None for a control.
    columns
        Columns of the input that are needed.
    target
        The class that is explained, 'predicted' or 'label'.
    choice
        The rows to compare, and the sources whose maps are kept.
    facts
        Everything that the numbers of all methods depend on, except the device.
    stored
        The record of the run in the output, or None.
    checkpoints
        By method: the rows that are done.
    """

    options: CompareOptions
    shards: tuple[Shard, ...]
    classes: tuple[str, ...]
    subject: SubjectParams
    methods: Mapping[str, AttributionParams | None]
    columns: tuple[str, ...]
    target: str
    choice: Choice
    facts: Mapping[str, Any]
    stored: RunRecord | None
    checkpoints: Mapping[str, Checkpoint] = field(default_factory=dict)

    @property
    def pairs(self) -> int:
        """Number of images times number of methods."""
        return self.choice.rows * len(self.methods)

    @property
    def done(self) -> Counter[str]:
        """Number of finished pairs by status."""
        return sum((checkpoint.statuses for checkpoint in self.checkpoints.values()), Counter())

    @property
    def device(self) -> Device | None:
        """The device that is asked for, or on which the run began; None if neither is known."""
        if self.options.cluster.device != "auto":
            return self.options.cluster.device
        stored: Device | None = self.stored.facts["device"] if self.stored else None
        return stored

    def record(self, device: str) -> RunRecord:
        """Return the run's record on `device`.

        Raises ValueError if the output holds another run.
        """
        given = provenance.new_record({**self.facts, "device": device}, asdict(self.options))
        if self.stored is None:
            return given
        provenance.check_same_run(self.stored, given)
        return replace(self.stored, options=given.options)

    def runs(self, device: str) -> dict[str, str]:
        """Return the run_id of each method's rows: a digest of the facts and its parameters."""
        common = {**self.facts, "device": device}
        return {
            name: provenance.new_record({**common, "method": how(name, params)}, {}).run_id
            for name, params in self.methods.items()
        }

    def with_checkpoints(self, device: str) -> ComparePlan:
        """Return the plan with the rows that its output holds now.

        Raises StorageError; ValueError if the output holds rows of another run.
        """
        fs, root = storage.filesystem(self.options.output, self.options.write_options())
        found = {
            name: read_checkpoint(
                fs,
                storage.join(root, METRICS_FOLDER, name),
                self.shards,
                run,
                self.checkpoints.get(name),
            )
            for name, run in self.runs(device).items()
        }
        return replace(self, checkpoints=found)

    def units(self) -> Iterator[Unit]:
        """Yield the work that is left, a few rows at a time."""
        size = self.options.cluster.batch_rows or _ROWS_PER_UNIT
        for shard in self.shards:
            left = {name: self._left(name, shard) for name in self.methods}
            rows = np.flatnonzero(np.any(list(left.values()), axis=0))
            for i in range(0, len(rows), size):
                some = rows[i : i + size]
                missing = {n: tuple(int(r) for r in some[mask[some]]) for n, mask in left.items()}
                yield Unit(shard=shard, rows=tuple(int(r) for r in some), missing=missing)

    def _left(self, method: str, shard: Shard) -> NDArray[np.bool_]:
        chosen = self.choice.chosen[shard.name]
        done = self.checkpoints[method].done.get(shard.name)
        return chosen if done is None else chosen & ~done

    def attributor(self, device: str, holder: str | None) -> AttributorParams:
        """Return the parameters of the actors."""
        o = self.options
        return AttributorParams(
            input=storage.absolute(o.input),
            output=storage.absolute(o.output),
            read=o.read_options(),
            write=o.write_options(),
            subject=replace(self.subject, device=device),
            methods=self.methods,
            faithfulness=o.faithfulness,
            target=self.target,
            columns=tuple(name for name in self.columns if name not in SCHEMA.names),
            seed=o.seed,
            runs=self.runs(device),
            kept=None if o.keep_maps else self.choice.shown,
            holder=holder,
        )


def make_plan(options: CompareOptions) -> ComparePlan:
    """Check input, networks and output. Writes nothing. Raises StorageError and ValueError."""
    read = options.read_options()
    storage.check_outside(options.output, options.input)
    fs, root = storage.filesystem(options.output, options.write_options())
    stored = provenance.read_record(fs, root)
    shards = list_shards(options.input, read)
    names = common_columns(options, shards)
    ensemble = options.ensemble
    description = find_ensemble(ensemble, read).description
    spec = EnsembleSpec.from_dict(description)
    mask = mask_of(options, spec, names)
    given = SubjectParams(
        ensemble=storage.absolute(ensemble) if "/" in ensemble else ensemble,
        storage=read,
        device="cpu",
        member=options.member,
        answer=answer_of(options),
        label=label_of(options, spec, names),
        confidence=options.confidence if options.confidence in names else None,
        mask=mask,
        limits=options.limits,
    )
    subject = load_subject(given)
    methods = options.attributions(mask)
    target = target_of(options, spec, subject)
    check_layers(subject, methods)
    wanted = (given.label, given.confidence, *subject.columns)
    columns = tuple(dict.fromkeys(c for c in wanted if c and c in names))
    if absent := [c for c in subject.columns if c not in names]:
        raise ValueError(f"the input has no column {absent[0]!r}: it has {', '.join(names)}")
    choice = choose(options, shards, given, subject, columns)
    plan = ComparePlan(
        options=options, shards=shards, classes=subject.classes, subject=given, methods=methods,
        columns=columns, target=target, choice=choice, facts={}, stored=stored,
    )  # fmt: skip
    plan = replace(plan, facts=_facts(plan, spec))
    if plan.device is not None:
        plan.record(plan.device)  # fails here, before anything starts, on another run's output
    return plan


def _facts(plan: ComparePlan, spec: EnsembleSpec) -> dict[str, Any]:
    o, subject, ensemble = plan.options, plan.subject, spec.to_dict()
    del ensemble["weights"]  # their location does not matter; their sha256 says what they are
    return {
        "input": provenance.shard_facts(plan.shards),
        "ensemble": ensemble,
        "member": o.member,
        "answer": subject.answer if spec.kind == "votes" else None,
        "target": plan.target,
        "label": subject.label,
        "confidence": subject.confidence,
        "mask": subject.mask,
        "faithfulness": asdict(o.faithfulness),
        "limits": asdict(o.limits),
        "seed": o.seed,
    }
