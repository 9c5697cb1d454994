"""First stage of `ansae measure`: decode images and cut out canvases, or say why not."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from actors.measure.columns import DECODED, DUPLICATE, with_columns
from catalogues.images.decode import Decoded, ImageLimits, decode
from catalogues.scales import ScaleConvention, north, pixel_scale
from catalogues.shards.rows import NOTE
from catalogues.statuses import Status
from models.preprocess import canvas
from models.view_params import FieldSpec


class Decoder:
    """Callable on tables of actors.measure.shard_source.read_rows.

    Sets the columns of actors.measure.columns.DECODED.
    """

    def __init__(self, *, field: FieldSpec, limits: ImageLimits, scale: ScaleConvention) -> None:
        self.field = field
        self.limits = limits
        self.scale: ScaleConvention = scale

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Return the rows in order, without their encoded images; rows with a status keep it."""
        rows = [self._decoded(row) for row in batch.to_pylist()]
        spent = {"image", NOTE, DUPLICATE, "status", "status_message"} & set(batch.column_names)
        return with_columns(batch.drop_columns(sorted(spent)), DECODED, rows)

    def _decoded(self, row: dict[str, Any]) -> dict[str, Any]:
        known = {name: row[name] for name in ("pixel_scale_arcsec", "north_deg")}
        if row.get("status") is not None:
            return known | {name: row[name] for name in ("status", "status_message")}
        if row["object_id"] is None:
            return known | _fault(Status.BAD_ID, row[NOTE])
        if row[DUPLICATE]:
            message = f"object_id {row['object_id']} is also in an earlier row of this shard"
            return known | _fault(Status.DUPLICATE_ID, message)
        image = decode((row["image"] or {}).get("bytes"), self.limits)
        if image.pixels is None:
            return known | _fault(image.status or Status.FAILED, image.message)
        try:
            return self._cut(row, image)
        except Exception as error:
            message = f"cutting out the galaxy: {type(error).__name__}: {error}"
            return known | _fault(Status.FAILED, message)

    def _cut(self, row: dict[str, Any], image: Decoded) -> dict[str, Any]:
        assert image.pixels is not None
        cut = canvas(image.pixels, self.field)
        return {
            "pixel_scale_arcsec": pixel_scale(
                self.scale,
                row["pixel_scale_arcsec"],
                image.pixel_scale_arcsec,
                row["petro_r90_arcsec"],
                image.pixels.shape[1],
            ),
            "north_deg": north(row["north_deg"], image.north_deg),
            "galaxy_radius_px": cut.radius_px,
            "canvas": cut.pixels.tobytes(),
            "sky": cut.sky,
            "scale": cut.scale,
            "x0": cut.x0,
            "y0": cut.y0,
            "factor_x": cut.factor_x,
            "factor_y": cut.factor_y,
        }


def _fault(status: Status, message: str) -> dict[str, Any]:
    return {"status": status.value, "status_message": message}
