"""Drawn galaxies: frequencies, ranges, identity, independence of order and process."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from catalogues.mocks.galaxy import MockGalaxy
from catalogues.mocks.optics import petrosian_radii
from catalogues.mocks.params import MockSkyParams
from catalogues.mocks.population import draw_galaxy
from catalogues.mocks.sky import object_id

COUNT = 700


@pytest.fixture(scope="module")
def galaxies() -> list[MockGalaxy]:
    return [draw_galaxy(11, index) for index in range(COUNT)]


def test_classes_are_as_frequent_as_asked(galaxies: list[MockGalaxy]) -> None:
    sky = MockSkyParams()
    flat = sky.disc_fraction * (1 - sky.edge_on_cos_max)
    barred = sky.strong_bar_fraction + sky.weak_bar_fraction
    expected = {
        "smooth": sky.smooth_fraction,
        "merger": sky.merger_fraction,
        "irregular": sky.irregular_fraction,
        "artifact": sky.artifact_fraction,
        "edge_on": sky.disc_fraction * sky.edge_on_cos_max,
        "barred": flat * barred,
        "unbarred": flat * (1 - barred),
    }
    assert sum(expected.values()) == pytest.approx(1.0)
    for kind, share in expected.items():
        found = sum(galaxy.kind == kind for galaxy in galaxies)
        error = np.sqrt(COUNT * share * (1 - share))
        assert abs(found - COUNT * share) < 3.5 * error, kind


def test_bars_are_where_the_class_says(galaxies: list[MockGalaxy]) -> None:
    assert all((galaxy.bar is not None) == (galaxy.kind == "barred") for galaxy in galaxies)
    barred = [galaxy for galaxy in galaxies if galaxy.bar]
    ratio = [galaxy.bar_length_arcsec / galaxy.petro_r90_arcsec for galaxy in barred]
    kpc = [galaxy.bar_length_kpc for galaxy in barred]
    assert 0.5 < np.median(ratio) < 0.8
    assert min(ratio) > 0.1
    assert max(ratio) < 2.0
    assert 3.5 < np.median(kpc) < 8.0
    assert max(kpc) < 16.5


def test_orientations_are_random(galaxies: list[MockGalaxy]) -> None:
    discs = [g for g in galaxies if g.kind in ("barred", "unbarred", "edge_on")]
    cosines = np.cos(np.deg2rad([g.inclination_deg for g in discs]))
    angles = np.array([g.position_angle_deg for g in galaxies]) / 180.0
    for uniform in (cosines, angles):
        ordered = np.sort(uniform)
        distance = np.abs(ordered - np.linspace(0, 1, len(ordered))).max()
        assert distance < 1.95 / np.sqrt(len(ordered))  # Kolmogorov-Smirnov, p = 0.001


def test_sizes_and_redshifts_are_in_range(galaxies: list[MockGalaxy]) -> None:
    sky = MockSkyParams()
    z = np.array([g.z for g in galaxies])
    assert ((z >= sky.z[0]) & (z <= sky.z[1])).all()
    r90 = np.array([g.petro_r90_arcsec for g in galaxies if g.kind != "artifact"])
    # the companion of a merger, the arms and the seeing move the measured radius off the drawn one
    assert 0.7 * sky.r90_arcsec[0] < r90.min()
    assert r90.max() < 1.7 * sky.r90_arcsec[1]
    assert 6 < np.median(r90) < 12


def test_stored_radius_is_that_of_the_image(galaxies: list[MockGalaxy]) -> None:
    for galaxy in [g for g in galaxies if g.kind in ("barred", "unbarred", "smooth")][:12]:
        assert petrosian_radii(galaxy).r90 == pytest.approx(galaxy.petro_r90_arcsec, rel=0.06)


def test_ids_are_int64_and_unique() -> None:
    pairs = [(0, 0), (0, 2**32 - 1), (1, 0), (2**31 - 1, 2**32 - 1), (7, 3), (3, 7)]
    ids = [object_id(seed, index) for seed, index in pairs]
    assert len(set(ids)) == len(pairs)
    assert max(ids) == np.iinfo(np.int64).max
    for seed, index in ((-1, 0), (2**31, 0), (0, 2**32), (0, -1)):
        with pytest.raises(ValueError, match="object_id is an int64"):
            draw_galaxy(seed, index)


def test_a_galaxy_depends_on_seed_and_index_alone(galaxies: list[MockGalaxy]) -> None:
    for index in (17, 3, 11):
        assert draw_galaxy(11, index) == galaxies[index]
    assert draw_galaxy(12, 3) != galaxies[3]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(draw_galaxy, 11, 5).result() == galaxies[5]
