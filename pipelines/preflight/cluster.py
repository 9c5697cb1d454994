"""Preflight's look at the cluster: is there what the pools ask for, and does every node see the
store."""

from __future__ import annotations

import os
import time
from typing import Any

from actors.node_inspector import NodeReport, inspect_node
from catalogues.runs.provenance import new_session
from catalogues.storage.checks import check_job_environment, size
from catalogues.storage.findings import Finding, ok, refused, warning
from pipelines.cluster.resources import ClusterOptions, StageResources
from pipelines.measure.plan import Plan

_NODE_S = 180.0
_DISK_BYTES = 10 * 2**30
_CLOCK_S = 30.0


def check_cluster(plan: Plan, have: StageResources, may_come: dict[str, float]) -> list[Finding]:
    """Findings about the cluster that this process has joined. `may_come`: its resources, those
    that an autoscaler would add included."""
    import ray

    nodes = [node for node in ray.nodes() if node["Alive"]]
    working = [node for node in nodes if node["Resources"].get("CPU", 0) > 0]
    environment = ray.get_runtime_context().runtime_env.get("env_vars") or {}
    return [
        _pools(plan.options.cluster, have, working, may_come),
        _object_store(plan, have, working),
        check_job_environment(environment),
        _authentication(),
        *_nodes(plan, working),
    ]


def _pools(
    options: ClusterOptions, have: StageResources, nodes: list[Any], may_come: dict[str, float]
) -> Finding:
    """What the pools ask for against what one node has and all have."""
    pool = have.explainers
    told = (
        f"{len(nodes)} nodes with {_sum(nodes, 'CPU'):g} CPUs, {_sum(nodes, 'GPU'):g} GPUs; may "
        f"become {may_come.get('CPU', 0):g}, {may_come.get('GPU', 0):g}; networks in "
        f"{pool.min_size} to {pool.max_size} processes of {pool.gpus or pool.cpus:.3g} "
        f"{'GPUs' if pool.gpus else 'CPUs'}"
    )
    largest = max((node["Resources"].get("GPU", 0) for node in nodes), default=0)
    if pool.gpus and largest and pool.gpus > largest:
        return refused(
            "cluster",
            f"{told}: no node has {pool.gpus:g} GPUs, the largest has {largest:g}; give less with "
            "--cluster.explainer-gpus",
        )
    if pool.gpus and not largest:
        return warning("cluster", f"{told}: the autoscaler must bring GPUs")
    if not pool.gpus and may_come.get("GPU") and options.device == "cpu":
        return warning("cluster", f"{told}: the GPUs will idle; leave out --cluster.device cpu")
    most = may_come.get("GPU", 0) / pool.gpus if pool.gpus else may_come.get("CPU", 0)
    if pool.min_size > max(most, 1):
        return refused(
            "cluster",
            f"{told}: {pool.min_size} never fit; lower --cluster.explainers-min",
        )
    return ok("cluster", told)


def _sum(nodes: list[Any], resource: str) -> float:
    return float(sum(node["Resources"].get(resource, 0) for node in nodes))


def _object_store(plan: Plan, have: StageResources, nodes: list[Any]) -> Finding:
    """Room for what is on its way between the stages: canvases, and every member's map."""
    side, members = plan.ensemble.field.canvas_px, len(plan.ensemble.explained)
    galaxy = side**2 * (3 + 4 * members)
    processes = have.explainers.max_size + have.measurers.max_size
    needed = 4 * processes * have.batch_rows * galaxy  # as many again under way on either side
    room = _sum(nodes, "object_store_memory")
    told = f"{size(room)} in memory, {size(needed)} wanted at full stretch"
    if room < needed:
        return warning(
            "object store", f"{told}: Ray will spill to disk; lower --cluster.batch-rows"
        )
    return ok("object store", told)


def _authentication() -> Finding:
    if os.environ.get("RAY_AUTH_MODE") == "token":
        return ok("authentication", "Ray asks for a token")
    return warning(
        "authentication",
        "Ray asks for no token: whoever reaches its ports can run programs; start it with "
        "RAY_AUTH_MODE=token",
    )


def _nodes(plan: Plan, nodes: list[Any]) -> list[Finding]:
    """Every node as seen from within."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    options = plan.options
    look = ray.remote(inspect_node)
    arguments = (
        plan.shards[0], options.input, options.read_options(), options.output,
        options.write_options(),
    )  # fmt: skip
    asked = time.time()
    reports = [
        look.options(
            num_cpus=0,
            max_retries=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False),
        ).remote(*arguments)
        for node in nodes
    ]
    ready, late = ray.wait(reports, num_returns=len(reports), timeout=_NODE_S)
    found, lost = [], len(late)
    for report in ready:
        try:
            found.append(ray.get(report))
        except ray.exceptions.RayError:
            lost += 1
    silent = [warning("nodes", f"{lost} of {len(nodes)} nodes gave no answer")] if lost else []
    return [*silent, *_judged(found, asked)]


def _judged(reports: list[NodeReport], asked: float) -> list[Finding]:
    if not reports:
        return [refused("nodes", "no node answers: see `ray status`")]
    told = f"{len(reports)} looked at"
    troubled = [report for report in reports if report.trouble]
    if troubled:
        return [
            refused(
                "nodes",
                f"{len(troubled)} of {told} cannot do what this machine can: "
                f"{troubled[0].trouble[0]}",
            )
        ]
    session = new_session("")
    ours = {"python": session["python"], **session["versions"]}
    others = [name for name in ours for r in reports if r.versions.get(name) != ours[name]]
    if others:
        theirs = next(r.versions.get(others[0]) for r in reports if r.versions != ours)
        return [
            warning(
                "nodes",
                f"{told}: {others[0]} is {theirs} there and {ours[others[0]]} here: results may "
                "differ; use one image",
            )
        ]
    findings = [ok("nodes", f"{told}: same versions as here, each reads input and writes output")]
    skew = max(abs(report.clock_s - asked) for report in reports)
    if skew > _CLOCK_S + _NODE_S:
        findings.append(warning("node clocks", f"up to {skew:.0f} s from ours; set them (NTP)"))
    least = min(report.disk_free_bytes for report in reports)
    if least < _DISK_BYTES:
        findings.append(
            warning(
                "node disks",
                f"{size(least)} are free on one: Ray spills there; give nodes {size(_DISK_BYTES)}",
            )
        )
    return findings
