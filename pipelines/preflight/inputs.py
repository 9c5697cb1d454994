"""Checks of `ansae preflight` before the cluster: storage, input, networks, and existing run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from actors.find_ensemble import find_ensemble
from catalogues import storage
from catalogues.runs.heartbeat import Life, life, read_heartbeat, silence_s
from catalogues.shards.reading import Shard, list_shards
from catalogues.storage import StorageError
from catalogues.storage.checks import check_credentials, check_store, size
from catalogues.storage.findings import Finding, ok, refused, warning
from models.networks.spec import EnsembleSpec
from pipelines.measure.options import MeasureOptions
from pipelines.measure.plan import Plan, make_plan, with_checkpoint


def check_places(options: MeasureOptions) -> list[Finding]:
    """Return findings about credentials and the output."""
    urls = (options.input, options.output)
    found = [check_credentials(urls, options.read_options())]
    try:
        return found + check_store(*storage.filesystem(options.output, options.write_options()))
    except StorageError as error:
        return [*found, refused("output", str(error))]


def check_plan(options: MeasureOptions) -> tuple[Plan | None, list[Finding]]:
    """Return the plan and findings about its parts; None, with all reasons, if it is impossible."""
    try:
        plan = with_checkpoint(make_plan(options))
    except (StorageError, ValueError) as error:
        parts = [_input(options), _networks(options)]
        if all(part.verdict != "refused" for part in parts):
            parts.append(refused("run", str(error)))
        return None, parts
    return plan, [_input_of_plan(plan), _networks_of(plan), _run_of(plan)]


def _input(options: MeasureOptions) -> Finding:
    try:
        return _shards_finding(list_shards(options.input, options.read_options()))
    except (StorageError, ValueError) as error:
        return refused("input", str(error))


def _input_of_plan(plan: Plan) -> Finding:
    return _shards_finding(plan.shards)


def _shards_finding(shards: Sequence[Shard]) -> Finding:
    rows, stored = sum(s.rows for s in shards), sum(s.size_bytes for s in shards)
    return ok("input", f"{rows} galaxies in {len(shards)} shards, {size(stored)}")


def _networks(options: MeasureOptions) -> Finding:
    try:
        files = find_ensemble(options.ensemble, options.read_options())
        spec = EnsembleSpec.from_dict(files.description)
        from actors.load_networks import check_weights  # torch, only now

        check_weights(spec, files.weights)
    except (StorageError, ValueError) as error:
        return refused("networks", str(error))
    return _members_finding(spec)


def _networks_of(plan: Plan) -> Finding:
    return _members_finding(plan.ensemble)


def _members_finding(spec: EnsembleSpec) -> Finding:
    voting = len(spec.members) - len(spec.explained)
    told = f"{len(spec.members)} members" + (f", {voting} of them only vote" if voting else "")
    return ok("networks", f"{spec.name!r}, {told}; the sha256 of all weights is right")


def _run_of(plan: Plan) -> Finding:
    """Say whether the output holds a run that this one would continue."""
    if plan.stored is None:
        return ok("run", "a new run")
    try:
        plan.record(plan.device or "")
    except ValueError as error:
        return refused("run", str(error))
    now = datetime.now(UTC)
    if life(plan.stored, beat := read_heartbeat(*plan.output), now) is Life.RUNNING:
        seconds = silence_s(plan.stored, beat, now)
        return warning(
            "run",
            f"{plan.stored.run_id} gave a sign of life {seconds:.0f} s ago: while it is running, a "
            "second run is refused; wait until it ends, or choose another output",
        )
    return ok(
        "run",
        f"continues {plan.stored.run_id}: {plan.checkpoint.rows} of {plan.rows} galaxies are done",
    )
