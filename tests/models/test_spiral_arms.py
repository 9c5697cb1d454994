"""Arms that are drawn in closed form come back: pitch, sense, number, in any position."""

from __future__ import annotations

import math

import numpy as np
import pytest

from catalogues.galaxyzoo import INDEX, SPIRAL
from models.spiral_and_bulge import ArmParams, SpiralArms, arms_seen, read_arms

SIDE = 144


def disc(ratio: float = 1.0, angle_deg: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Light of an exponential disc, radius and angle in its plane; its major axis stands at
    `angle_deg` counter-clockwise from the right."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    x, y = columns - (SIDE - 1) / 2, (SIDE - 1) / 2 - rows
    tilt = math.radians(angle_deg)
    along = x * math.cos(tilt) + y * math.sin(tilt)
    across = (y * math.cos(tilt) - x * math.sin(tilt)) / ratio
    radius = np.hypot(along, across)
    return np.exp(-radius / 12), radius, np.arctan2(across, along)


def spiral(
    arms: int, pitch_deg: float, ratio: float = 1.0, angle_deg: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """(map, light): crests at angle = ln(r) / tan(pitch) + phase, that is counter-clockwise outward
    where the pitch is above 0."""
    light, radius, angle = disc(ratio, angle_deg)
    crest = np.log(np.maximum(radius, 1)) / math.tan(math.radians(pitch_deg)) + 0.4
    shape = np.exp(4 * (np.cos(arms * (angle - crest)) - 1))
    return shape * ((radius > 8) & (radius < 55)), light


@pytest.mark.parametrize("arms", [2, 3, 4])
@pytest.mark.parametrize("pitch_deg", [-30.0, -12.0, 9.0, 20.0])
def test_face_on_arms(arms: int, pitch_deg: float) -> None:
    found = read_arms(*spiral(arms, pitch_deg))
    assert found.pitch_deg == pytest.approx(pitch_deg, abs=1.0)
    assert found.arms == arms
    assert 0.4 < found.strength <= 1
    assert found.disc_axis_ratio == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("angle_deg", [0.0, 35.0, 90.0, 160.0])
def test_arms_of_an_inclined_disc(angle_deg: float) -> None:
    found = read_arms(*spiral(2, -18.0, 0.6, angle_deg))
    assert found.disc_axis_ratio == pytest.approx(0.6, abs=0.03)
    assert (found.arms, found.pitch_deg) == (2, pytest.approx(-18.0, abs=1.5))


def test_a_mirrored_image_has_the_other_sense_and_a_turned_one_the_same() -> None:
    saliency, light = spiral(2, 15.0, 0.7, 20.0)
    found = read_arms(saliency, light)
    mirrored = read_arms(saliency[:, ::-1], light[:, ::-1])
    turned = read_arms(np.rot90(saliency), np.rot90(light))
    assert mirrored.pitch_deg == pytest.approx(-found.pitch_deg, abs=0.3)
    assert turned.pitch_deg == pytest.approx(found.pitch_deg, abs=0.3)
    assert mirrored.radius_px == pytest.approx(turned.radius_px) == pytest.approx(found.radius_px)


def test_strength_tells_arms_from_a_round_map() -> None:
    light, radius, _ = disc()
    ring = np.where((radius > 20) & (radius < 30), 1.0, 0.0)
    assert read_arms(ring, light).strength < 0.05  # the pixels make a little of it
    arms, _ = spiral(2, 15.0)
    blurred = read_arms(arms + 1.0, light)
    assert 0.02 < blurred.strength < read_arms(arms, light).strength
    assert blurred.pitch_deg == pytest.approx(15.0, abs=1.5)


def test_the_radius_is_the_maps_mean_in_the_discs_plane() -> None:
    light, radius, _ = disc(0.5, 30.0)
    ring = np.where((radius > 28) & (radius < 32), 1.0, 0.0)
    assert read_arms(ring, light).radius_px == pytest.approx(30.0, rel=0.02)


@pytest.mark.parametrize("value", [0.0, float("nan")])
def test_a_map_that_says_nothing(value: float) -> None:
    found = read_arms(np.full((SIDE, SIDE), value), disc()[0])
    assert found.arms == 0
    assert np.isnan([found.pitch_deg, found.strength, found.radius_px]).all()


def test_a_map_whose_light_lies_in_the_bulge_alone_has_no_arms() -> None:
    light, radius, _ = disc()
    found = read_arms(np.where(radius < 4, 1.0, 0.0), light)
    assert found.arms == SpiralArms().arms == 0
    assert found.radius_px == pytest.approx(2.6, abs=0.3)


def test_without_light_the_disc_is_taken_for_round() -> None:
    saliency, light = spiral(2, 15.0)
    assert read_arms(saliency, 0 * light) == read_arms(saliency, np.ones_like(light))


def test_arms_are_clear_where_they_are_strong_and_the_disc_is_not_inclined() -> None:
    assert SpiralArms(strength=0.3, disc_axis_ratio=0.6).is_clear
    assert not SpiralArms(strength=0.2, disc_axis_ratio=0.6).is_clear
    assert not SpiralArms(strength=0.3, disc_axis_ratio=0.4).is_clear
    assert not SpiralArms().is_clear


@pytest.mark.parametrize(
    ("yes", "no", "seen"), [(0.3, 0.2, True), (0.2, 0.3, False), (0, 0, False)]
)
def test_arms_are_seen_by_half_of_those_who_are_asked(yes: float, no: float, seen: bool) -> None:
    votes = np.zeros(37)
    votes[SPIRAL], votes[INDEX["has_spiral_arms_no"]] = yes, no
    assert arms_seen(votes) is seen


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inner": 0.5}, r"inner=0\.5 and outer=0\.42 must be ascending"),
        ({"arms": (0, 4)}, r"arms=\(0, 4\) must be \(fewest, most\)"),
        ({"pitch_deg": (20.0, 10.0)}, r"pitch_deg=\(20\.0, 10\.0\) must be \(tightest"),
    ],
)
def test_params_are_checked(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ArmParams(**changes)
