"""`ansae measure`: image shards -> votes -> saliency maps -> bars -> catalogue."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Literal

import tyro
from rich.console import Console

from catalogues import storage
from catalogues.conventions import ScaleConvention
from catalogues.image_limits import ImageLimits
from catalogues.provenance import RunRecord, new_session, write_record
from catalogues.scales import DEFAULT_COSMOLOGY
from catalogues.storage import StorageError, StorageOptions
from models.selection import SelectionParams
from pipelines import console as terminal
from pipelines.progress import MeasureProgress
from pipelines.resources import ClusterOptions, StageResources, cluster, stage_resources

if TYPE_CHECKING:
    from pipelines.plan import Plan

PROG = "ansae measure"

_ERROR_LINE = re.compile(r"[\w.]*(Error|Exception|Interrupt|Died|Exit)\w*: ")


@dataclass(frozen=True, kw_only=True)
class MeasureOptions:
    """Measure the bars of the galaxies in image shards and write a Parquet catalogue.

    The same command again finishes what an interrupted run has left.
    """

    input: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="INPUT")]
    """Folder of image shards (see `ansae ingest`), local or s3://."""
    output: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="OUTPUT")]
    """Folder for run.json, catalogue/ and pictures/, local or s3://."""
    ensemble: str = "compact"
    """The networks: 'compact', which is shipped, or path or URL of an ensemble.json."""
    estimator: str | None = None
    """How maps are made and read: 'paper', or path or URL of an estimator.json; default: the one
    beside the ensemble."""
    select: Literal["bar", "all", "none"] | None = None
    """Who gets a saliency map: those with a bar by the votes, all, or none; default: bar, or all
    for the estimator 'paper'."""
    reached_min: float = 0.25
    """Selection 'bar': least vote fraction that reaches the bar question (disc, not edge-on)."""
    bar_min: float = 0.5
    """Selection 'bar': least share of bar among the answers to that question."""
    samples: int | None = None
    """Noise samples N of a map; default: the estimator's."""
    seed: int = 0
    """Seed of the noise; a galaxy's noise depends on it and the object_id alone."""
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Of the networks' weights where gradients are computed (votes: float32, as all sums are);
    auto: bfloat16 on GPUs, float32 on CPUs."""
    scale: ScaleConvention = "given"
    """Pixel scale: 'given' by the row or the FITS header; 'gz2': there, or else the image's side is
    424 x 0.02 x petro_r90_arcsec, as in Galaxy Zoo 2."""
    cosmology: str = DEFAULT_COSMOLOGY
    """For lengths in kpc: FlatH70Om03 or one of astropy's, such as Planck18."""
    keep: tuple[str, ...] = ()
    """Further columns of the input to pass through."""
    keep_pictures: float | None = None
    """Fraction of galaxies whose pictures are kept; default: so that it is about 1000."""
    rows_per_file: int | None = None
    """Galaxies in a catalogue file; an interruption loses less than this; default: 512 with GPUs,
    64 without."""
    label: str | None = None
    """Put before the run's id."""
    limits: ImageLimits = field(default_factory=ImageLimits)
    """Bounds of an image."""
    cluster: ClusterOptions = field(default_factory=ClusterOptions)
    """Where to compute."""
    endpoint_url: str | None = None
    """Address of an S3 store that is not AWS; else the environment's AWS_ENDPOINT_URL."""
    anonymous: bool = False
    """Read the input from S3 without credentials."""

    def __post_init__(self) -> None:
        for name in ("samples", "rows_per_file"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name}={value} must be at least 1")
        if self.keep_pictures is not None and not 0 <= self.keep_pictures <= 1:
            raise ValueError(f"keep_pictures={self.keep_pictures} must be a fraction, 0 to 1")
        # each of these checks its own part
        self.selection(), self.read_options(), self.write_options()

    def selection(self) -> SelectionParams:
        """Who gets a saliency map."""
        default = "all" if self.estimator == "paper" else "bar"
        return SelectionParams(
            select=self.select or default, reached_min=self.reached_min, bar_min=self.bar_min
        )

    def read_options(self) -> StorageOptions:
        """How the input is reached. Workers on other machines get the address from here."""
        endpoint = self.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
        return StorageOptions(endpoint_url=endpoint, anonymous=self.anonymous)

    def write_options(self) -> StorageOptions:
        """How the output is reached."""
        return replace(self.read_options(), anonymous=False)


@dataclass(frozen=True, kw_only=True)
class MeasureSummary:
    """What a session did. `statuses`: rows of the catalogue by status; `written`: rows of this
    session; `seconds`: from the first stage's start to the last file."""

    run_id: str
    output: str
    statuses: dict[str, int]
    written: int = 0
    seconds: float = 0.0


class RunFailed(Exception):
    """The machinery failed under way; the message says how, and that the run can be resumed."""


def run(options: MeasureOptions, console: Console | None = None) -> MeasureSummary:
    """Measure what the output's catalogue does not hold yet.

    Raises StorageError and ValueError for mistakes, before anything starts; RunFailed; and
    KeyboardInterrupt, with the catalogue whole.
    """
    from pipelines.plan import check_writable, make_plan  # torch only once the options are known

    plan = make_plan(options)
    if plan.stored and not plan.work:
        _close(plan, plan.stored)
        return MeasureSummary(
            run_id=plan.stored.run_id, output=options.output, statuses=dict(plan.ledger.statuses)
        )
    check_writable(options)
    (console or Console(stderr=True)).print(plan.announcement(), highlight=False)
    with cluster(options.cluster) as resources:
        cpus, gpus = resources.get("CPU", 1.0), resources.get("GPU", 0.0)
        device = plan.device or ("cuda" if gpus else "cpu")
        have = stage_resources(options.cluster, device, cpus, gpus)
        return _measure(plan, plan.record(device), have, console)


def _measure(
    plan: Plan, record: RunRecord, have: StageResources, console: Console | None
) -> MeasureSummary:
    """One session of a run, on a cluster that is there."""
    from pipelines.stages import receipts, stages
    from pipelines.watching import Watch

    options = plan.options
    fs, root = storage.filesystem(options.output, options.write_options())
    record = record.with_session(new_session(record.facts["device"]))
    write_record(fs, root, record)
    progress, outcome = MeasureProgress(plan.rows, plan.ledger.statuses, console), "failed"
    try:
        watch = Watch(fs, root, record, progress)
        with terminal.terminated_as_interrupt(), progress, watch:
            for receipt in receipts(stages(plan, record, have)):
                progress.add(json.loads(receipt["statuses"]))
        if progress.done != plan.rows:
            raise RuntimeError(f"{progress.done} rows came of {plan.rows}")
        outcome = "finished"
    except KeyboardInterrupt:
        outcome = "interrupted"
        raise
    except Exception as error:
        raise RunFailed(
            f"{_cause(error)}; {progress.done} of {plan.rows} galaxies are in the catalogue: run "
            "the same command again to finish"
        ) from error
    finally:
        write_record(fs, root, record.ended(outcome, progress.statuses))
    return MeasureSummary(
        run_id=record.run_id,
        output=options.output,
        statuses=dict(progress.statuses),
        written=progress.done - progress.before,
        seconds=progress.seconds,
    )


def _close(plan: Plan, record: RunRecord) -> None:
    """Say in run.json that the run is finished, where a session was killed just before it could."""
    if record.sessions and record.sessions[-1].get("outcome") != "finished":
        fs, root = storage.filesystem(plan.options.output, plan.options.write_options())
        write_record(fs, root, record.ended("finished", plan.ledger.statuses))


def _cause(error: BaseException) -> str:
    """What went wrong, in one line: Ray quotes a worker's traceback, whose end says it."""
    text = f"{type(error).__name__}: {error}"
    said = [line for line in text.splitlines() if _ERROR_LINE.match(line)]
    return storage.redact(said[-1] if said else " ".join(text.split()))[:500]


def report(summary: MeasureSummary) -> list[str]:
    """Lines that say what came out."""
    total = sum(summary.statuses.values())
    counts = ", ".join(f"{n} {status}" for status, n in sorted(summary.statuses.items()))
    lines = [f"{total} galaxies in {storage.redact(summary.output)}: {counts}"]
    if not summary.written:
        return [*lines, f"run {summary.run_id} was finished already: nothing to do"]
    speed = summary.written / max(summary.seconds, 1e-9)
    return [
        *lines,
        f"run {summary.run_id}: {summary.written} galaxies in {summary.seconds:.1f} s, "
        f"{speed:.3g} galaxies/s",
    ]


def main(arguments: list[str] | None = None) -> int:
    """Command line. Returns the exit status: 0; 2 for a mistake, 1 for a failure, 130 for Ctrl-C,
    each told in one line."""
    options = terminal.parse(MeasureOptions, PROG, arguments)
    try:
        summary = run(options)
    except (StorageError, ValueError) as error:
        return terminal.complain(PROG, str(error), terminal.MISTAKE)
    except RunFailed as error:
        return terminal.complain(PROG, str(error), terminal.FAILURE)
    except KeyboardInterrupt:
        message = "interrupted; the catalogue is whole: run the same command again to finish"
        return terminal.complain(PROG, message, terminal.INTERRUPTED)
    print("\n".join(report(summary)))
    return terminal.OK


if __name__ == "__main__":
    sys.exit(main())
