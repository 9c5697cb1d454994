"""MiraBest's releases as rows: nothing lost, nothing unpickled, blank images told."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catalogues.images.decode import decode
from catalogues.images.flux import decode_flux
from catalogues.layouts.open import open_layout
from catalogues.layouts.params import LayoutSource
from catalogues.layouts.published.mirabest import MiraBest, encoded, open_mirabest
from catalogues.statuses import Status
from catalogues.storage import filesystem

HEADER = "row,source,fr_class,confidence,morphology,ra_deg,dec_deg,z\n"
ROWS = (
    "0,100_010.000+010.000_0.1,1,0,0,10.0,10.0,0.1\n",
    "1,200_010.060+010.000_0.2,2,0,0,10.06,10.0,0.2\n",  # within the first's cutout
    "2,102_200.000-005.000_0.3,1,0,2,200.0,-5.0,0.3\n",
    "3,210_030.000+000.000_0.1,2,1,0,30.0,0.0,0.1\n",
    "4,300_040.000+000.000_0.1,3,0,0,40.0,0.0,0.1\n",
)


def fluxes(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(-179, 19580, (count, 150, 150)).astype(np.int16)


def write(folder: Path, rows: tuple[str, ...] = ROWS, **arrays: object) -> Path:
    """A catalogue release; `arrays` in place of its own."""
    np.savez(folder / "mb_int16.npz", **({"images": fluxes(5)} | arrays))  # type: ignore[arg-type]
    (folder / "mb_labels.csv").write_text(HEADER + "".join(rows))
    return folder


def opened(path: Path, subset: str = "all") -> MiraBest:
    return open_mirabest(*filesystem(str(path)), subset)[0]  # type: ignore[arg-type]


def read(layout: MiraBest) -> list[dict]:  # type: ignore[type-arg]
    return [row for piece in layout.pieces() for row in piece.rows.to_pylist()]


def test_every_flux_and_label_is_kept(tmp_path: Path) -> None:
    rows = read(opened(write(tmp_path)))
    for row, image in zip(rows, fluxes(5), strict=True):
        flux = decode_flux(row["image"]["bytes"]).values
        assert flux is not None
        np.testing.assert_array_equal(flux, image * 5e-5)
    assert [row["fr_class"] for row in rows] == ["FRI", "FRII", "FRI", "FRII", "hybrid"]
    assert [row["confidence"] for row in rows] == [*["confident"] * 3, "uncertain", "confident"]
    assert rows[2]["morphology"] == "wide-angle tail"
    assert rows[0]["survey_id"] == "100_010.000+010.000_0.1"
    assert (rows[0]["ra"], rows[0]["dec"], rows[0]["z"]) == (10.0, 10.0, 0.1)
    assert rows[0]["pixel_scale_arcsec"] == 1.8
    assert rows[0]["sky_group"] == rows[1]["sky_group"] == rows[0]["object_id"]
    assert [row["sky_group"] for row in rows[2:]] == [row["object_id"] for row in rows[2:]]
    assert {row["image_status"] for row in rows} == {None}


def test_subsets(tmp_path: Path) -> None:
    folder = write(tmp_path)
    assert [r["survey_id"][:3] for r in read(opened(folder, "confident"))] == ["100", "200", "102"]
    assert [r["survey_id"][:3] for r in read(opened(folder, "confident-standard"))] == [
        "100",
        "200",
    ]
    with pytest.raises(ValueError, match="give the layout mirabest"):
        LayoutSource(url="x", subset="confident")


def test_the_8_bit_release(tmp_path: Path) -> None:
    images = np.random.default_rng(1).integers(0, 255, (4, 150, 150)).astype(np.uint8)
    images[3] = 7
    names = [f"a/b/{n}" for n in ("100_010.123", "200_020.456", "100_010.123", "102_030.789")]
    np.savez(tmp_path / "x.npz", images=images, labels=np.uint8([0, 1, 0, 0]), source=names)
    rows = read(opened(tmp_path / "x.npz"))
    np.testing.assert_array_equal(decode_flux(rows[0]["image"]["bytes"]).values, images[0])
    assert [row["fr_class"] for row in rows] == ["FRI", "FRII", "FRI", "FRI"]
    assert len({row["object_id"] for row in rows}) == 4
    assert rows[2]["survey_id"] == "100_010.123#2"
    assert [row["image_status"] for row in rows] == [None, None, None, "blank_image"]
    for decoder in (decode, decode_flux):
        assert decoder(rows[3]["image"]["bytes"]).status == Status.BLANK_IMAGE


def test_of_two_releases_the_one_with_labels_counts(tmp_path: Path) -> None:
    np.savez(write(tmp_path) / "other.npz", images=np.zeros((2, 20, 20), np.uint8))
    layout, others = open_mirabest(*filesystem(str(tmp_path)))
    assert (len(layout.images), others) == (5, ["other.npz"])
    (tmp_path / "mb_labels.csv").unlink()
    with pytest.raises(ValueError, match=r"there are 2 \.npz files"):
        opened(tmp_path)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (pytest.fail, ("unpickled",))

    (tmp_path / "batches").mkdir()
    (tmp_path / "batches" / "data_batch_1").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match=r"pickled batch, which is never opened.*numpy\.savez"):
        opened(tmp_path / "batches")
    np.savez(tmp_path / "o.npz", images=np.array([Trap()], object))
    with pytest.raises(ValueError, match="pickled objects are never loaded"):
        opened(tmp_path / "o.npz")
    (tmp_path / "p.npz").write_bytes(pickle.dumps([1]))
    with pytest.raises(ValueError, match="cannot be read"):
        opened(tmp_path / "p.npz")


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"images": np.zeros((5, 9))}, r"an array 'images' of numbers, \(N, H, W\), but has"),
        ({"images": np.zeros((4, 20, 20))}, "must count the 4 images"),
    ],
)
def test_arrays_that_are_wrong(tmp_path: Path, arrays: dict, words: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match=words):
        opened(write(tmp_path, **arrays))


def test_labels_that_are_wrong(tmp_path: Path) -> None:
    bad = (*ROWS[:4], ROWS[4].replace(",3,0,0,", ",5,0,0,"))
    with pytest.raises(ValueError, match=r"fr_class=5 in row 4 is none of 1 \(FRI\)"):
        opened(write(tmp_path, bad))
    np.savez(tmp_path / "x.npz", images=fluxes(2), source=["a", "b"])
    with pytest.raises(ValueError, match="needs an array 'labels' of 2 values"):
        opened(tmp_path / "x.npz")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"is not MiraBest: give its \.npz"):
        opened(tmp_path / "empty")


def test_fluxes_of_a_png_and_of_pictures() -> None:
    values = np.arange(400, dtype=np.uint16).reshape(20, 20) * 160
    out = io.BytesIO()
    Image.fromarray(values).save(out, "PNG")
    np.testing.assert_array_equal(decode_flux(out.getvalue()).values, values)
    for mode, kind in (("RGB", "PNG"), ("RGB", "JPEG")):
        out = io.BytesIO()
        Image.fromarray(values.astype(np.uint8)).convert(mode).save(out, kind)
        assert decode_flux(out.getvalue()).status == Status.UNSUPPORTED_IMAGE
    assert decode_flux(None).status == Status.MISSING_IMAGE
    assert decode_flux(b"").status == Status.EMPTY_IMAGE
    nothing = encoded(np.full((20, 20), np.nan, np.float32))
    assert decode_flux(nothing).status == Status.NOT_FINITE_IMAGE
    partly = np.ones((20, 20), np.float32)
    partly[3, 4], partly[5, 6] = np.nan, 2.0
    np.testing.assert_array_equal(decode_flux(encoded(partly)).values, partly)


def test_a_first_cutout_in_a_folder(tmp_path: Path) -> None:
    from astropy.io import fits

    plane = np.random.default_rng(3).normal(0, 1e-4, (40, 30)).astype(np.float32)
    plane[0, 0] = np.nan
    hdu = fits.PrimaryHDU(plane[None, None])  # FIRST's axes: Stokes, frequency, y, x
    hdu.header["BUNIT"] = "JY/BEAM"
    (tmp_path / "in").mkdir()
    hdu.writeto(tmp_path / "in" / "J100000.0+100000.fits")
    layout = open_layout(LayoutSource(url=str(tmp_path / "in"))).layout
    (row,) = [row for piece in layout.pieces() for row in piece.rows.to_pylist()]
    np.testing.assert_array_equal(decode_flux(row["image"]["bytes"]).values, plane[::-1])


@pytest.mark.data
def test_the_real_releases(data_dir: Path) -> None:
    folder = data_dir / "mirabest"
    layout, others = open_mirabest(*filesystem(str(folder)), "confident-standard")
    assert len(layout.images) == 770
    told = layout.rows.column("fr_class").to_pylist()
    assert (told.count("FRI"), told.count("FRII")) == (339, 431)
    eight = opened(folder / others[0])
    assert eight.rows.column("image_status").to_pylist().count("blank_image") == 6
