"""The columns that travel between the stages beside those of the manifest, with their types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from catalogues.bars import CONTROL, SAMPLES

DECODED: dict[str, pa.DataType] = {
    "status": pa.string(),
    "status_message": pa.string(),
    "pixel_scale_arcsec": pa.float64(),
    "north_deg": pa.float64(),
    "galaxy_radius_px": pa.float64(),
    "canvas": pa.binary(),
    "sky": pa.list_(pa.float64()),
    "scale": pa.float64(),
    "x0": pa.float64(),
    "y0": pa.float64(),
    "factor_x": pa.float64(),
    "factor_y": pa.float64(),
}
"""What the Decoder sets. `canvas`: (S, S, 3) uint8, row by row; the rest as models.preprocess.
Canvas has it. `status` is null as long as nothing is wrong."""

EXPLAINED: dict[str, pa.DataType] = {
    "status": pa.string(),
    "status_message": pa.string(),
    "votes": pa.list_(pa.float32()),
    "votes_std": pa.list_(pa.float32()),
    "bar_fraction": pa.float64(),
    "maps": pa.binary(),
    "jackknife_maps": pa.binary(),
    CONTROL.name: pa.float64(),
    SAMPLES.name: pa.int32(),
    "arms_map": pa.binary(),
    "bulge_map": pa.binary(),
}
"""What the Explainer sets. `votes`, `votes_std`: 37 of all members together, and the standard
deviations over these; `maps`: (M, S, S) float32, null where the galaxy was not selected;
`jackknife_maps`: models.saliency.bar_maps.BarMaps.jackknife_maps, (K, G, S, S) float16, null also
where no sampling error is asked for; CONTROL where a control was given; SAMPLES where a tolerance
was; `arms_map`: (S, S) float32, where arms were asked for and voters see them; `bulge_map`: the
same, where the bulge was."""


def with_columns(
    table: pa.Table, kinds: Mapping[str, pa.DataType], rows: Sequence[Mapping[str, Any]]
) -> pa.Table:
    """`table` with the columns `kinds` set from `rows`, one mapping per row; a name that a row
    lacks is null there. Columns that exist are replaced."""
    for name, kind in kinds.items():
        array = pa.array([row.get(name) for row in rows], kind)
        if name in table.column_names:
            table = table.set_column(table.column_names.index(name), name, array)
        else:
            table = table.append_column(name, array)
    return table


DUPLICATE = "duplicate"
"""Column that says whether a row's object_id stands in an earlier row of its shard."""


PICTURE = "picture"
"""Column of the Measurer's tables: a row of catalogues.runs.pictures, null where none is kept."""


SHARD = "shard"
"""Column that names a row's shard."""
