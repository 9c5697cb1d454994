"""Stage of `ansae measure` that measures bars in saliency maps and makes catalogue rows.

It needs no torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from actors.measure.columns import PICTURE, with_columns
from catalogues.bars import MEASURED, bar_rows
from catalogues.runs import pictures
from catalogues.statuses import Status
from models.barlength.estimator import EstimatorParams, estimate_bar, mean_map
from models.barlength.placement import Placement, place_axis, place_bar
from models.preprocess import brightness
from models.spiral_and_bulge import SpiralArms, read_arms, read_bulge


class Measurer:
    """Callable on the Explainer's tables; returns catalogue rows, some of them with a picture.

    Parameters
    ----------
    estimator
        Turns the maps into a bar length.
    canvas_px
        Side S of canvases and maps.
    cosmology
        Name of the cosmology for lengths in kpc.
    schema
        Schema of the catalogue, from catalogues.bars.catalogue_schema.
    kept_fraction
        Fraction of galaxies whose picture is kept.
    """

    def __init__(
        self,
        *,
        estimator: EstimatorParams,
        canvas_px: int,
        cosmology: str,
        schema: pa.Schema,
        kept_fraction: float,
    ) -> None:
        self.estimator = estimator
        self.canvas_px = canvas_px
        self.cosmology = cosmology
        self.schema = schema
        self.kept_fraction = kept_fraction

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Return finished catalogue rows, in order, with the column PICTURE beside them."""
        rows = batch.to_pylist()
        measured = [self._measured(row) for row in rows]
        unhealthy = [m["status"] == Status.FAILED.value for m in measured]
        if any(unhealthy):
            batch = _without_votes(batch, unhealthy)
        kept = [self._picture(row | m) for row, m in zip(rows, measured, strict=True)]
        table = bar_rows(with_columns(batch, MEASURED, measured), self.schema, self.cosmology)
        return table.append_column(PICTURE, pa.array(kept, pa.struct(list(pictures.SCHEMA))))

    def _maps(self, row: dict[str, Any]) -> np.ndarray:
        return np.frombuffer(row["maps"], np.float32).reshape(-1, self.canvas_px, self.canvas_px)

    def _jackknife_maps(self, row: dict[str, Any]) -> np.ndarray | None:
        if not row["jackknife_maps"]:
            return None
        flat = np.frombuffer(row["jackknife_maps"], np.float16)
        count = 1 if self.estimator.combine == "maps" else len(self._maps(row))
        return flat.reshape(count, -1, self.canvas_px, self.canvas_px)

    def _measured(self, row: dict[str, Any]) -> dict[str, Any]:
        if row["status"] is not None:
            return {name: row[name] for name in ("status", "status_message")}
        try:
            return self._bar(row) | self._arms(row) | self._bulge(row)
        except Exception as error:
            message = f"measuring the map: {type(error).__name__}: {error}"
            return {"status": Status.FAILED.value, "status_message": message}

    def _bar(self, row: dict[str, Any]) -> dict[str, Any]:
        fraction = np.nan if row["bar_fraction"] is None else row["bar_fraction"]
        maps, jackknife_maps = self._maps(row), self._jackknife_maps(row)
        estimate = estimate_bar(maps, self.estimator, fraction, jackknife_maps, light_of(row))
        placed, bar = place_bar(estimate, _placement(row)), estimate.bar
        reading = {
            "stop_reason": bar.stop.value,
            "threshold": bar.threshold,
            "pixels": bar.pixels,
            "bar_length_px_members": placed.member_lengths_px,
        }
        if not np.isfinite(placed.length_px):
            return reading | {"status": Status.NO_BAR_FOUND.value}
        return reading | {
            "status": Status.MEASURED.value,
            "bar_length_px": placed.length_px,
            "bar_length_px_err": placed.length_err_px,
            "bar_position_angle_deg": placed.position_angle_deg,
            "bar_axis_ratio": bar.axis_ratio,
            "bar_x_px": placed.x_px,
            "bar_y_px": placed.y_px,
        }

    def _arms(self, row: dict[str, Any]) -> dict[str, Any]:
        if row["arms_map"] is None:
            return {}
        found = arms_of(row, self._other_map(row["arms_map"]))
        return {
            "spiral_pitch_deg": found.pitch_deg,
            "spiral_arms": found.arms or None,
            "spiral_strength": found.strength,
            "spiral_radius_px": found.radius_px * np.sqrt(row["factor_x"] * row["factor_y"]),
            "disc_axis_ratio": found.disc_axis_ratio,
        }

    def _bulge(self, row: dict[str, Any]) -> dict[str, Any]:
        if row["bulge_map"] is None:
            return {}
        found = read_bulge(self._other_map(row["bulge_map"]))
        stretch, angle = place_axis(found.position_angle_deg, _placement(row))
        return {
            "bulge_extent_px": found.extent_px * stretch,
            "bulge_position_angle_deg": angle,
        }

    def _other_map(self, data: bytes) -> NDArray[np.float64]:
        flat = np.frombuffer(data, np.float32).astype(np.float64)
        return flat.reshape(self.canvas_px, self.canvas_px)

    def _picture(self, row: dict[str, Any]) -> dict[str, Any] | None:
        healthy = row["votes"] is not None and row["status"] != Status.FAILED.value
        if not healthy or not pictures.is_kept(row["object_id"], self.kept_fraction):
            return None
        side = self.canvas_px
        pixels = np.frombuffer(row["canvas"], np.uint8).reshape(side, side, 3)
        shown = None if row["maps"] is None else pictures.encode_map(mean_map(self._maps(row)))
        kept = {name: row[name] for name in pictures.SCHEMA.names if name in row}
        return kept | {"canvas": pictures.encode_picture(pixels), "map": shown}


def light_of(row: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return the galaxy's light, (S, S), on the canvas of a row of the Explainer's tables."""
    flat = np.frombuffer(row["canvas"], np.uint8)
    side = math.isqrt(flat.size // 3)
    return brightness(flat.reshape(side, side, 3), np.array(row["sky"]), row["scale"])


def arms_of(row: Mapping[str, Any], saliency: NDArray[np.float64]) -> SpiralArms:
    """Measure the spiral arms in a map (S, S) of a row of the Explainer's tables."""
    return read_arms(saliency, light_of(row))


def _placement(row: Mapping[str, Any]) -> Placement:
    return Placement(**{name: row[name] for name in ("x0", "y0", "factor_x", "factor_y")})


def _without_votes(batch: pa.Table, where: list[bool]) -> pa.Table:
    """Return the batch with null votes in the flagged rows."""
    for name in ("votes", "votes_std", "bar_fraction"):
        values = batch.column(name)
        kept = [None if bad else v for bad, v in zip(where, values.to_pylist(), strict=True)]
        index = batch.column_names.index(name)
        batch = batch.set_column(index, name, pa.array(kept, values.type))
    return batch
