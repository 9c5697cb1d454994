"""Make saliency maps of galaxies with known or graded bars on the cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.progress import track

from models.calibration.known_bars import KnownBar
from models.calibration.refined import GradedBar, MeasuredBar
from pipelines.calibrate.options import CalibrateOptions


class Maps:
    """Make maps on the connected cluster, in the order of the rows."""

    def __init__(self, options: CalibrateOptions, cpus: int, console: Console) -> None:
        from actors.calibrate.known_bar_maps import KnownBarMapper  # after the cluster is connected

        device = "cpu" if options.cluster.device == "auto" else options.cluster.device
        jackknife_maps = "maps" if options.refine else "lengths"
        self.column, self.console = options.grade_column, console
        self.actors = [
            KnownBarMapper.remote(  # type: ignore[attr-defined]
                options.ensemble,
                options.maps,
                options.seed,
                device,
                jackknife_maps,
                options.kept.folder,
            )
            for _ in range(max(1, cpus))
        ]

    def known(self, rows: list[dict[str, Any]]) -> list[KnownBar]:
        """Return the galaxies with known bars that the votes select."""
        return self._make_maps("maps", rows, lambda a, row: a.known.remote(row))

    def graded(self, rows: list[dict[str, Any]]) -> list[GradedBar]:
        """Return the galaxies with graded bars that the votes select."""
        return self._make_maps("graded", rows, lambda a, row: a.graded.remote(row, self.column))

    def measured(self, rows: list[dict[str, Any]]) -> list[MeasuredBar]:
        """Return the galaxies with measured bars that the votes select."""
        return self._make_maps("measured", rows, lambda a, row: a.measured.remote(row))

    def _make_maps(
        self, what: str, rows: list[dict[str, Any]], ask: Callable[..., Any]
    ) -> list[Any]:
        from ray.exceptions import RayTaskError
        from ray.util import ActorPool

        found = track(ActorPool(self.actors).map(ask, rows), what, len(rows), console=self.console)
        try:
            return [one for one in found if one is not None]
        except RayTaskError as error:
            raise error.cause from None
