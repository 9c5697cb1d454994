"""FITS cutouts as SDSS, the Legacy Surveys and the Dark Energy Survey deliver them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from astropy.io import fits

from catalogues.images.decode import decode
from catalogues.images.stretch import rgb
from catalogues.shards.ids import hashed_id
from tests.pipelines.ingest.ingesting import ingest, jpeg, rows_of

SIDE = 24
LEVELS = {"g": 1.0, "r": 2.0, "i": 3.0, "z": 4.0, "Y": 5.0}
DES = [1000000001234567, 1000000001234568]


def light(level: float = 1.0, shape: tuple[int, int] = (SIDE, SIDE)) -> np.ndarray[Any, Any]:
    """A galaxy in the upper half of the sky (large rows: FITS's own are from below)."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    noise = np.random.default_rng(int(level * 10)).normal(0, 0.01, shape)
    return (level * np.exp(-np.hypot(y - 18, x - 12) / 3) + noise).astype(np.float32)


def wcs(scale_arcsec: float, north_deg: float = 0.0) -> dict[str, float | str]:
    """Header cards: north so far counter-clockwise from up, east to its left."""
    sin, cos = np.sin(np.deg2rad(north_deg)), np.cos(np.deg2rad(north_deg))
    step = scale_arcsec / 3600
    return {
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0,
        "CRPIX1": 12.5, "CRPIX2": 12.5, "CD1_1": -cos * step, "CD1_2": -sin * step,
        "CD2_1": -sin * step, "CD2_2": cos * step,
    }  # fmt: skip


def des_file(path: Path, data: np.ndarray[Any, Any], packed: bool = False) -> None:
    """As the cutout service writes one: an empty primary, then SCI, MSK and WGT."""
    header = fits.Header(wcs(0.263, 10.0))
    kind = fits.CompImageHDU if packed else fits.ImageHDU
    planes = [
        kind(data, header, name="SCI"),
        kind(np.zeros_like(data, np.int32), header, name="MSK"),
        kind(np.ones_like(data), header, name="WGT"),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    fits.HDUList([fits.PrimaryHDU(), *planes]).writeto(path)


def test_legacy_surveys_cube(tmp_path: Path) -> None:
    """The viewer's fits-cutout: one cube grz (griz since DR10), its bands named in the header."""
    (tmp_path / "in").mkdir()
    for name, bands in (("cutout_150.0000_2.0000", "grz"), ("cutout_151.0000_2.0000", "griz")):
        cube = np.stack([light(LEVELS[band]) for band in bands])
        cards = {**wcs(0.262), "BANDS": bands, "SURVEY": "LegacySurvey", "VERSION": "DR10"}
        cards |= {f"BAND{i}": band for i, band in enumerate(bands)}
        fits.PrimaryHDU(cube, fits.Header(cards)).writeto(tmp_path / "in" / f"{name}.fits")
    ingest(tmp_path / "in", tmp_path / "out")
    for row, third in zip(rows_of(tmp_path / "out"), "zi", strict=True):
        decoded = decode(row["image"]["bytes"])
        assert decoded.pixel_scale_arcsec == pytest.approx(0.262)
        assert decoded.north_deg == pytest.approx(0)
        planes = np.stack([light(LEVELS[band])[::-1] for band in ("g", "r", third)]).astype(float)
        assert np.array_equal(decoded.pixels, rgb(planes / planes.max()))
        assert row["object_id"] == hashed_id(row["survey_id"])


def test_sdss_cutout_of_one_band(tmp_path: Path) -> None:
    """Cut from a frame (astropy's Cutout2D): nanomaggies, the camera's rotated CD matrix, DEC
    first."""
    (tmp_path / "in").mkdir()
    cards = wcs(0.396, 57.0)
    swapped = {"CTYPE1": "DEC--TAN", "CTYPE2": "RA---TAN", "BUNIT": "nanomaggy"}
    swapped |= {f"CD1_{j}": cards[f"CD2_{j}"] for j in (1, 2)}
    swapped |= {f"CD2_{j}": cards[f"CD1_{j}"] for j in (1, 2)}
    path = tmp_path / "in" / "1237648720693755918.fits"
    fits.PrimaryHDU(light(), fits.Header(swapped)).writeto(path)
    ingest(tmp_path / "in", tmp_path / "out")
    (row,) = rows_of(tmp_path / "out")
    assert row["object_id"] == 1237648720693755918
    decoded = decode(row["image"]["bytes"])
    assert decoded.pixel_scale_arcsec == pytest.approx(0.396)
    assert decoded.north_deg == pytest.approx(57.0)
    assert decoded.pixels is not None
    assert (decoded.pixels[..., 0] == decoded.pixels[..., 2]).all()


@pytest.mark.parametrize("end", [".fits", ".fits.fz", ".fits.gz"])
def test_dark_energy_survey(tmp_path: Path, end: str) -> None:
    """A delivery: for each COADD_OBJECT_ID a file for each band, and a picture made of them."""
    packed = end == ".fits.fz"
    for number in DES:
        for band, level in LEVELS.items():
            path = tmp_path / "in" / "DES1000+0209" / f"{number}_{band}{end}"
            des_file(path, light(level + number % 10), packed)
        (tmp_path / "in" / "DES1000+0209" / f"{number}_irg.png").write_bytes(jpeg(number))
    table = str(tmp_path / "in" / "objects.csv")
    columns = {
        "COADD_OBJECT_ID": DES,
        "ALPHAWIN_J2000": [150.0, 151.0],
        "DELTAWIN_J2000": [2.0] * 2,
    }
    pyarrow.csv.write_csv(pa.table(columns), table)
    for options in ({}, {"table": table}):
        out = tmp_path / f"out{len(options)}"
        summary = ingest(tmp_path / "in", out, **options)
        rows = rows_of(out)
        assert [row["object_id"] for row in rows] == DES
        assert summary.skipped == {}
        told = {name.rsplit("_", 1)[-1] for name in summary.passed_over} - {"objects.csv"}
        assert told == {f"z{end}", f"Y{end}", "irg.png"}
        for row in rows:
            decoded = decode(row["image"]["bytes"])
            assert decoded.pixel_scale_arcsec == pytest.approx(0.263)
            assert decoded.north_deg == pytest.approx(10.0)
            with fits.open(io.BytesIO(row["image"]["bytes"])) as stored:
                for plane, band in zip(stored[0].data, "gri", strict=True):
                    wanted = light(LEVELS[band] + row["object_id"] % 10)
                    # packing floats is lossy by a fraction of the noise
                    np.testing.assert_allclose(plane, wanted, atol=0.01 if packed else 0)
    assert rows[1]["ra"] == 151.0


def test_other_bands_and_pictures_alone(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for band in "grz":
        des_file(folder / f"DESJ100000.0+020000.0_{band}.fits", light(LEVELS[band]))
    (folder / f"{DES[0]}_irg.png").write_bytes(jpeg(1))  # a picture and no bands
    ingest(folder, tmp_path / "out", bands=("z", "r", "g"))
    picture, bands = rows_of(tmp_path / "out")
    assert (picture["object_id"], picture["image"]["bytes"]) == (DES[0], jpeg(1))
    assert bands["object_id"] == hashed_id("DESJ100000.0+020000.0.fits")
    with fits.open(io.BytesIO(bands["image"]["bytes"])) as stored:
        assert np.array_equal(stored[0].data[0], light(LEVELS["z"]))


def test_bands_that_do_not_fit(tmp_path: Path) -> None:
    for band in "gri":
        des_file(tmp_path / "in" / f"1_{band}.fits", light(LEVELS[band]))
        shape = (SIDE, SIDE + (band == "i"))
        des_file(tmp_path / "in" / f"2_{band}.fits", light(LEVELS[band], shape))
        (tmp_path / "in" / f"3_{band}.fits").write_bytes(b"<html>busy</html>")
    des_file(tmp_path / "in" / "4_g.fits", light())
    des_file(tmp_path / "in" / "4_r.fits", light())
    summary = ingest(tmp_path / "in", tmp_path / "out")
    assert [row["object_id"] for row in rows_of(tmp_path / "out")] == [1]
    assert summary.skipped == {"not_an_image": 1, "unsupported_image": 1}
    (_, _, message) = summary.examples[0]
    assert message == "the bands have 24 x 24, 25 x 24 px: colours need bands on one grid of pixels"
    assert summary.passed_over == ("4_g.fits", "4_r.fits")
