"""Columns that the stages of `ansae measure` add to the input's columns, with their types."""

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
"""Columns that the Decoder sets.

`canvas` holds an (S, S, 3) uint8 array, row by row. `status` is null as long as nothing is wrong.
The other columns are the fields of models.preprocess.Canvas.
"""

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
"""Columns that the Explainer sets.

votes, votes_std
    37 vote fractions of all members together, and their standard deviations over the members.
maps
    (M, S, S) float32; null if the galaxy was not selected.
jackknife_maps
    (K, G, S, S) float16, as in models.saliency.bar_maps.BarMaps.jackknife_maps; null if the galaxy
    was not selected, or if no sampling error is needed.
CONTROL
    Length by the control; null if no control was given.
SAMPLES
    Noise samples of the map; null if no length tolerance was given.
arms_map
    (S, S) float32; null unless spiral arms were requested and the voters see them.
bulge_map
    (S, S) float32; null unless the bulge was requested.
"""


def with_columns(
    table: pa.Table, kinds: Mapping[str, pa.DataType], rows: Sequence[Mapping[str, Any]]
) -> pa.Table:
    """Return `table` with the columns of `kinds` set from `rows`, one mapping per row.

    A name that a row lacks is null there. Existing columns are replaced.
    """
    for name, kind in kinds.items():
        array = pa.array([row.get(name) for row in rows], kind)
        if name in table.column_names:
            table = table.set_column(table.column_names.index(name), name, array)
        else:
            table = table.append_column(name, array)
    return table


DUPLICATE = "duplicate"
"""Column that says whether an earlier row of the shard has the same object_id."""


PICTURE = "picture"
"""Column of the Measurer's tables: a row of catalogues.runs.pictures, null if none is kept."""


SHARD = "shard"
"""Column with the name of the row's shard."""
