"""Lengths in every unit are the same bar; names that contradict their values are refused."""

from __future__ import annotations

import numpy as np
import pytest

from catalogues.scales import kpc_per_arcsec
from catalogues.truth.training_lengths import BarLengthColumn, check_on_images

ROW = {"pixel_scale_arcsec": 0.4, "z": 0.05, "petro_r90_arcsec": 10.0}
ARCSEC = 12.0  # 30 px


def test_every_unit_gives_the_same_pixels() -> None:
    kpc = ARCSEC * float(kpc_per_arcsec(0.05))
    values = {"px": 30.0, "arcsec": ARCSEC, "kpc": kpc, "over_r90": 1.2, "scaled": 0.6}
    for unit, value in values.items():
        column = BarLengthColumn(name=f"bar_length_{unit}")
        assert column.length_px({**ROW, column.name: value}, None, 100) == pytest.approx(30.0)


def test_a_cutout_of_galaxy_zoo_knows_its_scale_by_rule() -> None:
    column = BarLengthColumn(name="length_scaled", scale="gz2")
    row = {"length_scaled": 0.5, "petro_r90_arcsec": 7.0}
    assert column.length_px(row, None, 424) == pytest.approx(50.0)  # R90 is 50 px of 0.02 R90
    assert column.length_px(row, None, 212) == pytest.approx(25.0)


@pytest.mark.parametrize("missing", ["pixel_scale_arcsec", "z", "bar_kpc"])
def test_what_a_row_lacks_makes_its_length_unknown(missing: str) -> None:
    row = {**ROW, "bar_kpc": 5.0, missing: None}
    assert np.isnan(BarLengthColumn(name="bar_kpc").length_px(row, None, 100))


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_lengths_that_are_none(value: float) -> None:
    assert np.isnan(BarLengthColumn(name="a_px").length_px({"a_px": value}, None, 100))


def test_the_unit_stands_in_the_name() -> None:
    assert BarLengthColumn(name="true_bar_length_PX").column.unit == "px"
    with pytest.raises(ValueError, match=r"'length_avg' does not name its unit.*_arcsec"):
        BarLengthColumn(name="length_avg")


def test_values_that_contradict_the_name() -> None:
    fine = np.full(20, 0.8)
    px, arcsec, kpc = (BarLengthColumn(name=f"a_{unit}") for unit in ("px", "arcsec", "kpc"))
    check_on_images(px, fine, fine / 4)
    with pytest.raises(ValueError, match=r"0\.02 galaxy radii.*'px', which its values contradict"):
        check_on_images(px, fine / 40, fine / 160)  # really in some larger unit
    with pytest.raises(ValueError, match="longer than their image"):
        check_on_images(arcsec, fine * 10, fine * 2.5)  # really in pixels
    with pytest.raises(ValueError, match="pixel_scale_arcsec, z, petro_r90_arcsec in"):
        check_on_images(kpc, np.full(3, np.nan), np.full(3, np.nan))
