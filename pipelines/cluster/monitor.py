"""Monitoring of a session: a heartbeat in the output, and metrics for Ray's dashboard.

The metrics also go to Prometheus, beside Ray's own metrics of its machines.
`ray_node_gpus_utilization` is Ray's own and says how busy each GPU is; `ansae_gpus_held` is the
fraction of the cluster's GPUs that the run has requested and received.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from types import TracebackType

from catalogues.runs import provenance
from catalogues.runs.heartbeat import EVERY_S, Heartbeat, write_heartbeat
from catalogues.runs.provenance import RunRecord
from catalogues.storage import FileSystem, StorageError
from pipelines.progress import MeasureProgress


class RunMetrics:
    """Metrics of one session; does nothing without Ray.

    `statuses` is the number of earlier rows by status; they are not counted again.
    """

    def __init__(self, run_id: str, statuses: Mapping[str, int]) -> None:
        import ray
        from ray.util.metrics import Counter, Gauge

        self._ray = ray
        self._told = dict(statuses)
        self._run = {"run_id": run_id}
        of_run = ("run_id",)
        self._galaxies = Counter(
            "ansae_galaxies",
            "Galaxies written to the catalogue in this session, by status",
            (*of_run, "status"),
        )
        self._gauges = {
            "left": Gauge("ansae_galaxies_left", "Galaxies not in the catalogue yet", of_run),
            "rate": Gauge("ansae_galaxies_per_second", "Rate since the session began", of_run),
            "held": Gauge(
                "ansae_gpus_held", "Share of the cluster's GPUs that is in use, 0 to 1", of_run
            ),
        }

    def tell(self, beat: Heartbeat) -> None:
        """Report the rows that are new since the last beat, and the present state."""
        if not self._ray.is_initialized():
            return
        for status, count in beat.statuses.items():
            new = count - self._told.get(status, 0)
            if new > 0:
                self._galaxies.inc(new, {**self._run, "status": status})
        self._told = dict(beat.statuses)
        self._set("left", beat.galaxies - beat.done)
        self._set("rate", beat.rate)
        total = self._ray.cluster_resources().get("GPU", 0.0)
        if total:
            free = self._ray.available_resources().get("GPU", 0.0)
            self._set("held", (total - free) / total)

    def _set(self, name: str, value: float) -> None:
        self._gauges[name].set(value, self._run)


_PATIENCE_S = 2.0


class Watch:
    """Context manager that writes heartbeats during the last session of `record`.

    If the store refuses a beat, it is skipped: the run must not fail for it, and must not wait at
    its end for a store or a Ray cluster that is gone. How the run ended is in run.json.

    Parameters
    ----------
    fs, root
        Filesystem and folder of the output.
    record
        Record of the run.
    progress
        Progress that the heartbeats report.
    every_s
        Seconds between two heartbeats.
    """

    def __init__(
        self,
        fs: FileSystem,
        root: str,
        record: RunRecord,
        progress: MeasureProgress,
        every_s: float = EVERY_S,
    ) -> None:
        self._fs, self._root, self._record = fs, root, record
        self._progress, self._every_s = progress, every_s
        self._metrics = RunMetrics(record.run_id, progress.statuses)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._until_over, name="heartbeat", daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(_PATIENCE_S)

    def _until_over(self) -> None:
        self._beat()
        while not self._over.wait(self._every_s):
            self._beat()

    def _beat(self) -> None:
        progress = self._progress
        beat = Heartbeat(
            run_id=self._record.run_id,
            session=self._record.sessions[-1]["started"],
            written=provenance.now(),
            galaxies=progress.total,
            before=progress.before,
            seconds=round(progress.seconds, 1),
            statuses=dict(progress.statuses),
            noun=progress.noun,
        )
        with contextlib.suppress(StorageError):
            write_heartbeat(self._fs, self._root, beat)
        if progress.noun == "galaxies":  # Ray's metrics count galaxies only
            self._metrics.tell(beat)
