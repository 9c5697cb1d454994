"""Checks of `ansae preflight` on the cluster: resources for the pools, storage on every node."""

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
    """Return findings about the cluster that this process has joined.

    `may_come` holds the cluster's resources, including those that an autoscaler would add.
    """
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
    """Compare what the pools need with what one node has and what all nodes have."""
    pool = have.explainers
    told = (
        f"{len(nodes)} nodes with {_sum(nodes, 'CPU'):g} CPUs and {_sum(nodes, 'GPU'):g} GPUs; may "
        f"grow to {may_come.get('CPU', 0):g} CPUs and {may_come.get('GPU', 0):g} GPUs; networks in "
        f"{pool.min_size} to {pool.max_size} processes of {pool.gpus or pool.cpus:.3g} "
        f"{'GPUs' if pool.gpus else 'CPUs'} each"
    )
    largest = max((node["Resources"].get("GPU", 0) for node in nodes), default=0)
    if pool.gpus and largest and pool.gpus > largest:
        return refused(
            "cluster",
            f"{told}: no node has {pool.gpus:g} GPUs, the largest has {largest:g}; lower "
            "--cluster.explainer-gpus",
        )
    if pool.gpus and not largest:
        return warning("cluster", f"{told}: no GPU yet, so the autoscaler must add some")
    if not pool.gpus and may_come.get("GPU") and options.device == "cpu":
        return warning("cluster", f"{told}: the GPUs will be idle; omit --cluster.device cpu")
    most = may_come.get("GPU", 0) / pool.gpus if pool.gpus else may_come.get("CPU", 0)
    if pool.min_size > max(most, 1):
        return refused(
            "cluster",
            f"{told}: {pool.min_size} processes will never fit; lower --cluster.explainers-min",
        )
    return ok("cluster", told)


def _sum(nodes: list[Any], resource: str) -> float:
    return float(sum(node["Resources"].get(resource, 0) for node in nodes))


def _object_store(plan: Plan, have: StageResources, nodes: list[Any]) -> Finding:
    """Check the memory for data between the stages: canvases and every member's map."""
    side, members = plan.ensemble.field.canvas_px, len(plan.ensemble.explained)
    galaxy = side**2 * (3 + 4 * members)
    processes = have.explainers.max_size + have.measurers.max_size
    needed = 4 * processes * have.batch_rows * galaxy  # batches also wait before and after a stage
    room = _sum(nodes, "object_store_memory")
    told = f"{size(room)} of memory, {size(needed)} needed at full load"
    if room < needed:
        return warning(
            "object store", f"{told}: Ray will write to disk; lower --cluster.batch-rows"
        )
    return ok("object store", told)


def _authentication() -> Finding:
    if os.environ.get("RAY_AUTH_MODE") == "token":
        return ok("authentication", "Ray asks for a token")
    return warning(
        "authentication",
        "Ray asks for no token, so anyone who reaches its ports can run programs: start it with "
        "RAY_AUTH_MODE=token",
    )


def _nodes(plan: Plan, nodes: list[Any]) -> list[Finding]:
    """Inspect every node from a task that runs on it."""
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
    silent = []
    if lost:
        told = f"{lost} of {len(nodes)} nodes gave no answer: see `ray status`"
        silent = [warning("nodes", told)]
    return [*silent, *_judge_reports(found, asked)]


def _judge_reports(reports: list[NodeReport], asked: float) -> list[Finding]:
    if not reports:
        return [refused("nodes", "no node gave an answer: see `ray status`")]
    told = f"{len(reports)} nodes inspected"
    troubled = [report for report in reports if report.trouble]
    if troubled:
        return [
            refused(
                "nodes",
                f"{told}, of which {len(troubled)} cannot read the input or write the output: "
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
                f"{told}: {others[0]} is {theirs} there and {ours[others[0]]} here, so results may "
                "differ; use the same image on all nodes",
            )
        ]
    findings = [
        ok("nodes", f"{told}: same versions as here; each can read the input and write the output")
    ]
    skew = max(abs(report.clock_s - asked) for report in reports)
    if skew > _CLOCK_S + _NODE_S:
        findings.append(
            warning("node clocks", f"differ from ours by up to {skew:.0f} s: set them (NTP)")
        )
    least = min(report.disk_free_bytes for report in reports)
    if least < _DISK_BYTES:
        findings.append(
            warning(
                "node disks",
                f"one node has only {size(least)} free, where Ray writes when memory is full: give "
                f"every node {size(_DISK_BYTES)}",
            )
        )
    return findings
