"""Probe of `ansae preflight`: some galaxies of several shards through the real stages, timed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

import numpy as np

from actors.measure.probe import Probe, Prober
from catalogues.runs.provenance import RunRecord
from catalogues.shards.reading import Shard
from catalogues.statuses import Status
from catalogues.storage import redact
from catalogues.storage.findings import Finding, ok, refused, warning
from pipelines.cluster.resources import StageResources
from pipelines.measure.plan import Plan
from pipelines.measure.stages import decoder_arguments, explainer_arguments, measurer_arguments

_SHARDS, _PROBERS, _FORCED = 10, 4, 4
_GOOD = (Status.MEASURED, Status.NOT_SELECTED, Status.NO_BAR_FOUND)
_BAD_SHARE = 0.05
_WITHOUT = {
    "z": "lengths in kpc",
    "pixel_scale_arcsec": "lengths in arcsec and kpc",
    "petro_r90_arcsec": "lengths in units of petroR90",
}


def sample(shards: Sequence[Shard], galaxies: int, seed: int) -> list[tuple[Shard, np.ndarray]]:
    """Choose about `galaxies` rows: consecutive rows at a random place in each of up to ten shards.

    Returns the shards, each with the flags of the rows that are left out.
    """
    rng = np.random.default_rng(seed)
    filled = [shard for shard in shards if shard.rows]
    chosen = rng.choice(len(filled), size=min(len(filled), _SHARDS, galaxies), replace=False)
    each, out = -(-galaxies // len(chosen)), []
    for number in sorted(chosen):
        shard = filled[number]
        first = int(rng.integers(max(shard.rows - each, 0) + 1))
        skip = np.ones(shard.rows, dtype=bool)
        skip[first : first + each] = False
        out.append((shard, skip))
    return out


def probe(
    plan: Plan, record: RunRecord, have: StageResources, galaxies: int, patience_s: float
) -> tuple[list[Probe], list[Finding]]:
    """Run the sample on the cluster. Returns the results and the findings about them."""
    import ray

    chosen = sample(plan.shards, galaxies, plan.options.seed)
    pool, present = have.explainers, ray.cluster_resources()
    fit = present.get("GPU", 0) / pool.gpus if pool.gpus else present.get("CPU", 1)
    count = max(1, min(int(fit), pool.max_size, len(chosen), _PROBERS))
    asked = {"num_gpus": pool.gpus, "num_cpus": 0} if pool.gpus else {"num_cpus": 1}
    probers = [
        ray.remote(Prober)
        .options(**asked)
        .remote(
            decoder=decoder_arguments(plan),
            explainer=explainer_arguments(plan, record, plan.options.read_options()),
            measurer=measurer_arguments(plan, record),
        )
        for _ in range(count)
    ]
    options = plan.options
    forced = 0 if options.selection().select == "none" else _FORCED
    waiting = [
        probers[i % count].probe.remote(
            shard, skip, options.input, options.read_options(), options.keep, forced
        )
        for i, (shard, skip) in enumerate(chosen)
    ]
    probes: list[Probe] = []
    end = time.monotonic() + patience_s
    try:
        while waiting:
            ready, waiting = ray.wait(waiting, timeout=max(end - time.monotonic(), 0))
            if not ready:
                return probes, [_timeout_finding(probes, patience_s, bool(pool.gpus))]
            probes.append(ray.get(ready[0]))
    except (ray.exceptions.RayError, RuntimeError) as error:
        return probes, [refused("probe", _last_line(error))]
    finally:
        for prober in probers:
            ray.kill(prober)
    return probes, _judge_probes(probes)


def _timeout_finding(probes: list[Probe], patience_s: float, gpus: bool) -> Finding:
    if probes:
        return warning("probe", f"stopped after {patience_s:g} s: give more time with --patience-s")
    lacking = "no GPU became free" if gpus else "no result came back"
    return refused(
        "probe",
        f"{lacking} within {patience_s:g} s: see `ray status` whether the cluster is busy, may not "
        "grow, or gets no machines from the cloud; or give more time with --patience-s",
    )


def _last_line(error: BaseException) -> str:
    """Return the last line of a worker's error."""
    cause = getattr(error, "cause", None) or error
    lines = [line for line in str(cause).splitlines() if line.strip()]
    return redact(f"{lines[-1].strip() if lines else type(cause).__name__}")[:500]


def _judge_probes(probes: list[Probe]) -> list[Finding]:
    statuses: Counter[str] = sum((p.statuses for p in probes), Counter())
    rows, counts = statuses.total(), ", ".join(f"{n} {s}" for s, n in statuses.most_common())
    told = f"{rows} galaxies of {len(probes)} shards: {counts}"
    bad = [status for status in statuses if status not in _GOOD]
    failed = sum(statuses[status] for status in bad)
    example = next((p.messages[s] for p in probes for s in bad if s in p.messages), "")
    if failed == rows:
        first = refused("probe", f"{told}: none can be measured ({example}); correct the input")
    elif failed > _BAD_SHARE * rows:
        first = warning("probe", f"{told}; for example: {example}")
    else:
        first = ok("probe", told)
    return [first, *_empty_columns(probes, rows)]


def _empty_columns(probes: list[Probe], rows: int) -> list[Finding]:
    """Warn about columns that are empty in all rows: the catalogue will lack some lengths."""
    nulls: Counter[str] = sum((p.nulls for p in probes), Counter())
    lacking = [f"no {name}, so no {lost}" for name, lost in _WITHOUT.items() if nulls[name] == rows]
    return [warning("columns", "; ".join(lacking))] if lacking else []
