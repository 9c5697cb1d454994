"""One picture for one galaxy: the known bar is measured and drawn where it is."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from PIL import Image

from catalogues.mocks.table import MockSkyParams, draw_galaxy, render
from models.spiral_and_bulge import SpiralArms
from pipelines.explain.__main__ import main as explain_main
from pipelines.explain.picture import arms_words

Told = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tell(capfd: pytest.CaptureFixture[str]) -> Told:
    """The command's exit status, its output and its complaints."""

    def run(*words: object) -> tuple[int, str, str]:
        status = explain_main([str(word) for word in words])
        return status, *capfd.readouterr()

    return run


GALAXY = draw_galaxy(11, 121)
"""A mock whose bar anybody would see, 50 px long, 21 deg from up."""


def galaxy_png() -> bytes:
    file = io.BytesIO()
    Image.fromarray(render(GALAXY, MockSkyParams())).save(file, "PNG")
    return file.getvalue()


def galaxy_fits(scale_arcsec: float, turned_deg: float) -> bytes:
    """The same in grey, its north `turned_deg` counter-clockwise from image up, east left of it."""
    wcs = WCS(naxis=2)
    wcs.wcs.crpix, wcs.wcs.crval, wcs.wcs.ctype = [1, 1], [150.0, 2.0], ["RA---TAN", "DEC--TAN"]
    turn, degree = np.radians(turned_deg), scale_arcsec / 3600
    wcs.wcs.cd = degree * np.array([[-np.cos(turn), -np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    light = render(GALAXY, MockSkyParams()).mean(axis=2)[::-1]
    file = io.BytesIO()
    fits.PrimaryHDU(light.astype(np.float32), wcs.to_header()).writeto(file)
    return file.getvalue()


def drawn_angle(png: bytes) -> float:
    """Angle of what is drawn in the colours of a bar on the galaxy's image."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    left = pixels[140:900, :860]
    near = [np.abs(left - rgb).max(axis=2) < 12 for rgb in ((125, 240, 166), (215, 178, 109))]
    y, x = np.nonzero(near[0] | near[1])
    points = np.stack([x, -y], axis=1) - [[x.mean(), -y.mean()]]
    _, vectors = np.linalg.eigh(np.cov(points.T))
    along = vectors[:, 1]
    return float(np.degrees(np.arctan2(-along[0], along[1])) % 180)


@pytest.mark.long
def test_the_known_bar(tmp_path: Path, tell: Told) -> None:
    (tmp_path / "587722981741363200.png").write_bytes(galaxy_png())
    words = (
        "--samples",
        16,
        "--output",
        tmp_path / "out",
        "--pixel-scale-arcsec",
        0.4,
        "--z",
        0.05,
    )
    status, out, err = tell(tmp_path / "587722981741363200.png", *words)
    assert (status, err) == (0, "")
    name, told = out.strip().split(": bar ", 1)
    assert name.endswith("587722981741363200.png")
    length, angle = float(told.split(" ± ")[0]), float(told.split(" at ")[1].split("°")[0])
    assert length == pytest.approx(GALAXY.bar_length_px, rel=0.3)
    assert angle == pytest.approx(GALAXY.bar_position_angle_deg, abs=5)
    arcsec = float(told.split("(")[1].split(" ± ")[0])
    assert arcsec == pytest.approx(0.4 * length, rel=0.02)
    assert " kpc) at " in told
    assert "from image up" in told
    png = (tmp_path / "out" / "587722981741363200.png").read_bytes()
    assert drawn_angle(png) == pytest.approx(angle, abs=1.5)
    assert Image.open(io.BytesIO(png)).size == (1950, 990)


@pytest.mark.parametrize(
    ("pitch_deg", "strength", "words"),
    [
        (20.0, 0.4, "2 arms, counter-clockwise outward"),
        (-20.0, 0.4, "2 arms, clockwise outward"),
        (-20.0, 0.1, "unsure: 2 arms, clockwise"),
    ],
)
def test_arms_in_words(pitch_deg: float, strength: float, words: str) -> None:
    arms = SpiralArms(pitch_deg=pitch_deg, arms=2, strength=strength, disc_axis_ratio=0.8)
    assert arms_words(arms) == words


def test_fits_knows_scale_and_north(tmp_path: Path, tell: Told) -> None:
    (tmp_path / "1.fits").write_bytes(galaxy_fits(0.4, 30.0))
    status, out, _ = tell(tmp_path / "1.fits", "--samples", 16, "--output", tmp_path)
    assert status == 0
    assert "arcsec) at" in out
    told = float(out.split(" at ")[1].split("°")[0])
    off = (told - (GALAXY.bar_position_angle_deg - 30) + 90) % 180 - 90
    assert abs(off) < 5
    assert "from north to east" in out
    drawn = drawn_angle((tmp_path / "1.png").read_bytes())  # as it lies on the image
    assert drawn == pytest.approx((told + 30) % 180, abs=2)


@pytest.mark.long
def test_bad_files_are_told_and_the_others_explained(tmp_path: Path, tell: Told) -> None:
    png = galaxy_png()
    files = {
        "page.jpg": b"<!DOCTYPE html><p>404",
        "cut.png": png[: len(png) // 2],
        "empty.fits": b"",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "a").mkdir()
    for name in ("good.png", "a/good.png"):
        (tmp_path / name).write_bytes(png)
    images = [tmp_path / n for n in (*files, "absent.jpg", "a", "good.png", "a/good.png")]
    status, out, err = tell(*images, "--samples", 4, "--output", tmp_path / "out")
    assert status == 2
    lines = err.splitlines()
    assert len(lines) == 5
    reasons = ["not an image", "truncated image", "empty image", "no such file", "this is a folder"]
    for line, reason in zip(lines, reasons, strict=True):
        assert line.startswith("ansae explain: ")
        assert reason in line
    assert len(out.splitlines()) == 2
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["good-2.png", "good.png"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--samples", "0"], "samples=0 must be at least 1"),
        (["--z", "-1"], "z=-1.0 must be above 0"),
        (["--ensemble", "nowhere.json"], "nowhere.json"),
    ],
)
def test_mistakes(tmp_path: Path, tell: Told, words: list[str], reason: str, capfd: pytest.CaptureFixture[str]) -> None:  # noqa: E501  # fmt: skip
    (tmp_path / "g.png").write_bytes(galaxy_png())
    try:
        status, _, err = tell(tmp_path / "g.png", *words, "--output", tmp_path / "out")
    except SystemExit as end:
        status, err = end.code, capfd.readouterr().err
    assert status == 2
    assert reason in err
    assert not (tmp_path / "out").exists()
