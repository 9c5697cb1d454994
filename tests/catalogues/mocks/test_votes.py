"""Votes: consistent with the tree, and a sensible function of what shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from catalogues.galaxyzoo import BAR, EDGE_ON, FEATURED, SMOOTH, conditional
from catalogues.mocks.galaxy import MockGalaxy
from catalogues.mocks.population import draw_galaxy
from catalogues.mocks.votes import expected_votes, sampled_votes
from tests.catalogues.mock_cases import PLAIN_GALAXY, barred
from tests.reference.votes import consistency_error


def _bar(galaxy: MockGalaxy) -> float:
    return float(conditional(expected_votes(galaxy), BAR))


@pytest.fixture(scope="module")
def galaxies() -> list[MockGalaxy]:
    return [draw_galaxy(21, index) for index in range(250)]


def test_votes_obey_the_tree(galaxies: list[MockGalaxy]) -> None:
    for votes in (expected_votes, sampled_votes):
        table = np.array([votes(galaxy) for galaxy in galaxies])
        assert table.shape == (len(galaxies), 37)
        assert consistency_error(table).max() < 1e-6
        assert table.min() >= 0
        assert table.max() <= 1


def test_scatter_is_that_of_the_volunteers(galaxies: list[MockGalaxy]) -> None:
    expected = np.array([expected_votes(galaxy) for galaxy in galaxies])[:, FEATURED]
    sampled = np.array([sampled_votes(galaxy, 40) for galaxy in galaxies])[:, FEATURED]
    pulls = (sampled - expected) / np.sqrt(expected * (1 - expected) / 40)
    assert abs(pulls.mean()) < 4 / np.sqrt(len(galaxies))
    assert pulls.std() == pytest.approx(1.0, abs=0.2)
    crowd = np.array([sampled_votes(galaxy, 40_000) for galaxy in galaxies])[:, FEATURED]
    np.testing.assert_allclose(crowd, expected, atol=0.015)


def test_sampled_votes_are_reproducible_and_need_voters() -> None:
    np.testing.assert_array_equal(sampled_votes(PLAIN_GALAXY), sampled_votes(PLAIN_GALAXY))
    assert (sampled_votes(PLAIN_GALAXY) != sampled_votes(replace(PLAIN_GALAXY, index=2))).any()
    with pytest.raises(ValueError, match="voters 0 must be at least 1"):
        sampled_votes(PLAIN_GALAXY, 0)


def test_classes_answer_as_they_should(galaxies: list[MockGalaxy]) -> None:
    for galaxy in galaxies:
        votes = expected_votes(galaxy)
        if galaxy.kind == "smooth":
            assert votes[SMOOTH] > 0.6
        if galaxy.kind == "edge_on":
            assert conditional(votes, EDGE_ON) > 0.8
        if galaxy.kind == "artifact":
            assert votes[2] > 0.8


def test_a_bar_that_shows_is_seen() -> None:
    assert _bar(barred()) > 0.8
    assert _bar(PLAIN_GALAXY) < 0.12


def test_a_bar_hides_when_faint_short_fat_or_foreshortened() -> None:
    plain = _bar(barred(light=0.08))
    assert _bar(barred(light=0.02)) < plain - 0.1
    assert _bar(barred(light=0.08, axis_ratio=0.7)) < plain - 0.1
    blurred = replace(barred(light=0.08), psf_fwhm_arcsec=(6.0, 6.0, 6.0))
    assert _bar(blurred) < plain - 0.1
    # seen end on, and lost in the disc along the line of nodes
    assert _bar(barred(70.0, light=0.08, angle_deg=90.0)) < plain - 0.1
    assert _bar(barred(70.0, light=0.08, angle_deg=0.0)) < plain - 0.1


def test_votes_change_smoothly_with_the_bar() -> None:
    lights = np.geomspace(0.005, 0.3, 200)
    fractions = np.array([_bar(barred(light=float(light))) for light in lights])
    assert (np.diff(fractions) >= -1e-12).all()
    assert np.diff(fractions).max() < 0.05
