"""The Explainer called as Ray calls it: votes for all, maps for the selected, nothing shared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from actors.find_ensemble import SHIPPED, find_ensemble
from actors.load_networks import load_control
from actors.measure.columns import EXPLAINED
from actors.measure.decoder import Decoder
from actors.measure.explainer import Explainer
from actors.measure.shard_source import read_rows
from catalogues.bars import CONTROL
from catalogues.galaxyzoo import SPIRAL, conditional
from catalogues.images.limits import ImageLimits
from catalogues.mocks.table import mock_table
from catalogues.shards.reading import list_shards
from catalogues.storage import StorageOptions
from models.barlength.estimator import EstimatorParams
from models.networks.ensemble import Ensemble
from models.networks.selection import SelectionParams
from models.networks.spec import EnsembleSpec
from models.saliency.answer_maps import answer_maps
from models.saliency.bar_maps import bar_maps, bar_maps_with_jackknife, vote
from models.saliency.params import SmoothGradParams
from models.saliency.seeds import galaxy_seed
from models.spiral_and_bulge import BULGE_ANSWERS
from models.view_params import ViewParams
from tests.survey import CANVAS_PX, tiny_control

MAPS = SmoothGradParams(samples=3, chunk=2)
STORAGE = StorageOptions()


@pytest.fixture(scope="module")
def explainer(ensemble: str) -> Explainer:
    return make(ensemble)


def make(ensemble: str, **changes: Any) -> Explainer:
    settings: dict[str, Any] = {
        "ensemble": ensemble,
        "storage": STORAGE,
        "selection": SelectionParams(select="all"),
        "maps": MAPS,
        "estimator": EstimatorParams(),
        "seed": 3,
        "device": "cpu",
    }
    return Explainer(**settings | changes)


def test_rows_in_order_with_votes_and_maps_of_the_healthy(
    explainer: Explainer, canvases: pa.Table
) -> None:
    out = explainer(canvases)
    assert {name: out.schema.field(name).type for name in EXPLAINED} == EXPLAINED
    assert out["shard_row"].to_pylist() == list(range(6))
    statuses = [None, None, "not_an_image", None, None, "bad_id"]
    assert out["status"].to_pylist() == statuses
    for row in out.to_pylist():
        healthy = row["status"] is None
        assert (row["votes"] is not None) == (row["maps"] is not None) == healthy
        assert (row["jackknife_maps"] is not None) == healthy
        assert (row["status_message"] is None) == healthy


def test_numbers_are_those_of_the_models(
    explainer: Explainer, canvases: pa.Table, ensemble: str
) -> None:
    row = explainer(canvases.slice(3, 1)).to_pylist()[0]
    files = find_ensemble(ensemble, STORAGE)
    networks = Ensemble.from_bytes(EnsembleSpec.from_dict(files.description), files.weights)
    pixels = np.frombuffer(row["canvas"], np.uint8).reshape(1, CANVAS_PX, CANVAS_PX, 3)
    sky, scale = np.array([row["sky"]], np.float32), np.array([row["scale"]], np.float32)
    image = networks.images(pixels, sky, scale)[0]
    expected = vote(networks, image)
    np.testing.assert_array_equal(np.float32(row["votes"]), expected.mean)
    np.testing.assert_array_equal(np.float32(row["votes_std"]), expected.std)
    seed = galaxy_seed(3, row["object_id"])
    assert row["maps"] == bar_maps(networks, image, MAPS, seed).tobytes()
    jackknife_maps = bar_maps_with_jackknife(networks, image, MAPS, seed, "maps").jackknife_maps
    assert row["jackknife_maps"] == jackknife_maps.tobytes()
    assert jackknife_maps.shape == (1, 3, CANVAS_PX, CANVAS_PX)


def test_a_control_adds_its_lengths_and_changes_nothing_else(
    ensemble: str, explainer: Explainer, canvases: pa.Table, tmp_path: Path
) -> None:
    path = tiny_control(tmp_path)
    out, without = make(ensemble, control=path)(canvases), explainer(canvases)
    assert out.drop([CONTROL.name]).equals(without.drop([CONTROL.name]))
    control = load_control(path, STORAGE)
    for row in out.to_pylist():
        if row["status"] is not None:
            assert row[CONTROL.name] is None
            continue
        pixels = np.frombuffer(row["canvas"], np.uint8).reshape(1, CANVAS_PX, CANVAS_PX, 3)
        sky, scale = np.array([row["sky"]], np.float32), np.array([row["scale"]], np.float32)
        expected = control.lengths_over_radius(pixels, sky, scale)[0] * row["galaxy_radius_px"]
        assert row[CONTROL.name] == pytest.approx(expected)
    none = SelectionParams(select="none")
    assert make(ensemble, control=path, selection=none)(canvases)[CONTROL.name].null_count == 6


def test_arms_get_a_map_where_voters_see_them_and_nothing_else_changes(
    ensemble: str, explainer: Explainer, canvases: pa.Table
) -> None:
    out, without = make(ensemble, spiral_arms=True)(canvases), explainer(canvases)
    assert out.drop(["arms_map"]).equals(without.drop(["arms_map"]))
    assert without["arms_map"].null_count == len(without)
    files = find_ensemble(ensemble, STORAGE)
    networks = Ensemble.from_bytes(EnsembleSpec.from_dict(files.description), files.weights)
    seen = 0
    for row in out.to_pylist():
        asked = row["votes"] is not None and conditional(row["votes"], SPIRAL) >= 0.5
        assert (row["arms_map"] is not None) == asked
        if asked:
            image = explainer._image(row)
            of = (networks, image, [SPIRAL], MAPS, galaxy_seed(3, row["object_id"]))
            assert row["arms_map"] == answer_maps(*of).astype(np.float32).tobytes()
            seen += 1
    assert seen
    none = SelectionParams(select="none")
    assert make(ensemble, spiral_arms=True, selection=none)(canvases)["arms_map"].null_count == 6


def test_all_selected_get_a_map_of_the_bulge_which_leaves_the_arms_as_they_are(
    ensemble: str, explainer: Explainer, canvases: pa.Table
) -> None:
    both = make(ensemble, spiral_arms=True, bulge=True)(canvases)
    arms, plain = make(ensemble, spiral_arms=True)(canvases), explainer(canvases)
    beside = ["arms_map", "bulge_map"]
    assert both.drop(beside).equals(plain.drop(beside))
    assert plain["bulge_map"].null_count == len(plain)
    for row, alone in zip(both.to_pylist(), arms.to_pylist(), strict=True):
        assert (row["bulge_map"] is None) == (row["maps"] is None)
        assert (row["arms_map"] is None) == (alone["arms_map"] is None)
        if row["arms_map"] is not None:
            of_arms = (np.frombuffer(r["arms_map"], np.float32) for r in (row, alone))
            np.testing.assert_allclose(*of_arms, atol=1e-6)
        if row["maps"] is not None:
            of = (explainer._image(row), BULGE_ANSWERS, MAPS, galaxy_seed(3, row["object_id"]))
            obvious, dominant = answer_maps(explainer.ensemble, *of)
            found = np.frombuffer(row["bulge_map"], np.float32).reshape(CANVAS_PX, CANVAS_PX)
            np.testing.assert_allclose(found, (obvious + dominant) / 2, atol=1e-6)


def test_nothing_is_left_out_where_no_sampling_error_is_asked_for(
    ensemble: str, explainer: Explainer, canvases: pa.Table
) -> None:
    one = canvases.slice(3, 1)
    without = make(ensemble, estimator=EstimatorParams(error_sampling=0.0))(one)
    assert without["jackknife_maps"].null_count == 1
    assert without["maps"].equals(explainer(one)["maps"])


def test_neighbours_and_batches_change_nothing(explainer: Explainer, canvases: pa.Table) -> None:
    whole = explainer(canvases)
    apart = [explainer(canvases.slice(i, 1)) for i in reversed(range(6))]
    assert pa.concat_tables(reversed(apart)).equals(whole)


def test_the_shipped_networks_do_not_depend_on_company_order_or_process(tmp_path: Path) -> None:
    pq.write_table(mock_table(11, range(4)), tmp_path / "mocks.parquet")
    shard = list_shards(str(tmp_path))[0]
    rows = pa.concat_tables(read_rows(shard, None, str(tmp_path), STORAGE))
    spec = EnsembleSpec.from_dict(find_ensemble(SHIPPED[0], STORAGE).description)
    cut = Decoder(field=spec.field, limits=ImageLimits(), scale="given")(rows)
    maps = replace(MAPS, samples=6, view=ViewParams(width=0.72, rotate=True, reflect=True))
    whole = make(SHIPPED[0], maps=maps)(cut)
    assert whole["maps"].null_count == 0
    other = make(SHIPPED[0], maps=replace(maps, chunk=2))  # as another process builds it
    apart = [other(cut.slice(i, 1)) for i in reversed(range(4))]
    assert pa.concat_tables(reversed(apart)).equals(whole)


def test_only_the_selected_get_maps(
    ensemble: str, canvases: pa.Table, explainer: Explainer
) -> None:
    fractions = sorted(f for f in explainer(canvases)["bar_fraction"].to_pylist() if f is not None)
    selection = SelectionParams(reached_min=0.0, bar_min=(fractions[1] + fractions[2]) / 2)
    out = make(ensemble, selection=selection)(canvases).to_pylist()
    chosen = [row for row in out if row["maps"] is not None]
    assert sorted(row["bar_fraction"] for row in chosen) == fractions[2:]
    passed = [row["status"] for row in out if row["votes"] is not None and row["maps"] is None]
    assert passed == ["not_selected"] * 2


def test_the_runs_seed_changes_the_noise_and_nothing_else(
    ensemble: str, explainer: Explainer, canvases: pa.Table
) -> None:
    one, other = explainer(canvases), make(ensemble, seed=4)(canvases)
    assert one["votes"].equals(other["votes"])
    assert one["maps"][0] != other["maps"][0]


def test_a_galaxy_that_cannot_be_computed_fails_alone(
    explainer: Explainer, canvases: pa.Table
) -> None:
    index = canvases.column_names.index("scale")
    scale = canvases["scale"].to_pylist()
    scale[1] = 0.0  # its pixels become infinite
    broken = canvases.set_column(index, "scale", pa.array(scale, pa.float64()))
    rows = explainer(broken).to_pylist()
    assert [r["status"] for r in rows] == [None, "failed", "not_an_image", None, None, "bad_id"]
    assert "FloatingPointError: the networks' votes are not finite" in rows[1]["status_message"]
    assert rows[1]["votes"] is None


@pytest.mark.parametrize("error", [MemoryError, torch.OutOfMemoryError])
def test_a_machine_that_fails_is_not_the_galaxys_fault(
    ensemble: str, canvases: pa.Table, error: type[BaseException]
) -> None:
    explainer = make(ensemble)

    def fail(*_: Any) -> None:
        raise error("no memory left")

    explainer.ensemble.images = fail  # type: ignore[method-assign,assignment]
    with pytest.raises(error, match="no memory left"):
        explainer(canvases)


def test_altered_weights_never_load(ensemble: str, tmp_path: Any) -> None:
    from pathlib import Path
    from shutil import copytree

    folder = Path(copytree(Path(ensemble).parent, tmp_path / "altered"))
    weights = bytearray((folder / "first.safetensors").read_bytes())
    weights[-1] ^= 1
    (folder / "first.safetensors").write_bytes(weights)
    with pytest.raises(ValueError, match=r"first\.safetensors.*sha256"):
        make(str(folder))
