"""Pixels against what they were made from: angle, length, flux, noise, colour."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from catalogues.mocks.galaxy import MockBulge, MockGalaxy
from catalogues.mocks.light import band_images, galaxy_light
from catalogues.mocks.optics import petrosian_radii
from catalogues.mocks.params import MockSkyParams
from catalogues.mocks.population import draw_galaxy
from catalogues.mocks.profiles import Grid, bar_light
from catalogues.mocks.render import encode_jpeg, render, render_native, render_noiseless, stretch
from tests.catalogues.mock_cases import PLAIN_GALAXY, barred

EMPTY_SKY = MockSkyParams(source_density_arcmin2=0.0)


def _bar_only(galaxy: MockGalaxy, grid: Grid) -> NDArray[np.float32]:
    assert galaxy.bar is not None
    u, v = grid.along(galaxy.position_angle_deg, galaxy.disc_axis_ratio)
    return bar_light(galaxy.bar, u, v)


def _moments(image: NDArray[np.float32], grid: Grid) -> tuple[float, float]:
    """Position angle (deg) and axis ratio of the second moments."""
    x, y = grid.axes()
    total = image.sum()
    xx, yy, xy = ((image * term).sum() / total for term in (x * x, y * y, x * y))
    # counter-clockwise from up: the angle from +y towards -x
    angle = np.rad2deg(0.5 * np.arctan2(-2 * xy, yy - xx)) % 180
    spread, mean = np.hypot((xx - yy) / 2, xy), (xx + yy) / 2
    return float(angle), float(np.sqrt((mean - spread) / (mean + spread)))


@pytest.mark.parametrize("inclination", [0.0, 45.0, 70.0])
@pytest.mark.parametrize(("node", "angle"), [(0.0, 0.0), (0.0, 37.0), (65.0, 100.0), (140.0, 15.0)])
def test_moments_of_the_bar_are_its_truth(inclination: float, node: float, angle: float) -> None:
    galaxy = barred(inclination, node, angle_deg=angle)
    grid = Grid(n=301, pixel_arcsec=0.03)
    measured, ratio = _moments(_bar_only(galaxy, grid), grid)
    assert (measured - galaxy.bar_position_angle_deg + 90) % 180 - 90 == pytest.approx(0, abs=1.0)
    assert ratio == pytest.approx(galaxy.bar_axis_ratio, rel=0.03)


@pytest.mark.parametrize("profile", ["ferrers", "flat", "exponential"])
@pytest.mark.parametrize("boxiness", [2.0, 3.5])
def test_a_bar_ends_at_its_semi_major_axis(profile: str, boxiness: float) -> None:
    galaxy = barred(profile=profile, boxiness=boxiness, angle_deg=90.0, slope=0.6)
    grid = Grid(n=401, pixel_arcsec=0.02)
    image = _bar_only(galaxy, grid)
    lit = np.nonzero(image[200] > 0)[0]
    assert (lit[-1] - lit[0]) * 0.02 == pytest.approx(6.0, abs=0.05)
    assert np.nonzero(image.any(axis=0))[0].tolist() == lit.tolist()


def test_a_bar_along_a_row_has_90_degrees_and_lower_right_to_upper_left_45() -> None:
    grid = Grid(n=101, pixel_arcsec=0.1)
    rows, columns = np.nonzero(_bar_only(barred(angle_deg=90.0), grid))
    assert np.ptp(columns) > 3 * np.ptp(rows)
    image = _bar_only(barred(angle_deg=45.0), grid)
    assert image[35, 35] > 0  # up and left of the centre
    assert image[35, 65] == 0


def test_petro_r90_of_an_exponential_disc() -> None:
    sharp = replace(PLAIN_GALAXY, psf_fwhm_arcsec=(0.05, 0.05, 0.05))
    measured = petrosian_radii(sharp, native_pixel_arcsec=0.01)
    assert measured.r90 / 2.5 == pytest.approx(3.82, abs=0.05)  # h = 2.5 arcsec
    assert petrosian_radii(replace(PLAIN_GALAXY, psf_fwhm_arcsec=(3, 3, 3))).r90 > measured.r90


def test_flux_and_colours_are_the_galaxy_s() -> None:
    image = render_noiseless(PLAIN_GALAXY, EMPTY_SKY)
    flux = image.sum(axis=(1, 2), dtype=np.float64)
    assert flux[1] == pytest.approx(10 ** (0.4 * (22.5 - 15.5)), rel=0.01)
    g_r, r_i = 2.5 * np.log10(flux[1:] / flux[:-1])
    assert PLAIN_GALAXY.colour_young[0] < g_r < PLAIN_GALAXY.colour_old[0]
    assert PLAIN_GALAXY.colour_young[1] < r_i < PLAIN_GALAXY.colour_old[1]


def test_old_light_alone_has_the_old_colour() -> None:
    bulge = MockBulge(light=1.0, radius_arcsec=2.0, sersic=2.0, axis_ratio=0.8)
    galaxy = replace(PLAIN_GALAXY, disc=None, bulge=bulge, kind="smooth")
    bands = band_images(galaxy, galaxy_light(galaxy, Grid(n=101, pixel_arcsec=0.3)))
    ratio = bands["r"].sum() / bands["g"].sum()
    assert 2.5 * np.log10(ratio) == pytest.approx(galaxy.colour_old[0], abs=1e-4)


def test_seeing_spreads_a_point_to_its_fwhm() -> None:
    point = MockBulge(light=1.0, radius_arcsec=0.01, sersic=0.5, axis_ratio=1.0)
    galaxy = replace(
        PLAIN_GALAXY, disc=None, bulge=point, kind="smooth", petro_r90_arcsec=3.0, image_px=425
    )
    sharp = replace(EMPTY_SKY, native_pixel_arcsec=0.06)
    image = render_noiseless(galaxy, sharp)[1]
    line = image[212]
    half = np.nonzero(line > line.max() / 2)[0]
    fwhm = (half[-1] - half[0] + 1) * galaxy.pixel_scale_arcsec
    assert fwhm == pytest.approx(1.25, abs=0.12)


def test_noise_of_a_blank_corner() -> None:
    galaxy = replace(PLAIN_GALAXY, petro_r90_arcsec=25.0)  # native pixel = 0.5 arcsec
    frame = render_native(galaxy, EMPTY_SKY)
    corner = frame[:, :80, :80].reshape(3, -1)
    # a cutout pixel of 0.5 arcsec averages (0.5 / 0.396)^2 pixels of the camera
    expected = np.array(galaxy.noise_nmgy) / (0.5 / 0.396)
    np.testing.assert_allclose(corner.std(axis=1), expected, rtol=0.04)
    fine = render_native(replace(PLAIN_GALAXY, petro_r90_arcsec=15.0), EMPTY_SKY)
    np.testing.assert_allclose(fine[:, :60, :60].std(axis=(1, 2)), galaxy.noise_nmgy, rtol=0.05)


def test_stretch_is_linear_when_faint_keeps_colour_and_never_wraps() -> None:
    faint = np.full((3, 4, 4), 0.02, np.float32)
    np.testing.assert_array_less(np.abs(stretch(2 * faint).astype(int) - 2 * stretch(faint)), 3)
    assert stretch(np.full((3, 4, 4), 1e6, np.float32)).min() >= 200
    assert stretch(np.full((3, 4, 4), -1.0, np.float32)).max() == 0
    red = np.zeros((3, 4, 4), np.float32)
    red[2] = 0.5  # i band
    assert stretch(red)[0, 0].argmax() == 0
    assert stretch(red)[0, 0, 1:].max() == 0


@pytest.mark.parametrize("image_px", [424, 212, 101])
def test_a_picture_of_any_size_shows_the_same_field(image_px: int) -> None:
    galaxy = replace(barred(angle_deg=90.0), image_px=image_px)
    pixels = render(galaxy, EMPTY_SKY)
    assert pixels.shape == (image_px, image_px, 3)
    assert pixels.dtype == np.uint8
    bright = pixels.max(axis=2) > 60
    rows, columns = np.nonzero(bright)
    centre = (image_px - 1) / 2
    assert rows.mean() == pytest.approx(centre, abs=0.02 * image_px)
    assert columns.mean() == pytest.approx(centre, abs=0.02 * image_px)
    share = np.ptp(columns) / image_px
    assert share == pytest.approx(0.137, abs=2.0 / image_px)


def test_the_centre_is_kept_by_the_way_through_the_camera() -> None:
    galaxy = replace(PLAIN_GALAXY, noise_nmgy=(0.0, 0.0, 0.0))
    pixels = render(galaxy, EMPTY_SKY).astype(float).sum(axis=2)
    axis = np.arange(424)
    assert (pixels.sum(axis=0) * axis).sum() / pixels.sum() == pytest.approx(211.5, abs=0.15)
    assert (pixels.sum(axis=1) * axis).sum() / pixels.sum() == pytest.approx(211.5, abs=0.15)


@pytest.mark.long
def test_pictures_of_every_class_are_whole() -> None:
    wanted = {"barred", "unbarred", "edge_on", "smooth", "merger", "irregular", "artifact"}
    sky = MockSkyParams(
        image_px=106, merger_fraction=0.15, irregular_fraction=0.15, artifact_fraction=0.15,
        smooth_fraction=0.15, edge_on_cos_max=0.4, trail_fraction=0.3,
    )  # fmt: skip
    for index in range(60):
        galaxy = draw_galaxy(2, index, sky)
        pixels = render(galaxy, sky)
        assert pixels[45:61, 45:61].mean() > 1.5 * max(pixels[:8].mean(), 1.0) or galaxy.trail
        wanted.discard(galaxy.kind)
    assert not wanted


def test_jpeg_holds_the_picture() -> None:
    pixels = render(barred(), EMPTY_SKY)
    with Image.open(io.BytesIO(encode_jpeg(pixels))) as image:
        assert (image.format, image.size, image.mode) == ("JPEG", (424, 424), "RGB")
        decoded = np.asarray(image).astype(float)
    assert np.abs(decoded - pixels).mean() < 3
