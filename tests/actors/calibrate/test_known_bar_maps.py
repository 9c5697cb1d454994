"""Maps that were kept are not made again, those of other options or another image are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actors.calibrate.known_bar_maps import KnownBarMapper
from models.saliency.params import SmoothGradParams
from tests.survey import galaxy_jpeg, tiny_ensemble

PARAMS = SmoothGradParams(samples=8, groups=2)
ROW = {
    "object_id": 7,
    "image": {"bytes": galaxy_jpeg(1)},
    "true_bar_visual_length_px": 20.0,
    "true_bar_position_angle_deg": 30.0,
    "grade": 0.5,
}


def test_what_decides_a_map_decides_whether_it_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensemble, kept = tiny_ensemble(tmp_path / "tiny"), tmp_path / "kept"
    plain: Any = KnownBarMapper.__ray_metadata__.modified_class  # type: ignore[attr-defined]
    monkeypatch.setattr(
        "models.networks.selection.SelectionParams.chosen", lambda self, votes: True
    )

    def calibrator(params: SmoothGradParams = PARAMS, seed: int = 0) -> Any:
        return plain(ensemble, params, seed, "cpu", "maps", str(kept))

    first = calibrator().known(ROW)
    assert first.jackknife_maps is not None
    assert len(list(kept.iterdir())) == 1
    with monkeypatch.context() as patched:
        patched.setattr("actors.calibrate.known_bar_maps.decode", None)  # not even looked at
        again = calibrator().known(ROW)
    assert len(list(kept.iterdir())) == 1
    for name in ("maps", "jackknife_maps", "light"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
    assert (again.length_px, again.bar_fraction) == (first.length_px, first.bar_fraction)
    longer = calibrator().known(ROW | {"true_bar_visual_length_px": 40.0})
    assert longer.length_px == 2 * first.length_px

    calibrator(replace(PARAMS, samples=4)).known(ROW)
    calibrator(seed=1).known(ROW)
    calibrator().known(ROW | {"object_id": 8})
    calibrator().known(ROW | {"image": {"bytes": galaxy_jpeg(2)}})
    assert len(list(kept.iterdir())) == 5
    graded = calibrator().graded(ROW, "grade")
    assert graded.grade == 0.5
    np.testing.assert_array_equal(graded.maps, first.maps)
    people = {"length_px": 20.0, "length_err_px": 2.0, "group": "a"}
    measured = calibrator().measured(ROW | people)
    assert measured.length_px == first.length_px
    assert measured.length_err_px == pytest.approx(first.length_px / 10)
    assert (measured.group, measured.source) == ("a", 7)
    np.testing.assert_array_equal(measured.maps, first.maps)
    assert len(list(kept.iterdir())) == 6


def test_what_is_not_measured_is_kept_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain: Any = KnownBarMapper.__ray_metadata__.modified_class  # type: ignore[attr-defined]
    made = plain(tiny_ensemble(tmp_path / "tiny"), PARAMS, 0, "cpu", "maps", str(tmp_path / "kept"))
    nothing = [ROW | {"image": image} for image in (None, {"bytes": b"no image"})]
    assert [made.known(row) for row in nothing] == [None, None]
    monkeypatch.setattr("actors.calibrate.known_bar_maps.decode", None)
    assert [made.known(row) for row in nothing] == [None, None]
    assert len(list((tmp_path / "kept").iterdir())) == 2
