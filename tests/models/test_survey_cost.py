"""A survey on paper: the formula by hand, and what sets the pace."""

from __future__ import annotations

import math

import pytest

from models.survey_cost import SURVEYS, Machines, MeasuredRates, survey_estimate

RATES = MeasuredRates(
    votes_per_s=4000, maps_per_s=16, decode_per_s=250, read_per_s=500, selected_fraction=0.1,
    image_bytes=20_000, row_bytes=1_000,
)  # fmt: skip


def test_gz2_by_hand_on_one_gpu() -> None:
    got = survey_estimate(
        SURVEYS["GZ2"], RATES, Machines(gpus=1, cores=16, gpu_hour_price=3, core_hour_price=0.05)
    )
    # 243,434 x (1/4000 + 0.1/16) s = 1582.3 s of the GPU; 243,434 x (1/250 + 0.1/500) s of cores
    assert got.network_hours == pytest.approx(1582.321 / 3600)
    assert got.core_hours == pytest.approx(1022.4228 / 3600)
    assert got.hours == pytest.approx(1582.321 / 3600 / 0.9)
    assert got.cost == pytest.approx(got.hours * (3 + 16 * 0.05))
    assert (got.input_bytes, got.catalogue_bytes) == (243_434 * 20_000, 243_434 * 1_000)
    assert got.limit == "networks"


def test_without_gpus_networks_and_light_stages_share_the_cores() -> None:
    got = survey_estimate(1_000, RATES, Machines(cores=4, efficiency=0.5))
    assert got.hours == pytest.approx((got.network_hours + got.core_hours) / 4 / 0.5)
    assert got.limit == "cores"


@pytest.mark.parametrize(
    ("machines", "limit"),
    [
        (Machines(gpus=64, cores=1), "light stages"),
        (Machines(gpus=8, cores=512, store_bytes_per_s=1e6), "store"),
    ],
)
def test_the_slowest_sets_the_pace(machines: Machines, limit: str) -> None:
    got = survey_estimate(SURVEYS["10^8 cutouts"], RATES, machines)
    assert got.limit == limit
    twice = survey_estimate(2 * SURVEYS["10^8 cutouts"], RATES, machines)
    assert twice.hours == pytest.approx(2 * got.hours)


def test_what_is_not_done_costs_nothing() -> None:
    votes_only = MeasuredRates(
        votes_per_s=4000, maps_per_s=math.inf, decode_per_s=250, read_per_s=math.inf,
        selected_fraction=0.0,
    )  # fmt: skip
    got = survey_estimate(3600 * 4000, votes_only, Machines(gpus=1, cores=1000, efficiency=1))
    assert (got.network_hours, got.hours) == (pytest.approx(1), pytest.approx(1))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Machines(gpus=1, cores=0), "cores=0"),
        (lambda: Machines(efficiency=1.2), "efficiency=1.2"),
        (lambda: survey_estimate(-1, RATES, Machines()), "galaxies=-1"),
        (
            lambda: MeasuredRates(
                votes_per_s=0, maps_per_s=1, decode_per_s=1, read_per_s=1, selected_fraction=0
            ),
            "votes_per_s=0",
        ),
    ],
)
def test_what_cannot_be_is_refused(make: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()  # type: ignore[operator]
