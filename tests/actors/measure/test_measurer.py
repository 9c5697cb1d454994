"""The Measurer on maps whose bar is known: rows of the catalogue, and pictures."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from actors.measure.columns import EXPLAINED, PICTURE, with_columns
from actors.measure.measurer import Measurer
from catalogues.bars import ARMS, BULGE, catalogue_schema
from catalogues.scales import kpc_per_arcsec
from models.barlength.estimator import EstimatorParams, estimate_bar
from models.barlength.refinement import FEATURES, Refinement
from models.preprocess import brightness
from models.spiral_and_bulge import read_arms, read_bulge
from tests.models.barmaps import gaussian_ridge
from tests.survey import CANVAS_PX

SCHEMA = catalogue_schema("run-1", {})
LENGTH_PX, ANGLE_DEG = 14.0, 60.0


def maps(angle: float = ANGLE_DEG) -> np.ndarray:
    return np.stack([gaussian_ridge(CANVAS_PX, LENGTH_PX, 0.3, angle)] * 2).astype(np.float32)


def explained(canvases: pa.Table, maps_of_rows: dict[int, bytes | None]) -> pa.Table:
    """The canvases with votes, and with maps for some rows."""
    rows: list[dict[str, Any]] = []
    for i, row in enumerate(canvases.to_pylist()):
        if row["status"] is not None:
            rows.append({name: row[name] for name in ("status", "status_message")})
            continue
        data = maps_of_rows.get(i)
        status = None if data is not None else "not_selected"
        votes = {"votes": [0.5] * 37, "votes_std": [0.1] * 37, "bar_fraction": 0.5}
        rows.append(votes | {"maps": data, "status": status})
    return with_columns(canvases, EXPLAINED, rows)


def measure(
    table: pa.Table,
    kept_fraction: float = 0.0,
    estimator: EstimatorParams | None = None,
    schema: pa.Schema = SCHEMA,
) -> pa.Table:
    measurer = Measurer(
        estimator=estimator or EstimatorParams(),
        canvas_px=CANVAS_PX,
        cosmology="FlatH70Om03",
        schema=schema,
        kept_fraction=kept_fraction,
    )
    return measurer(table)


def test_a_known_bar_comes_out_in_every_unit(canvases: pa.Table) -> None:
    out = measure(explained(canvases, {1: maps().tobytes()}))
    row, canvas = out.to_pylist()[1], canvases.to_pylist()[1]
    raw = estimate_bar(maps(), EstimatorParams()).bar
    assert raw.length_px == pytest.approx(LENGTH_PX, rel=0.15)
    assert row["status"] == "measured"
    assert row["bar_length_px"] == pytest.approx(raw.length_px * canvas["factor_x"])
    assert row["bar_length_arcsec"] == pytest.approx(row["bar_length_px"] * 0.4)
    expected = row["bar_length_arcsec"] * float(kpc_per_arcsec(0.05))
    assert row["bar_length_kpc"] == pytest.approx(expected)
    assert row["bar_length_over_r90"] == pytest.approx(row["bar_length_arcsec"] / 8.0)
    assert row["bar_length_px_err"] == pytest.approx(0.08 * row["bar_length_px"], rel=1e-5)
    # this row has north at 30 deg
    assert row["bar_position_angle_deg"] == pytest.approx(ANGLE_DEG - 30, abs=3)
    assert row["bar_position_angle_frame"] == "sky"
    middle = canvas["x0"] - 0.5 + CANVAS_PX / 2 * canvas["factor_x"]
    assert row["bar_x_px"] == pytest.approx(middle, abs=canvas["factor_x"])
    assert row["bar_length_px_members"] == pytest.approx([row["bar_length_px"]] * 2, rel=1e-5)


def with_map_of_row_1(table: pa.Table, name: str, values: np.ndarray) -> pa.Table:
    """The table with one of the maps beside the bar's."""
    sent = pa.array([None, values.tobytes(), *4 * [None]], pa.binary())
    return table.set_column(table.column_names.index(name), name, sent)


def test_arms_stand_in_the_row_where_they_were_asked_for(canvases: pa.Table) -> None:
    rows, columns = np.mgrid[:CANVAS_PX, :CANVAS_PX] - (CANVAS_PX - 1) / 2
    angle = np.arctan2(-rows, columns) - np.log(np.hypot(rows, columns)) / np.tan(np.radians(20))
    arms = np.exp(3 * np.cos(2 * angle)).astype(np.float32)
    table = with_map_of_row_1(explained(canvases, {1: maps().tobytes()}), "arms_map", arms)
    schema = catalogue_schema("run-1", {}, ARMS)
    out = measure(table, schema=schema).drop_columns([PICTURE])
    assert out.select(SCHEMA.names).cast(SCHEMA).equals(measure(table).drop_columns([PICTURE]))
    row, canvas = out.to_pylist()[1], canvases.to_pylist()[1]
    light = brightness(
        np.frombuffer(canvas["canvas"], np.uint8).reshape(CANVAS_PX, CANVAS_PX, 3),
        np.array(canvas["sky"]),
        canvas["scale"],
    )
    expected = read_arms(arms.astype(np.float64), light)
    assert row["spiral_arms"] == expected.arms == 2
    assert row["spiral_pitch_deg"] == pytest.approx(expected.pitch_deg)
    assert row["spiral_strength"] == pytest.approx(expected.strength)
    assert row["disc_axis_ratio"] == pytest.approx(expected.disc_axis_ratio)
    assert row["spiral_radius_px"] == pytest.approx(expected.radius_px * canvas["factor_x"])
    for field in ARMS:
        assert out[field.name].null_count == 5


def test_the_bulge_stands_in_the_row_on_the_sky_also_where_no_bar_is_found(
    canvases: pa.Table,
) -> None:
    bulge = np.zeros((CANVAS_PX, CANVAS_PX), np.float32)
    bulge[6:18, 9:15] = 1.0  # upright; this row has north at 30 deg
    schema = catalogue_schema("run-1", {}, BULGE)
    for bar, status in ((maps(), "measured"), (np.full_like(maps(), np.nan), "no_bar_found")):
        table = with_map_of_row_1(explained(canvases, {1: bar.tobytes()}), "bulge_map", bulge)
        out = measure(table, schema=schema)
        row, canvas = out.to_pylist()[1], canvases.to_pylist()[1]
        extent = read_bulge(bulge.astype(np.float64)).extent_px
        assert extent == pytest.approx(4 * 12 / math.sqrt(12))
        assert row["status"] == status
        assert row["bulge_extent_px"] == pytest.approx(extent * canvas["factor_x"])
        assert row["bulge_position_angle_deg"] == pytest.approx(150.0)
        assert row["bar_position_angle_frame"] == "sky"
        for field in BULGE:
            assert out[field.name].null_count == 5
    plain = measure(explained(canvases, {1: maps().tobytes()}))
    same = measure(
        with_map_of_row_1(explained(canvases, {1: maps().tobytes()}), "bulge_map", bulge)
    )
    assert same.equals(plain)


@pytest.mark.parametrize("combine", ["maps", "lengths"])
def test_the_sampling_error_is_read_from_the_maps_without_groups(
    canvases: pa.Table, combine: str
) -> None:
    estimator = EstimatorParams(combine=combine)  # type: ignore[arg-type]
    each = [gaussian_ridge(CANVAS_PX, LENGTH_PX + d, 0.3, ANGLE_DEG) for d in (-1, 0, 1, 0.5)]
    jackknife_maps = np.stack([each] * (1 if combine == "maps" else 2)).astype(np.float16)
    table = explained(canvases, {1: maps().tobytes()})
    index = table.column_names.index("jackknife_maps")
    sent = pa.array([None, jackknife_maps.tobytes(), *4 * [None]], pa.binary())
    table = table.set_column(index, "jackknife_maps", sent)
    row = measure(table, estimator=estimator).to_pylist()[1]
    expected = estimate_bar(maps(), estimator, 0.5, jackknife_maps)
    factor = canvases["factor_x"][1].as_py()
    assert expected.sampling_err_px == pytest.approx(np.sqrt(3 * np.var([-1, 0, 1, 0.5])), rel=0.15)
    assert row["bar_length_px_err"] == pytest.approx(expected.length_err_px * factor)
    assert row["bar_length_px"] == pytest.approx(expected.bar.length_px * factor)


def test_a_refinement_looks_at_the_light_of_the_canvas(canvases: pa.Table) -> None:
    hidden = tuple(np.random.default_rng(2).normal(size=FEATURES))
    refinement = Refinement(
        middle=(0.0,) * FEATURES, spread=(1.0,) * FEATURES, hidden=(hidden,), hidden_offset=(0.0,),
        out=(0.1,),
    )  # fmt: skip
    estimator = EstimatorParams(refinement=refinement)
    row = measure(explained(canvases, {1: maps().tobytes()}), estimator=estimator).to_pylist()[1]
    canvas = canvases.to_pylist()[1]
    pixels = np.frombuffer(canvas["canvas"], np.uint8).reshape(CANVAS_PX, CANVAS_PX, 3)
    light = brightness(pixels, np.array(canvas["sky"]), canvas["scale"])
    lengths = [
        estimate_bar(maps(), estimator, 0.5, light=seen).bar.length_px for seen in (light, light.T)
    ]
    assert lengths[0] != pytest.approx(lengths[1], rel=1e-3)
    assert row["bar_length_px"] == pytest.approx(lengths[0] * canvas["factor_x"])


def test_one_row_each_whatever_happened(canvases: pa.Table) -> None:
    blank = np.full((2, CANVAS_PX, CANVAS_PX), np.nan, np.float32).tobytes()
    out = measure(explained(canvases, {0: maps().tobytes(), 1: blank, 3: b"1234" * 7}))
    assert out.drop_columns([PICTURE]).schema.equals(SCHEMA)
    rows = out.to_pylist()
    assert [row["status"] for row in rows] == [
        "measured", "no_bar_found", "not_an_image", "failed", "not_selected", "bad_id",
    ]  # fmt: skip
    assert [row["stop_reason"] for row in rows[:3]] == ["profile", "not_finite", None]
    lengths = [row["bar_length_px"] for row in rows]
    assert [length is None for length in lengths] == [False] + 5 * [True]
    assert [row["bar_yes"] is None for row in rows] == [False, False, True, True, False, True]
    assert [row["bar_position_angle_frame"] for row in rows[1:]] == [None] * 5
    assert "ValueError" in rows[3]["status_message"]
    assert [math.isnan(length) for length in rows[1]["bar_length_px_members"]] == [True, True]
    assert rows[5]["object_id"] is None


def test_pictures_are_kept_with_their_place(canvases: pa.Table) -> None:
    out = measure(explained(canvases, {0: maps().tobytes()}), kept_fraction=1.0)
    kept = out[PICTURE].to_pylist()
    assert [picture is None for picture in kept] == [False, False, True, False, False, True]
    assert [k["map"] is None for k in kept if k] == [False, True, True, True]
    first, canvas = kept[0], canvases.to_pylist()[0]
    assert (first["x0"], first["factor_y"]) == (canvas["x0"], canvas["factor_y"])
    assert (first["shard"], first["shard_row"], first["object_id"]) == ("a.parquet", 0, 0)
    shown = np.asarray(Image.open(io.BytesIO(first["map"]))) / 255
    np.testing.assert_allclose(shown, maps()[0], atol=0.01)
    assert Image.open(io.BytesIO(first["canvas"])).size == (CANVAS_PX, CANVAS_PX)
    assert set(measure(explained(canvases, {}))[PICTURE].to_pylist()) == {None}
