"""The command `ansae preflight`: check that a run will work, and estimate what it will cost."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from catalogues.storage import StorageError
from catalogues.storage.checks import check_room
from catalogues.storage.findings import Finding, Verdict, refused
from pipelines import console as terminal
from pipelines.cluster.resources import Device, cluster, stage_resources
from pipelines.measure.plan import Plan
from pipelines.preflight.options import PROG, PreflightOptions

_COLOURS = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.REFUSED: "bold red"}
_WIDTH = 120


def run(options: PreflightOptions) -> list[Finding]:
    """Run all checks; leave out those that need something that was refused."""
    from pipelines.preflight.inputs import check_places, check_plan

    findings = check_places(options.measure())
    plan, found = check_plan(options.measure())
    findings += found
    if plan is None or any(f.verdict is Verdict.REFUSED for f in findings):
        return findings
    try:
        with cluster(options.cluster) as resources:
            return findings + _on_cluster(options, plan, resources)
    except ValueError as error:
        return [*findings, refused("cluster", str(error))]


def _on_cluster(
    options: PreflightOptions, plan: Plan, resources: dict[str, float]
) -> list[Finding]:
    from pipelines.preflight.cluster import check_cluster
    from pipelines.preflight.estimate import estimate
    from pipelines.preflight.probe import probe

    cpus, gpus = resources.get("CPU", 1.0), resources.get("GPU", 0.0)
    device: Device = plan.device or ("cuda" if gpus else "cpu")
    have = stage_resources(options.cluster, device, cpus, gpus)
    findings = check_cluster(plan, have, resources)
    if any(f.verdict is Verdict.REFUSED for f in findings):
        return findings
    record = plan.record(device)
    probes, found = probe(plan, record, have, options.probe, options.patience_s)
    findings += found
    if not probes or any(f.verdict is Verdict.REFUSED for f in found):
        return findings
    told, needed_bytes = estimate(plan, have, probes, cpus, options)
    return [*findings, check_room(plan.output.fs, plan.output.root, needed_bytes), *told]


def show(findings: list[Finding], console: Console) -> None:
    """Print the findings, one line each."""
    table = Table(box=None, pad_edge=False)
    for name, kept in (("check", True), ("", True), ("found", False)):
        table.add_column(name, no_wrap=kept, overflow="fold")
    for finding in findings:
        colour = _COLOURS[finding.verdict]
        verdict = f"[{colour}]{finding.verdict}[/{colour}]"
        table.add_row(finding.check, verdict, finding.found.replace("[", r"\["))
    console.print(table, highlight=False)


def execute(options: PreflightOptions) -> int:
    """Run the command. Returns the exit status, as explained in PreflightOptions."""
    try:
        findings = run(options)
    except (StorageError, ValueError) as error:
        return terminal.complain(PROG, str(error), terminal.MISTAKE)
    except KeyboardInterrupt:
        return terminal.complain(PROG, "interrupted", terminal.INTERRUPTED)
    console = Console()
    show(findings, console if console.is_terminal else Console(width=_WIDTH))
    failed = any(f.verdict is Verdict.REFUSED for f in findings)
    return terminal.FAILURE if failed else terminal.OK
