"""Rows of the catalogue: types, units, frames and nulls, from numbers known in closed form."""

from __future__ import annotations

import json
import math
from typing import Any

import pyarrow as pa
import pytest

from catalogues.bars import FACTS_KEY, MEASURED, RUN_KEY, SCHEMA, bar_rows, catalogue_schema
from catalogues.galaxyzoo import COLUMNS
from catalogues.scales import kpc_per_arcsec

VOTES = [i / 100 for i in range(37)]
KNOWN = {
    "object_id": 587722981741363200,
    "ra": 10.0,
    "dec": 20.0,
    "survey": "sdss",
    "data_release": None,
    "survey_id": "J0040",
    "z": 0.05,
    "petro_r90_arcsec": 8.0,
    "pixel_scale_arcsec": 0.5,
    "north_deg": None,
    "shard": "a.parquet",
    "shard_row": 7,
    "votes": VOTES,
    "votes_std": [0.01] * 37,
    "bar_fraction": 0.75,
    "galaxy_radius_px": 30.0,
    "status": "measured",
    "status_message": None,
    "bar_length_px": 20.0,
    "bar_length_px_err": 2.0,
    "bar_position_angle_deg": 50.0,
    "bulge_position_angle_deg": None,
    "bar_axis_ratio": 0.3,
    "bar_x_px": 40.5,
    "bar_y_px": 41.5,
    "bar_length_px_members": [19.0, math.nan, 21.0],
    "stop_reason": "profile",
    "threshold": 0.4,
    "pixels": 120,
    "mass": 10.5,
}
TYPES = {
    **{name: SCHEMA.field(name).type for name in KNOWN if name in SCHEMA.names},
    **MEASURED,
    "north_deg": pa.float64(),
    "votes": pa.list_(pa.float32()),
    "votes_std": pa.list_(pa.float32()),
    "mass": pa.float64(),
}
STORED = catalogue_schema("run-1", {"seed": 3}, [pa.field("mass", pa.float64())])


def row(**changes: Any) -> dict[str, Any]:
    table = pa.table({name: pa.array([(KNOWN | changes)[name]], TYPES[name]) for name in KNOWN})
    out = bar_rows(table, STORED, "FlatH70Om03")
    assert out.schema.equals(STORED, check_metadata=True)
    return dict(out.to_pylist()[0])


def test_the_schema_is_the_catalogues_then_what_was_kept_with_the_run_in_the_footer() -> None:
    assert STORED.names == [*SCHEMA.names, "mass"]
    assert STORED.metadata[RUN_KEY] == b"run-1"
    assert json.loads(STORED.metadata[FACTS_KEY]) == {"seed": 3}
    assert STORED.field("bar_length_kpc").metadata[b"unit"] == b"kpc"


def test_lengths_in_every_unit() -> None:
    found = row()
    scale = float(kpc_per_arcsec(0.05))
    expected = {
        "px": (20, 2),
        "arcsec": (10, 1),
        "kpc": (10 * scale, scale),
        "over_r90": (1.25, 0.125),
    }
    for unit, (length, error) in expected.items():
        assert found[f"bar_length_{unit}"] == pytest.approx(length)
        assert found[f"bar_length_{unit}_err"] == pytest.approx(error)


@pytest.mark.parametrize(
    ("changes", "unknown"),
    [
        ({"pixel_scale_arcsec": None}, {"arcsec", "kpc", "over_r90"}),
        ({"pixel_scale_arcsec": math.nan}, {"arcsec", "kpc", "over_r90"}),
        ({"z": None}, {"kpc"}),
        ({"z": -0.001}, {"kpc"}),
        ({"petro_r90_arcsec": None}, {"over_r90"}),
        ({"petro_r90_arcsec": 0.0}, {"over_r90"}),
        ({"bar_length_px": math.nan}, {"px", "arcsec", "kpc", "over_r90"}),
    ],
)
def test_what_cannot_be_known_is_null(changes: dict[str, Any], unknown: set[str]) -> None:
    found = row(**changes)
    nulls = {u for u in ("px", "arcsec", "kpc", "over_r90") if found[f"bar_length_{u}"] is None}
    assert nulls == unknown


def test_position_angle_in_the_frame_that_is_known() -> None:
    angle = "bar_position_angle_deg"
    assert (row()[angle], row()[f"{angle[:-4]}_frame"]) == (50.0, "image")
    found = row(north_deg=60.0)
    assert (found[angle], found[f"{angle[:-4]}_frame"]) == (170.0, "sky")
    assert row(bar_position_angle_deg=180 - 1e-9)[angle] == 0.0
    found = row(bar_position_angle_deg=None, north_deg=60.0)
    assert (found[angle], found[f"{angle[:-4]}_frame"]) == (None, None)


def test_votes_by_name_or_null() -> None:
    found = row()
    assert [found[name] for name in COLUMNS] == pytest.approx(VOTES)
    assert found["bar_yes_std"] == pytest.approx(0.01)
    without = row(votes=None, votes_std=None, bar_fraction=None)
    assert {without[f"{name}{end}"] for name in COLUMNS for end in ("", "_std")} == {None}
    assert without["bar_fraction"] is None


def test_the_rest_passes_through() -> None:
    found = row()
    for name in ("object_id", "ra", "survey_id", "shard", "shard_row", "stop_reason", "mass"):
        assert found[name] == KNOWN[name]
    assert found["run_id"] == "run-1"
    assert found["_healpix_29"] is not None
    lengths = found["bar_length_px_members"]
    assert (lengths[0], lengths[2]) == (19.0, 21.0)
    assert math.isnan(lengths[1])
    nowhere = row(ra=math.nan, dec=None)
    assert (nowhere["ra"], nowhere["dec"], nowhere["_healpix_29"]) == (None, None, None)
