"""The Multimodal Universe's HDF5 files, written as its own scripts write them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from catalogues import storage
from catalogues.images.decode import decode
from catalogues.images.stretch import rgb
from catalogues.shards.ids import hashed_id
from catalogues.storage import StorageError
from tests.pipelines.ingest.ingesting import FIRST_ID, ingest, rows_of

BANDS = [b"des-g", b"des-r", b"des-i", b"des-z"]


def galaxy(number: int, side: int = 24) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Fluxes of four bands, (4, H, W), of a galaxy above the middle, redder with its number."""
    y, x = np.mgrid[:side, :side]
    light = np.exp(-np.hypot(y - 0.75 * side, x - 0.5 * side) / 3)
    noise = np.random.default_rng(number).normal(0, 0.01, (4, side, side))
    return (light * np.array([1, 2, 3, 3.5 + number])[:, None, None] + noise).astype(np.float32)


def legacy_survey(path: Path, numbers: range, **more: Any) -> None:
    """As scripts/legacysurvey/build_parent_sample.py of the Multimodal Universe: all packed."""
    path.parent.mkdir(parents=True)
    count = len(numbers)
    columns: dict[str, Any] = {
        "object_id": np.array([f"0421p022-{n}".encode() for n in numbers]),
        "image_band": np.array([BANDS] * count),
        "image_array": np.stack([galaxy(n) for n in numbers]),
        "image_ivar": np.ones((count, 4, 24, 24), np.float32),
        "image_mask": np.ones((count, 24, 24), bool),
        "image_psf_fwhm": np.ones((count, 4), np.float32),
        "image_scale": np.full((count, 4), 0.262, np.float32),
        "RA": np.array([10.0 + n for n in numbers]),
        "DEC": np.array([-1.0] * count),
        "TYPE": np.array([b"SER"] * count),
        "healpix": np.full(count, 7),
        **more,
    }
    with h5py.File(path, "w") as file:
        for name, data in columns.items():
            shape = (None, *data.shape[1:])
            file.create_dataset(name, data=data, compression="gzip", chunks=True, maxshape=shape)


def galaxy10(path: Path, numbers: range) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """As scripts/gz10/build_parent_sample.py: plain; the images."""
    path.parent.mkdir(parents=True)
    shape = (len(numbers), 32, 32, 3)
    images = np.random.default_rng(numbers[0]).integers(0, 255, shape, dtype=np.uint8)
    with h5py.File(path, "w") as file:
        file["ans"] = np.array([n % 10 for n in numbers], np.uint8)
        file["ra"], file["dec"] = np.array(numbers, float), np.array(numbers, float) / 2
        file["images"] = images
        file["pxscale"] = np.full(len(numbers), 0.262)
        file["redshift"] = np.array([n / 100 for n in numbers])
        file["object_id"], file["healpix"] = np.array(numbers), np.full(len(numbers), 3)
    return images


def test_legacy_survey(place: str, tmp_path: Path) -> None:
    legacy_survey(tmp_path / "in" / "healpix=7" / "001-of-001.hdf5", range(3))
    legacy_survey(tmp_path / "in" / "healpix=9" / "001-of-001.hdf5", range(3, 5))
    fs, root = storage.filesystem(place)
    for path in (tmp_path / "in").rglob("*.hdf5"):
        name = storage.join(root, path.parent.name, path.name)
        storage.write_whole(fs, name, path.read_bytes())
    with pytest.raises(ValueError, match=r"texts such as '0421p022-0'.*pass --hash-ids"):
        ingest(place, tmp_path / "out")
    summary = ingest(place, tmp_path / "out", hash_ids=True, keep=("TYPE",), survey="LS DR10")
    assert (summary.rows_written, summary.skipped) == (5, {})
    for n, row in enumerate(rows_of(tmp_path / "out", ("TYPE",))):
        assert row["survey_id"] == f"0421p022-{n}"
        assert row["object_id"] == hashed_id(f"0421p022-{n}")
        assert (row["ra"], row["dec"], row["TYPE"]) == (10.0 + n, -1.0, "SER")
        assert row["pixel_scale_arcsec"] == pytest.approx(0.262)
        with fits.open(io.BytesIO(row["image"]["bytes"])) as stored:
            assert np.array_equal(stored[0].data, galaxy(n)[:3])
        pixels = decode(row["image"]["bytes"]).pixels
        assert pixels is not None
        assert np.array_equal(pixels, rgb(galaxy(n)[:3, ::-1].astype(float) / galaxy(n)[:3].max()))
        assert pixels[:12].sum() > pixels[12:].sum()  # north is up


def test_packed_ids_where_their_parts_are_there(tmp_path: Path) -> None:
    parts = {
        "RELEASE": np.array([9011] * 2, np.int16), "BRICKID": np.array([565022] * 2, np.int32),
        "OBJID": np.array([1254, 1468], np.int32),
    }  # fmt: skip
    legacy_survey(tmp_path / "in" / "healpix=7" / "001-of-001.hdf5", range(2), **parts)
    ingest(tmp_path / "in", tmp_path / "out")
    rows = rows_of(tmp_path / "out")
    assert [row["object_id"] for row in rows] == [39633166985594086, 39633166985594300]
    assert [row["survey_id"] for row in rows] == ["0421p022-0", "0421p022-1"]


def test_galaxy10(tmp_path: Path) -> None:
    images = galaxy10(tmp_path / "in" / "datafiles" / "healpix=3" / "001-of-001.h5", range(40, 44))
    ingest(tmp_path / "in", tmp_path / "out", keep=("ans",))
    rows = rows_of(tmp_path / "out", ("ans",))
    assert [row["object_id"] for row in rows] == [40, 41, 42, 43]
    assert [row["z"] for row in rows] == [0.40, 0.41, 0.42, 0.43]
    assert [row["ans"] for row in rows] == [0, 1, 2, 3]
    for row, image in zip(rows, images, strict=True):
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(row["image"]["bytes"]))), image)
        assert row["pixel_scale_arcsec"] == 0.262


def test_bands_and_textual_integers(tmp_path: Path) -> None:
    """HSC's bands; identifiers as text of digits stay exact; two bands' scales that differ."""
    hsc = {
        "object_id": np.array([str(FIRST_ID).encode(), b"7"]),
        "image_band": np.array([[b"HSC-Y", b"HSC-I", b"HSC-R", b"HSC-G"]] * 2),
        "image_scale": np.array([[0.3, 0.168, 0.168, 0.168], [0.3, 0.168, 0.1, 0.168]]),
    }
    source = tmp_path / "in" / "healpix=7" / "001-of-001.hdf5"
    legacy_survey(source, range(2), **hsc)
    ingest(source, tmp_path / "out")  # the file itself
    rows = rows_of(tmp_path / "out")
    assert [row["object_id"] for row in rows] == [FIRST_ID, 7]
    assert [row["pixel_scale_arcsec"] for row in rows] == [pytest.approx(0.168), None]
    with fits.open(io.BytesIO(rows[0]["image"]["bytes"])) as stored:
        assert np.array_equal(stored[0].data, galaxy(0)[[3, 2, 1]])
    ingest(source, tmp_path / "grey", bands=("y",))
    with fits.open(io.BytesIO(rows_of(tmp_path / "grey")[1]["image"]["bytes"])) as stored:
        assert np.array_equal(stored[0].data, galaxy(1)[[0]])
    with pytest.raises(ValueError, match=r"bands HSC-Y, HSC-I, .* not g, r, z: name .* --bands"):
        ingest(source, tmp_path / "x", bands=("g", "r", "z"))


def test_memory_is_bounded_by_portions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more rows are read at once than fit."""
    from catalogues.layouts.published import multimodal

    monkeypatch.setattr(multimodal, "_READ_BYTES", 2 * 4 * 24 * 24 * 4)
    path = tmp_path / "in" / "healpix=7" / "001-of-001.hdf5"
    legacy_survey(path, range(5))
    fs, _ = storage.filesystem(str(path))
    layout = multimodal.open_multimodal(fs, {"a": str(path)}, hash_ids=True)
    assert [len(piece.rows) for piece in layout.pieces()] == [2, 2, 1]
    (places,) = layout.keys(("ra", "dec"))
    assert places.column("ra").to_pylist() == [10.0, 11.0, 12.0, 13.0, 14.0]


def test_nothing_reaches_outside(tmp_path: Path) -> None:
    """Links, data in other files, filters of plugins and chunks that would fill the memory."""
    good = tmp_path / "good" / "a.hdf5"
    legacy_survey(good, range(2))
    (tmp_path / "bad").mkdir()
    bad = tmp_path / "bad" / "a.hdf5"

    def refused(match: str, error: type[Exception] = ValueError) -> None:
        with pytest.raises(error, match=match):
            ingest(tmp_path / "bad", tmp_path / "out", hash_ids=True)
        assert not (tmp_path / "out").exists()

    for name in ("RA", "image_array"):
        bad.write_bytes(good.read_bytes())
        with h5py.File(bad, "a") as file:
            shape = file[name].shape
            del file[name]
            virtual = h5py.VirtualLayout(shape, np.float32)
            virtual[:] = h5py.VirtualSource(str(good), name, shape)
            file.create_virtual_dataset(name, virtual)
        refused(f"'{name}' in .* refers to another file, which is not read: copy")
    with h5py.File(bad, "a") as file:
        del file["image_array"]
        file.create_dataset("image_array", (2, 4, 9, 9), "f4", external=str(tmp_path / "secret"))
    refused("refers to another file")
    bad.write_bytes(good.read_bytes())
    with h5py.File(bad, "a") as file:
        del file["image_array"]
        file["image_array"] = h5py.ExternalLink(str(good), "/image_array")
    refused("holds neither image_array")
    with h5py.File(bad, "a") as file:
        del file["image_array"]
        file.create_dataset("image_array", (9000, 4, 100, 100), "f4", chunks=(9000, 4, 100, 100))
    refused(
        "'image_array' in .* has chunks of 1440000000 bytes, more than 134217728: write it with"
    )
    with h5py.File(bad, "a") as file:
        del file["image_array"]
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk((1, 4, 24, 24))
        plan.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (1,))  # zstd, a plugin
        space = h5py.h5s.create_simple((2, 4, 24, 24))
        h5py.h5d.create(file.id, b"image_array", h5py.h5t.NATIVE_FLOAT, space, plan)
    refused("the HDF5 filter 32015, and no plugin is loaded: only deflate")


def test_files_that_are_none(tmp_path: Path) -> None:
    source = tmp_path / "in" / "healpix=7" / "001-of-001.hdf5"
    legacy_survey(source, range(3))
    whole = source.read_bytes()
    for data in (b"", b"\x89HDF\r\n\x1a\n" + bytes(500), whole[: len(whole) // 2]):
        source.write_bytes(data)
        with pytest.raises(StorageError, match="is not a whole HDF5 file"):
            ingest(tmp_path / "in", tmp_path / "out", hash_ids=True)
    source.write_bytes(whole)
    other = tmp_path / "in" / "healpix=9" / "001-of-001.hdf5"
    galaxy10(other, range(3))
    with pytest.raises(ValueError, match=r"has no RA, .* which the first file has"):
        ingest(tmp_path / "in", tmp_path / "out", hash_ids=True)
    with h5py.File(source, "a") as file:
        file["RA"].resize((2,))
    with pytest.raises(ValueError, match=r"has [23] rows of \w+ but [23] of \w+: fetch it again"):
        ingest(source, tmp_path / "out", hash_ids=True)
    (tmp_path / "empty").mkdir()
    with pytest.raises(StorageError, match=r"holds no .hdf5 or .h5 files: give their folder"):
        ingest(tmp_path / "empty", tmp_path / "x", layout="multimodal")
