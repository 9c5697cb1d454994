"""FITS: which way is up, where north is, what a pixel spans, and what the stretch keeps."""

from __future__ import annotations

import gzip
import math
import tracemalloc

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogues.images.decode import decode
from catalogues.images.fits_headers import scale_and_north
from catalogues.images.flux import decode_flux
from catalogues.images.limits import ImageLimits
from catalogues.images.stretch import grey, rgb
from catalogues.statuses import Status
from tests.badfits import HEIGHT, WIDTH, card, flux, plane, simple, squeezed


def wcs_cards(matrix: np.ndarray, types: tuple[str, str] = ("RA---TAN", "DEC--TAN")) -> list[bytes]:
    """Header cards of a CD matrix in degrees."""
    cards = [card(f"CTYPE{i}", kind) for i, kind in enumerate(types, 1)]
    cards += [card(f"CD{i + 1}_{j + 1}", matrix[i][j]) for i in (0, 1) for j in (0, 1)]
    return cards


def sky(scale_arcsec: float, north_deg: float) -> np.ndarray:
    """CD matrix whose north is `north_deg` counter-clockwise from up, east a further 90."""
    turn = math.radians(north_deg)
    north = np.array([-math.sin(turn), math.cos(turn)])  # pixels right, up
    east = np.array([-math.cos(turn), -math.sin(turn)])
    return np.array([east, north]) * scale_arcsec / 3600


@pytest.mark.parametrize("write", [plane, lambda a: squeezed(a.astype("f4"))])
def test_first_fits_row_is_at_the_bottom(write) -> None:  # type: ignore[no-untyped-def]
    decoded = decode(write(flux()))
    assert decoded.pixels is not None
    assert decoded.pixels.shape == (HEIGHT, WIDTH, 3)
    row, column = np.unravel_index(decoded.pixels[..., 0].argmax(), (HEIGHT, WIDTH))
    assert abs(row - (HEIGHT - 1 - 10)) <= 2
    assert abs(column - 20) <= 2
    assert decoded.pixel_scale_arcsec is None
    assert decoded.north_deg is None


@settings(max_examples=60, deadline=None)
@given(scale=st.floats(0.05, 10), north=st.floats(0, 359.99))
def test_scale_and_north_are_what_was_put_in(scale: float, north: float) -> None:
    decoded = decode(plane(flux(), *wcs_cards(sky(scale, north))))
    assert decoded.pixel_scale_arcsec == pytest.approx(scale, rel=1e-9)
    assert decoded.north_deg is not None
    assert (decoded.north_deg - north + 180) % 360 - 180 == pytest.approx(0, abs=1e-6)


def test_agrees_with_astropy_far_from_the_pole_of_the_grid() -> None:
    """A step of one pixel towards `north_deg` raises the declination and leaves RA alone."""
    matrix = sky(0.262, 33.0)
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"})
    header.update({f"CD{i + 1}_{j + 1}": matrix[i, j] for i in (0, 1) for j in (0, 1)})
    header["CRPIX1"], header["CRPIX2"] = 28.0, 20.0
    header["CRVAL1"], header["CRVAL2"] = 150.0, 40.0
    scale, north = scale_and_north(dict(header))
    assert north is not None
    turn = math.radians(north)
    step = [(28 - math.sin(turn), 20 + math.cos(turn)), (28 - math.cos(turn), 20 - math.sin(turn))]
    (_, dec_n), (ra_e, dec_e) = WCS(header, fix=False).all_pix2world(step, 1)
    assert (dec_n - 40) * 3600 == pytest.approx(scale, rel=1e-6)
    assert (ra_e - 150) * 3600 * math.cos(math.radians(40)) == pytest.approx(scale, rel=1e-6)
    assert dec_e == pytest.approx(40, abs=1e-7)


@pytest.mark.parametrize(
    "cards",
    [
        {"CDELT1": -1e-4, "CDELT2": 1e-4, "CROTA2": 30.0},
        {"CDELT1": -1e-4, "CDELT2": 1e-4, "PC1_1": 0.8, "PC1_2": -0.6, "PC2_1": 0.6, "PC2_2": 0.8},
        {"CDELT1": -0.36, "CDELT2": 0.36, "CUNIT1": "arcsec", "CUNIT2": "arcsec"},
        {"CDELT1": -1e-4, "CDELT2": 1e-4},
    ],
)
def test_other_ways_to_write_it(cards: dict[str, float | str]) -> None:
    """The older and newer conventions, against astropy's own reading of them."""
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", **cards})
    scale, north = scale_and_north(dict(header))
    matrix = WCS(header, fix=False).pixel_scale_matrix
    back = np.linalg.inv(matrix) @ [0, 1]
    assert scale == pytest.approx(0.36)
    assert north == pytest.approx(math.degrees(math.atan2(-back[0], back[1])) % 360, abs=1e-9)


def test_swapped_axes_mirrors_and_other_spheres() -> None:
    matrix = sky(0.4, 20.0)
    swapped = decode(plane(flux(), *wcs_cards(matrix[::-1], ("DEC--TAN", "RA---TAN"))))
    assert swapped.pixel_scale_arcsec == pytest.approx(0.4)
    assert swapped.north_deg == pytest.approx(20.0)

    def read(matrix: np.ndarray, *types: str) -> tuple[float | None, float | None]:
        decoded = decode(plane(flux(), *wcs_cards(matrix, types or ("RA---TAN", "DEC--TAN"))))  # type: ignore[arg-type]
        return decoded.pixel_scale_arcsec, decoded.north_deg

    assert read(np.diag([1, 1]) * 1e-4) == (pytest.approx(0.36), None)  # east is right
    assert read(matrix, "GLON-TAN", "GLAT-TAN") == (pytest.approx(0.4), None)
    assert read(matrix, "LINEAR", "LINEAR") == (None, None)
    assert read(np.zeros((2, 2))) == (None, None)
    assert read(np.full((2, 2), np.inf)) == (None, None)


def test_grey_keeps_the_order_of_fluxes() -> None:
    values = np.sort(flux().reshape(-1)).reshape(HEIGHT, WIDTH)
    shown = grey(values).reshape(-1, 3)
    assert (np.diff(shown[:, 0].astype(int)) >= 0).all()
    assert (shown == shown[:, :1]).all()
    assert shown[0, 0] == 0
    assert shown[-1, 0] == 255


@settings(max_examples=40, deadline=None)
@given(gain=st.floats(1e-6, 1e6), offset=st.floats(-1e3, 1e3))
def test_units_and_zero_point_do_not_matter(gain: float, offset: float) -> None:
    first, second = grey(flux()), grey(flux() * gain + offset * gain)
    assert np.abs(first.astype(int) - second).max() <= 1


def test_sky_is_dark_and_flat_noise_stays_dark() -> None:
    """Pure noise must not be stretched until it looks like structure."""
    noise = np.random.default_rng(1).normal(0, 3, (100, 100))
    assert np.percentile(grey(noise), 95) < 160
    assert np.median(grey(flux())) < 60


def test_colours_keep_the_ratios_of_the_bands() -> None:
    """Where nothing saturates, a channel's excess over another is the bands' ratio, weighted."""
    shape = np.linspace(0, 1, 200)[None, :] * np.ones((50, 1))
    shape[:, :160] = 0  # most of the image is sky, which is found exactly
    bands = np.stack([shape / 7.8, shape / 5.7, shape / 4.9])
    picture = rgb(bands).astype(int)
    assert np.abs(picture - picture[..., :1]).max() <= 1
    red = rgb(np.stack([bands[0] * 0.2, bands[1] * 0.5, bands[2]])).astype(int)
    bright = red[:, 180:]
    assert (bright[..., 0] > bright[..., 1]).all()
    assert (bright[..., 1] > bright[..., 2]).all()
    assert bright[..., 0].max() == 255


def test_cube_order_is_blue_to_red() -> None:
    bands = np.stack([flux(1), flux(1) * 0.1, flux(1) * 0.1])
    decoded = decode(plane(bands))
    assert decoded.pixels is not None
    peak = decoded.pixels[HEIGHT - 1 - 10, 20]
    assert peak[2] > peak[1]
    assert peak[2] > peak[0]


def test_packed_by_gzip_is_the_same() -> None:
    whole = plane(flux(), *wcs_cards(sky(0.396, 30.0)))
    packed, plain = decode(gzip.compress(whole)), decode(whole)
    assert np.array_equal(packed.pixels, plain.pixels)
    assert packed.pixel_scale_arcsec == plain.pixel_scale_arcsec
    assert np.array_equal(decode_flux(gzip.compress(whole)).values, decode_flux(whole).values)


def test_packed_files_that_are_not_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """No bomb goes off: nothing beyond the limit is unpacked, and of other data a few bytes."""
    whole = plane(flux())
    packed = gzip.compress(whole)
    assert decode(packed[: len(packed) // 2]).status == Status.TRUNCATED_IMAGE
    broken = packed[:200] + bytes(50) + packed[250:]
    assert decode(broken).status == Status.CORRUPT_IMAGE
    assert decode(packed[:12]).status == Status.NOT_AN_IMAGE
    bomb = gzip.compress(whole + bytes(200_000_000), 9)
    assert len(bomb) < 300_000
    tracemalloc.start()
    decoded = decode(bomb, ImageLimits(bytes_max=2**20))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert decoded.status == Status.TOO_LARGE_IMAGE
    assert "more than the limit of 1048576 bytes" in decoded.message
    assert peak < 4 * 2**20


def test_scaled_integers_equal_floats() -> None:
    """BSCALE, BZERO and the byte order are undone exactly."""
    stored = np.arange(-1120, 1120, dtype=">i2").reshape(HEIGHT, WIDTH)
    scaled = simple(
        16, WIDTH, HEIGHT, data=stored.tobytes(), more=(card("BSCALE", 0.5), card("BZERO", 100))
    )
    plain = plane(stored.astype(float) * 0.5 + 100)
    first, second = decode(scaled).pixels, decode(plain).pixels
    assert first is not None
    assert np.array_equal(first, second)
