"""Plan of a run of `ansae measure`: find every mistake before anything starts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from actors.find_ensemble import find_ensemble
from catalogues import scales, storage
from catalogues.bars import OPTIONAL, SCHEMA, catalogue_schema
from catalogues.runs import provenance
from catalogues.runs.checkpoint import Checkpoint, Mask, read_checkpoint
from catalogues.runs.files import CATALOGUE
from catalogues.runs.provenance import RunRecord, fingerprint, fingerprint_of
from catalogues.shards.reading import Shard, extra_fields, list_shards, shard_files
from catalogues.storage import FileSystem, Place, StorageOptions
from models.networks.selection import SelectionParams
from models.networks.spec import EnsembleSpec
from models.recipe import Recipe
from pipelines.cluster.resources import Device

if TYPE_CHECKING:
    from pipelines.measure.options import MeasureOptions

_PICTURES = 1000
"""Number of galaxies whose pictures are kept by default."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A run whose options are valid.

    Attributes
    ----------
    options
        Options of the command.
    output
        Where the run writes; opened once and passed on.
    shards
        Shards of the input.
    ensemble
        Description of the networks.
    recipe
        How maps are made and measured.
    selection
        Which galaxies get a map.
    kept_fraction
        Fraction of galaxies whose pictures are kept.
    extra
        Fields of the catalogue that only some runs have.
    facts
        What the run's numbers depend on, without the device.
    stored
        Record of the run that the output holds; None if it holds none.
    checkpoint
        Rows that this run has done; empty until `with_checkpoint` has read them.
    is_finished
        Whether the stored run has finished, and no file has changed since.
    """

    options: MeasureOptions
    output: Place
    shards: tuple[Shard, ...]
    ensemble: EnsembleSpec
    recipe: Recipe
    selection: SelectionParams
    kept_fraction: float
    extra: tuple[pa.Field, ...]
    facts: Mapping[str, Any]
    stored: RunRecord | None
    checkpoint: Checkpoint = field(default_factory=Checkpoint)
    is_finished: bool = False

    @property
    def rows(self) -> int:
        """Number of galaxies of the input."""
        return sum(shard.rows for shard in self.shards)

    @property
    def work(self) -> tuple[tuple[Shard, Mask | None], ...]:
        """Unfinished shards, each with the flags of its finished rows."""
        return self.checkpoint.unfinished(self.shards)

    @property
    def device(self) -> Device | None:
        """Where networks run: as requested, or as the run began; None if neither says."""
        if self.options.cluster.device != "auto":
            return self.options.cluster.device
        stored: Device | None = self.stored.facts["device"] if self.stored else None
        return stored

    def announcement(self) -> str:
        """Return one line that says what the run will do."""
        done = f" ({self.checkpoint.rows} are done)" if self.checkpoint.rows else ""
        return (
            f"{self.rows - self.checkpoint.rows} galaxies to measure{done}, {len(self.work)} "
            f"shards, ensemble {self.ensemble.name!r}: starting Ray"
        )

    def record(self, device: str) -> RunRecord:
        """Return the run's record on `device`, with its earlier sessions.

        Raises ValueError if the output holds a run with other facts.
        """
        facts = {**self.facts, "device": device}
        if self.options.precision != "auto":
            facts["precision"] = self.options.precision
        given = provenance.new_record(facts, asdict(self.options), self.options.label)
        if self.stored is None:
            return given
        provenance.check_same_run(self.stored, given)
        return replace(self.stored, options=given.options)

    def schema(self, record: RunRecord) -> pa.Schema:
        """Return the schema of the run's catalogue."""
        return catalogue_schema(record.run_id, record.facts, self.extra)


def make_plan(options: MeasureOptions) -> Plan:
    """Check input, ensemble and output; write nothing.

    `with_checkpoint` reads the checkpoint later, when the session holds the lease on the output.
    Raises StorageError and ValueError; each message has value, rule and remedy.
    """
    read = options.read_options()
    storage.check_outside(options.output, options.input)
    _check_kept_columns(options)
    scales.cosmology(options.cosmology)
    output = storage.filesystem(options.output, options.write_options())
    stored = provenance.read_record(*output)  # first, so that a bad record is reported first
    known = _finished_record(options, output, stored)
    shards = () if known else list_shards(options.input, read)
    files = find_ensemble(options.ensemble, read)
    ensemble = EnsembleSpec.from_dict(files.description)
    from actors.load_networks import check_weights  # torch, only now

    check_weights(ensemble, files.weights)  # find weights that do not fit now, not later
    recipe = _recipe(options, files.estimator).fits(len(ensemble.explained))
    asked = _optional_facts(options, ensemble, read)
    extra = () if known else extra_fields(options.input, shards, options.keep, read)
    extra += tuple(c for name in OPTIONAL if name in asked for c in OPTIONAL[name])
    source = known.facts["input"] if known else provenance.shard_facts(shards)
    rows = source["rows"]
    if not rows:
        raise ValueError(
            f"the shards of {storage.redact(options.input)!r} hold no rows: ingest some galaxies"
        )
    kept = min(1.0, _PICTURES / max(rows, 1))
    plan = Plan(
        options=options,
        output=output,
        shards=shards,
        ensemble=ensemble,
        recipe=recipe,
        selection=options.selection(),
        kept_fraction=kept if options.keep_pictures is None else options.keep_pictures,
        extra=extra,
        facts={},
        stored=stored,
    )
    plan = replace(plan, facts=_facts(plan, source) | asked)
    _check_same_run(plan)
    if known is None:
        return plan
    done = Checkpoint(statuses=Counter(known.statuses))
    return replace(plan, checkpoint=done, is_finished=True)


def _finished_record(
    options: MeasureOptions, output: Place, stored: RunRecord | None
) -> RunRecord | None:
    """Return the stored record if its run has finished and its fingerprint is unchanged, else None.

    With the same fingerprint, no file of input or catalogue need be opened.
    """
    if stored is None or not stored.sessions or not (before := fingerprint_of(stored.sessions[-1])):
        return None
    files = shard_files(options.input, options.read_options())
    now = fingerprint(*output, [(name, size, version) for name, _, size, version in files])
    return stored if now == before else None


def with_checkpoint(plan: Plan) -> Plan:
    """Return the plan with the checkpoint of its output. Raises StorageError and ValueError.

    Hold the lease when you call it, so that nobody else writes the output.
    """
    plan = replace(plan, stored=provenance.read_record(*plan.output))
    _check_same_run(plan)
    if plan.stored is None:
        return plan
    run_id = plan.record(plan.device or "").run_id
    folder = plan.output.path(CATALOGUE)
    return replace(plan, checkpoint=read_checkpoint(plan.output.fs, folder, plan.shards, run_id))


def _check_same_run(plan: Plan) -> None:
    """Raise ValueError if the output holds a run with other facts, or a catalogue without run."""
    if plan.stored is None:
        _check_empty(plan.output.fs, plan.output.path(CATALOGUE))
    else:
        plan.record(plan.device or "")


def check_writable(output: Place) -> None:
    """Raise StorageError if nothing can be written into the output."""
    path = output.path("_write_check")
    storage.write_whole(output.fs, path, b"may this be written?\n")
    with storage.explained("remove", path):
        output.fs.rm_file(path)


def _recipe(options: MeasureOptions, beside: Mapping[str, Any] | None) -> Recipe:
    """Return how bars are measured: as requested, or as the ensemble's own estimator.json says."""
    if options.estimator == "paper":
        recipe = Recipe.paper()
    elif options.estimator is not None:
        fs, path = storage.filesystem(options.estimator, options.read_options())
        try:
            recipe = Recipe.from_dict(json.loads(storage.read_whole(fs, path)))
        except ValueError as error:
            raise ValueError(f"estimator {storage.redact(path)!r}: {error}") from error
    else:
        recipe = Recipe.from_dict(beside or {})
    if options.samples is None:
        return recipe
    return replace(recipe, maps=replace(recipe.maps, samples=options.samples))


def _optional_facts(
    options: MeasureOptions, ensemble: EnsembleSpec, read: StorageOptions
) -> dict[str, Any]:
    """Return the facts that only some runs have.

    Raises ValueError if the control was trained on other canvases than the ensemble.
    """
    plain = ("length_tolerance", "spiral_arms", "bulge", "lower_votes")
    asked = {name: value for name in plain if (value := getattr(options, name))}
    if options.control is None:
        return asked
    from actors.load_networks import load_control  # torch, only now

    spec = load_control(options.control, read).spec
    if spec.field != ensemble.field:
        raise ValueError(
            f"control {spec.name!r} was trained on {spec.field}, but the ensemble "
            f"{ensemble.name!r} uses {ensemble.field}: train the control with the ensemble's preset"
        )
    return asked | {"control": _without_places(spec)}


def _without_places(spec: EnsembleSpec) -> dict[str, Any]:
    """Return the description without the places of the weights: their sha256 identifies them."""
    return {name: value for name, value in spec.to_dict().items() if name != "weights"}


def _check_empty(fs: FileSystem, folder: str) -> None:
    """Raise ValueError if the folder holds a catalogue without a record of how it was made."""
    if storage.exists(fs, folder) and storage.list_files(fs, folder, (".parquet",)):
        raise ValueError(
            f"{storage.redact(folder)!r} holds a catalogue, but there is no {provenance.FILE} that "
            "says how it was made: choose another output, or remove the catalogue"
        )


def _facts(plan: Plan, source: Mapping[str, Any]) -> dict[str, Any]:
    options = plan.options
    return {
        "input": source,
        "ensemble": _without_places(plan.ensemble),
        "estimator": plan.recipe.to_dict(),
        "selection": asdict(plan.selection),
        "seed": options.seed,
        "scale": options.scale,
        "cosmology": options.cosmology,
        "limits": asdict(options.limits),
        "keep": list(options.keep),
        "kept_fraction": plan.kept_fraction,
    }


def _check_kept_columns(options: MeasureOptions) -> None:
    """Raise ValueError if a kept column has the name of a catalogue column."""
    taken = {*SCHEMA.names, *(column.name for columns in OPTIONAL.values() for column in columns)}
    if clash := [name for name in options.keep if name in taken]:
        raise ValueError(
            f"keep={clash[0]!r} is already a column of the catalogue: leave it out, or rename the "
            "column of the input"
        )
