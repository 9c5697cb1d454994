"""Units that columns of lengths name, and values that deny them."""

from __future__ import annotations

import numpy as np
import pytest

from catalogues.truth.length_units import MEDIANS, check_lengths, length_column


@pytest.mark.parametrize(
    ("name", "unit", "factor"),
    [
        ("bar_length_px", "px", 1),
        ("length_arcsec", "arcsec", 1),
        ("BAR_LENGTH_ARCMIN", "arcsec", 60),
        ("length_kpc", "kpc", 1),
        ("barLength pc", "kpc", 1e-3),
        ("length_over_r90", "over_r90", 1),
        ("length_scaled", "over_r90", 2),
    ],
)
def test_names_say_their_unit(name: str, unit: str, factor: float) -> None:
    found = length_column(name)
    assert (found.unit, found.factor) == (unit, factor)


def test_half_lengths_are_doubled() -> None:
    assert length_column("sma_kpc", semi=True).factor == 2
    assert length_column("length", "arcsec", semi=True).factor == 2


@pytest.mark.parametrize(
    ("name", "unit", "message"),
    [
        (
            "length",
            None,
            r"'length' does not name its unit, one of px, arcsec, kpc.*--unit",
        ),
        (
            "length_kpc",
            "arcsec",
            r"'length_kpc' names kpc, but the unit is given as arcsec: leave out the unit",
        ),
        ("sma_kpc", None, r"'sma_kpc' seems to hold half lengths, .* give --semi"),
        (
            "bar_length_kpc_h",
            None,
            r"'bar_length_kpc_h' is in units with h: multiply or divide it by your h",
        ),
        ("length_h_kpc", None, r"is in units with h"),
    ],
)
def test_names_that_do_not_do(name: str, unit: str | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        length_column(name, unit)


def test_values_that_deny_the_name() -> None:
    parsecs = np.random.default_rng(0).normal(4000, 500, 100)
    message = (
        r"column 'length_kpc' has a median full length of 4\d\d\d kpc|"
        r"column 'length_kpc' has a median full length of 39\d\d kpc"
    )
    with pytest.raises(ValueError, match=message) as raised:
        check_lengths(length_column("length_kpc"), parsecs)
    assert "pc would be" in str(raised.value)  # and the remedy
    assert "correct the unit" in str(raised.value)
    check_lengths(length_column("length_pc"), parsecs / 1000)


@pytest.mark.parametrize("unit", MEDIANS)
def test_medians_at_the_limits_pass_and_beyond_fail(unit: str) -> None:
    low, high = MEDIANS[unit]
    column = length_column("length", unit)
    for median in (low, high):
        check_lengths(column, [median, np.nan, -1, 0])
    for median in (low * 0.9, high * 1.1):
        with pytest.raises(ValueError, match="has a median full length of"):
            check_lengths(column, [median])


def test_a_column_without_lengths() -> None:
    with pytest.raises(ValueError, match=r"'length' holds no length above 0: name a column"):
        check_lengths(length_column("length", "px"), [np.nan, 0, -3])
