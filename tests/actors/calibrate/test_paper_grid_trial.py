"""Maps of drawn galaxies on disk, and the grid over them: called as Ray calls them, without Ray."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from actors.calibrate.map_maker import MapMaker, MapMakerParams, Rows
from actors.calibrate.paper_grid_trial import GALAXIES, GridTask, measure_and_score
from catalogues.runs.array_cache import GREY, MapCache, noise_kind
from catalogues.storage import StorageOptions
from models.calibration.paper_grid import AVERAGE_MAPS, AVERAGE_MEASUREMENTS
from models.calibration.params import GridParams
from models.networks.selection import SelectionParams
from models.saliency.params import SmoothGradParams
from models.statistics import pearson
from tests.reference.algorithm1 import algorithm_1
from tests.survey import CANVAS_PX, galaxy_rows, tiny_ensemble, write_shard

COUNT = 6
AXES = GridParams(noise_fractions=(0.1, 0.25), correlations=(0.7, 0.85), pixel_minima=(4, 40))
MEMBERS = ("first", "second")


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shard of galaxies, the fourth without an image, and an ensemble."""
    folder = tmp_path_factory.mktemp("survey")
    rows = galaxy_rows(COUNT)
    rows[3]["image"] = {"bytes": b"no image", "path": None}
    write_shard(folder / "shards" / "a.parquet", rows)
    tiny_ensemble(folder / "tiny")
    return folder


@pytest.fixture(scope="module")
def params(survey: Path) -> MapMakerParams:
    """Three samples at two noise levels."""
    return MapMakerParams(
        input=str(survey / "shards"),
        cache=str(survey / "maps"),
        storage=StorageOptions(),
        ensemble=str(survey / "tiny" / "ensemble.json"),
        maps={
            noise_kind(n): replace(SmoothGradParams.paper(n), samples=3)
            for n in AXES.noise_fractions
        },
        selection=SelectionParams(select="all"),
        scale="given",
        seed=4,
        device="cpu",
    )


KINDS = (GREY, *map(noise_kind, AXES.noise_fractions))


@pytest.fixture(scope="module")
def drawn(survey: Path, params: MapMakerParams) -> MapCache:
    """The maps of galaxies 0, 1, 2, 4, 5, with 4's at the first noise level made before."""
    mapper = MapMaker(params)
    path = str(survey / "shards" / "a.parquet")
    only = Rows(path=path, shard_rows=COUNT, wanted=(4,))
    assert mapper.draw(only, {4: (noise_kind(0.1),)}) == 1
    cache = MapCache(params.cache)
    assert cache.present(noise_kind(0.1)) == {4}
    before = Path(cache.path(noise_kind(0.1), 4)).stat().st_mtime_ns
    everyone = Rows(path=path, shard_rows=COUNT, wanted=tuple(range(COUNT)))
    made = mapper.draw(everyone, cache.missing(KINDS, range(COUNT)))
    assert made == 5 * len(KINDS) - 1
    assert Path(cache.path(noise_kind(0.1), 4)).stat().st_mtime_ns == before
    return cache


def test_how_images_lie_on_their_maps(survey: Path, params: MapMakerParams) -> None:
    mapper = MapMaker(params)
    rows = Rows(path=str(survey / "shards" / "a.parquet"), shard_rows=COUNT, wanted=(0, 3, 5))
    seen = mapper.look(rows)
    assert [row["object_id"] for row in seen] == [0, 3, 5]
    assert seen[1]["note"].startswith("image: ")
    assert "map_px" not in seen[1]
    for row in (seen[0], seen[2]):
        assert row["image_px"] == 48
        assert row["pixel_scale_arcsec"] == 0.4
        assert 0.3 < row["map_px"] * CANVAS_PX / 48 < 3  # some galaxy radii around the galaxy


def test_a_map_does_not_depend_on_who_makes_it_when(
    survey: Path, params: MapMakerParams, drawn: MapCache, tmp_path: Path
) -> None:
    alone = MapMaker(replace(params, cache=str(tmp_path)))
    rows = Rows(path=str(survey / "shards" / "a.parquet"), shard_rows=COUNT, wanted=(4,))
    alone.draw(rows, {4: KINDS})
    for kind in KINDS:
        np.testing.assert_array_equal(MapCache(str(tmp_path)).read(kind, 4), drawn.read(kind, 4))
    assert not np.array_equal(drawn.read(KINDS[1], 4), drawn.read(KINDS[2], 4))


@pytest.mark.parametrize(("noise", "multiply"), [(0.1, False), (0.25, True)])
def test_every_point_is_the_correlation_of_literal_lengths(
    drawn: MapCache, tmp_path: Path, noise: float, multiply: bool
) -> None:
    ids = [0, 1, 2, 4, 5]
    known = np.array([12.0, 30.0, 17.0, 22.0, 9.0])
    unit = np.array([1.5, 1.2, 1.9, 0.7, 1.0])
    table = pa.table(
        {"object_id": [*ids, 3], "length": [*known, 5.0], "unit_per_map_px": [*unit, None]}
    )
    pq.write_table(table, tmp_path / GALAXIES)
    task = GridTask(
        output=str(tmp_path), cache=drawn.root, storage=StorageOptions(), members=MEMBERS,
        axes=AXES, noise_fraction=noise, multiply_by_input=multiply,
    )  # fmt: skip
    assert GridTask.from_config(asdict(task)) == task
    points = measure_and_score(task)
    assert len(points) == 4 * 2 * 2
    maps = []
    for i in ids:
        of_galaxy = drawn.read(noise_kind(noise), i)
        maps.append(of_galaxy * drawn.read(GREY, i) if multiply else of_galaxy)
    for point in points:
        limits = point.correlation_min, point.pixels_min
        each = np.array([[algorithm_1(m, *limits)[0] for m in of] for of in maps])
        if point.method in MEMBERS:
            lengths = each[:, MEMBERS.index(point.method)]
        elif point.method == AVERAGE_MAPS:
            means = [of.mean(axis=0, dtype=np.float64) for of in maps]
            lengths = np.array([algorithm_1(m, *limits)[0] for m in means])
        else:
            assert point.method == AVERAGE_MEASUREMENTS
            lengths = each.mean(axis=1)
        np.testing.assert_equal(point.pearson, pearson(known, lengths * unit))
        np.testing.assert_equal(point.pearson_on_map, pearson(known / unit, lengths))
        assert point.galaxies == 5
        assert point.noise_fraction == noise
        assert point.multiply_by_input is multiply
