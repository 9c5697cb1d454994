"""A run on Ray's dashboard and in Prometheus, beside what Ray tells of its machines by itself.

`ray_node_gpus_utilization` is Ray's own and says how busy each GPU is; `ansae_gpus_held` says which
share of the cluster's GPUs the run has asked for and got.
"""

from __future__ import annotations

from collections.abc import Mapping

from catalogues.heartbeat import Heartbeat


class RunMetrics:
    """Metrics of one session; silent where there is no Ray. `statuses`: rows by status that were
    there before: they are not counted again."""

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
        """Report what has come since the last beat, and how things stand."""
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
