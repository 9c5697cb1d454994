"""While a session runs: a heartbeat in the output, and Ray's metrics for the dashboard."""

from __future__ import annotations

import contextlib
import threading
from types import TracebackType
from typing import Any

from catalogues import provenance
from catalogues.heartbeat import EVERY_S, Heartbeat, write_heartbeat
from catalogues.provenance import RunRecord
from catalogues.storage import StorageError
from pipelines.metrics import RunMetrics
from pipelines.progress import MeasureProgress

_PATIENCE_S = 2.0


class Watch:
    """Context manager around the work of the last session of `record`, whose output is `root`.

    A beat that the store refuses is left out: the run must not fail for it, nor wait at its end for
    a store or a Ray that is gone; how it ended is for run.json to say.
    """

    def __init__(
        self,
        fs: Any,
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
        if progress.noun == "galaxies":  # which Ray's metrics count
            self._metrics.tell(beat)
