"""Every row leaves the Decoder with a canvas or a reason; what the image itself says is used."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from actors.measure.columns import DECODED
from actors.measure.decoder import Decoder
from actors.measure.shard_source import read_rows
from catalogues.images.limits import ImageLimits
from catalogues.shards.reading import list_shards
from catalogues.storage import StorageOptions
from models.preprocess import canvas
from models.view_params import FieldSpec
from tests.badfits import card, flux, plane
from tests.survey import galaxy_rows, write_shard

FIELD = FieldSpec(canvas_px=32)


def decoded(tmp_path: Path, rows: list[dict[str, Any]], **changes: Any) -> list[dict[str, Any]]:
    write_shard(tmp_path / "a.parquet", rows)
    shard = list_shards(str(tmp_path))[0]
    settings = {"field": FIELD, "limits": ImageLimits(), "scale": "given"} | changes
    tables = read_rows(shard, None, str(tmp_path), StorageOptions())
    out = Decoder(**settings)(pa.concat_tables(tables))
    assert {name: out.schema.field(name).type for name in DECODED} == DECODED
    assert "image" not in out.column_names
    return list(out.to_pylist())


def test_canvas_is_that_of_the_models(tmp_path: Path) -> None:
    rows = galaxy_rows(2)
    for row, found in zip(rows, decoded(tmp_path, rows), strict=True):
        pixels = np.asarray(Image.open(io.BytesIO(row["image"]["bytes"])))
        expected = canvas(pixels, FIELD)
        assert found["status"] is None
        assert found["canvas"] == expected.pixels.tobytes()
        assert (found["x0"], found["factor_y"]) == (expected.x0, expected.factor_y)
        assert tuple(found["sky"]) == expected.sky
        assert found["galaxy_radius_px"] == expected.radius_px
        assert (found["pixel_scale_arcsec"], found["ra"]) == (0.4, row["ra"])


def test_every_fault_has_its_status_and_a_sentence(tmp_path: Path) -> None:
    rows = galaxy_rows(6)
    good = rows[0]["image"]["bytes"]
    rows[1]["image"] = {"bytes": b"", "path": None}
    rows[2]["image"] = None
    rows[3]["image"]["bytes"] = good[: len(good) // 2]
    rows[4]["object_id"] = 0
    rows[5]["object_id"] = None
    found = decoded(tmp_path, rows)
    assert [row["status"] for row in found] == [
        None,
        "empty_image",
        "missing_image",
        "truncated_image",
        "duplicate_id",
        "bad_id",
    ]
    assert all(row["status_message"] and row["canvas"] is None for row in found[1:])
    assert found[1]["pixel_scale_arcsec"] == 0.4


def test_limits_are_those_given(tmp_path: Path) -> None:
    (found,) = decoded(tmp_path, galaxy_rows(1), limits=ImageLimits(pixels_max=1000))
    assert found["status"] == "too_large_image"


def test_galaxy_zoos_pixel_scale_where_asked_for(tmp_path: Path) -> None:
    rows = [row | {"pixel_scale_arcsec": None} for row in galaxy_rows(1)]
    assert decoded(tmp_path, rows)[0]["pixel_scale_arcsec"] is None
    (found,) = decoded(tmp_path, rows, scale="gz2")
    assert found["pixel_scale_arcsec"] == pytest.approx(0.02 * 8.0 * 424 / 48)


def test_a_fits_header_tells_scale_and_north_where_the_row_does_not(tmp_path: Path) -> None:
    rows = galaxy_rows(2)
    for row in rows:
        wcs = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CD1_1": -1e-4, "CD2_2": 1e-4}
        row["image"]["bytes"] = plane(flux(), *(card(name, value) for name, value in wcs.items()))
    rows[0] |= {"pixel_scale_arcsec": None, "north_deg": None}
    rows[1] |= {"pixel_scale_arcsec": 0.5, "north_deg": 12.0}
    found = decoded(tmp_path, rows)
    assert found[0]["pixel_scale_arcsec"] == pytest.approx(0.36)
    assert found[0]["north_deg"] == pytest.approx(0.0)
    assert (found[1]["pixel_scale_arcsec"], found[1]["north_deg"]) == (0.5, 12.0)
