"""All that can be known before a comparison starts: every mistake is found here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actors.attributor import LABEL, PREDICTED, AttributorParams, Unit, how
from actors.canvases import BAR_TRUTH
from actors.explainer import find_ensemble
from actors.subjects import Mask, Subject, SubjectParams, load_subject
from catalogues import provenance, storage
from catalogues.comparison import METRICS_FOLDER
from catalogues.galaxyzoo import COLUMNS
from catalogues.ledger import Ledger, read_ledger
from catalogues.manifest import SCHEMA
from catalogues.provenance import RunRecord
from catalogues.shards import Shard, list_shards, shard_fields
from models.attribution_cams import CAMS, feature_layer
from models.attributions import AttributionParams
from models.ensemble import EnsembleSpec
from pipelines.compare_choice import Choice, choose
from pipelines.compare_options import CompareOptions

_ROWS_PER_UNIT = 4


@dataclass(frozen=True, kw_only=True)
class ComparePlan:
    """A comparison whose options were found good.

    choice: which rows, and whose maps are kept. facts: what every method's numbers depend on,
    without the device. ledgers: what is done, by method.
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
    ledgers: Mapping[str, Ledger] = field(default_factory=dict)

    @property
    def pairs(self) -> int:
        """Images times methods."""
        return self.choice.rows * len(self.methods)

    @property
    def done(self) -> Counter[str]:
        """Of these pairs, those that are there, by status."""
        return sum((ledger.statuses for ledger in self.ledgers.values()), Counter())

    @property
    def device(self) -> str | None:
        """Where networks run: as asked for, or as the run began; None if neither says."""
        if self.options.cluster.device != "auto":
            return self.options.cluster.device
        return self.stored.facts["device"] if self.stored else None

    def record(self, device: str) -> RunRecord:
        """The run's record on `device`. Raises ValueError if the output holds another run."""
        given = provenance.new_record({**self.facts, "device": device}, asdict(self.options))
        if self.stored is None:
            return given
        provenance.check_same_run(self.stored, given)
        return replace(self.stored, options=given.options)

    def runs(self, device: str) -> dict[str, str]:
        """The run_id of each method's rows: a digest of the facts and of its parameters."""
        common = {**self.facts, "device": device}
        return {
            name: provenance.new_record({**common, "method": how(name, params)}, {}).run_id
            for name, params in self.methods.items()
        }

    def with_ledgers(self, device: str) -> ComparePlan:
        """The plan with what its output holds by now. Raises StorageError and ValueError."""
        fs, root = storage.filesystem(self.options.output, self.options.write_options())
        found = {
            name: read_ledger(
                fs,
                storage.join(root, METRICS_FOLDER, name),
                self.shards,
                run,
                self.ledgers.get(name),
            )
            for name, run in self.runs(device).items()
        }
        return replace(self, ledgers=found)

    def units(self) -> Iterator[Unit]:
        """What is left to do, some rows at a time."""
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
        done = self.ledgers[method].done.get(shard.name)
        return chosen if done is None else chosen & ~done

    def attributor(self, device: str, holder: str | None) -> AttributorParams:
        """What the actors are told."""
        o = self.options
        return AttributorParams(
            input=absolute(o.input),
            output=absolute(o.output),
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
    """Look at input, networks and output. Raises StorageError and ValueError; writes nothing."""
    read = options.read_options()
    _check_apart(options)
    fs, root = storage.filesystem(options.output, options.write_options())
    stored = provenance.read_record(fs, root)
    shards = list_shards(options.input, read)
    names = _common_columns(options, shards)
    description = find_ensemble(options.ensemble, read).description
    spec = EnsembleSpec.from_dict(description)
    mask = _mask(options, spec, names)
    given = SubjectParams(
        ensemble=absolute(options.ensemble) if "/" in options.ensemble else options.ensemble,
        storage=read,
        device="cpu",
        member=options.member,
        answer=options.target if options.target in COLUMNS else "bar_yes",
        label=_label(options, spec, names),
        confidence=options.confidence if options.confidence in names else None,
        mask=mask,
        limits=options.limits,
    )
    subject = load_subject(given)
    methods = options.attributions(mask)
    target = _target(options, spec, subject)
    _check_layers(subject, methods)
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
        plan.record(plan.device)  # another run's output is told before anything starts
    return plan


def _facts(plan: ComparePlan, spec: EnsembleSpec) -> dict[str, Any]:
    o, subject, ensemble = plan.options, plan.subject, spec.to_dict()
    del ensemble["weights"]  # where they lie changes nothing, what they are is their sha256
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


def _mask(options: CompareOptions, spec: EnsembleSpec, names: tuple[str, ...]) -> Mask:
    """What is known of where sources are. Raises ValueError for what cannot be."""
    bars = spec.kind == "votes" and set(BAR_TRUTH) <= set(names)
    islands = spec.classes is not None and spec.classes.reads == "flux"
    if options.mask == "auto":
        return "bar" if bars else "island" if islands else "none"
    if options.mask == "bar" and not bars:
        raise ValueError(
            f"mask='bar' needs a votes ensemble and the columns {', '.join(BAR_TRUTH)} in the "
            "input, as `ansae mocks` writes them: give --mask none"
        )
    if options.mask == "island" and not islands:
        raise ValueError("mask='island' needs a classifier that reads fluxes: give --mask none")
    return options.mask


def _label(options: CompareOptions, spec: EnsembleSpec, names: tuple[str, ...]) -> str | None:
    """The column of known classes. Raises ValueError where one was asked for that is not there."""
    if options.label is not None and options.label not in names:
        raise ValueError(f"the input has no column {options.label!r}: it has {', '.join(names)}")
    usual = spec.classes.column if spec.classes is not None else None
    return options.label or (usual if usual in names else None)


def _target(options: CompareOptions, spec: EnsembleSpec, subject: Subject) -> str:
    """Raises ValueError for a class that the network lacks, or labels that are not known."""
    asked = options.target
    if asked in (PREDICTED, LABEL):
        votes = spec.kind == "votes" and asked == PREDICTED
        return subject.classes[0] if votes else asked
    if asked not in subject.classes:
        known = ", ".join(subject.classes)
        raise ValueError(
            f"target={asked!r} is no class of the network: give 'predicted', 'label' or one of "
            f"{known}"
        )
    return asked


def _check_layers(subject: Subject, methods: Mapping[str, AttributionParams | None]) -> None:
    """Raises ValueError where a CAM method would find no layer to read, before anything starts."""
    cams = [p for p in methods.values() if p is not None and p.method in CAMS]
    if cams:
        network, image = subject.probe()
        feature_layer(network, image, cams[0].layer)


def _common_columns(options: CompareOptions, shards: tuple[Shard, ...]) -> tuple[str, ...]:
    """The columns that all shards have, in the first one's order."""
    fs, _ = storage.filesystem(options.input, options.read_options())
    found = [shard_fields(fs, shard.path).names for shard in shards]
    return tuple(name for name in found[0] if all(name in names for names in found))


def absolute(url: str) -> str:
    """The address for processes whose working folder is another."""
    fs, path = storage.filesystem(url)
    return path if storage.is_local(fs) else url


def _check_apart(options: CompareOptions) -> None:
    """Raises ValueError if the output would lie among the shards."""
    source = storage.filesystem(options.input, options.read_options())[1].rstrip("/") + "/"
    target = storage.filesystem(options.output, options.write_options())[1].rstrip("/") + "/"
    if target.startswith(source):
        raise ValueError(
            f"the output {storage.redact(options.output)!r} lies within the input: its files would "
            "be taken for shards; choose a folder beside it"
        )
