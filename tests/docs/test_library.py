"""The page for users of the library and its notebook run as written."""

from __future__ import annotations

import importlib
import io
import json
import math
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from actors.find_ensemble import find_ensemble
from actors.load_networks import load_ensemble
from catalogues.images.decode import decode
from catalogues.mocks.population import draw_galaxy
from catalogues.mocks.render import encode_jpeg, render
from catalogues.storage import StorageOptions
from models.barlength import Placement, bar_of_map, place_bar, shipped_estimator
from models.preprocess import canvas
from models.recipe import Recipe
from models.saliency import galaxy_seed
from models.saliency.bar_maps import bar_maps_with_jackknife, light_of, vote
from pipelines.explain.one_image import OneByOne
from tests.docs.pages import DOCS, blocks, prose

PAGE, NOTEBOOK = DOCS / "library.md", DOCS / "library.ipynb"
MOST_BYTES = 400_000


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """One thread: several on a busy machine wait for each other. The number of torch's threads, the
    seed and the open figures are left as they were."""
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    torch.set_rng_state(state)
    plt.close("all")


def told(sources: list[str]) -> tuple[str, dict[str, Any]]:
    """What code prints, one piece after the other, and the names that it leaves."""
    known: dict[str, Any] = {"__name__": "library"}
    out = io.StringIO()
    with redirect_stdout(out):
        for source in sources:
            exec(compile(source, "library", "exec"), known)
    return out.getvalue(), known


def cells(kind: str) -> list[dict[str, Any]]:
    found = json.loads(NOTEBOOK.read_text())["cells"]
    return [cell for cell in found if cell["cell_type"] == kind]


@pytest.mark.long
@pytest.mark.timeout(400)
def test_every_block_of_the_page_runs() -> None:
    sources = blocks(PAGE, "python")
    assert len(sources) == 7
    said, known = told(sources)
    assert said.startswith("(2, 64, 64) 0.0 1.0\n")
    assert len(re.findall(r"arXiv:\d{4}\.\d{5}|MNRAS", said)) >= 11
    assert "diffuse round\n" in said
    galaxy, row = known["galaxy"], known["row"]
    assert known["found"].member_lengths_px.shape == (3,)
    for length in (known["placed"].length_px, row["bar_length_px"]):
        assert length == pytest.approx(galaxy.bar_length_px, rel=0.25)
    assert row["bar_length_arcsec"] == pytest.approx(0.396 * row["bar_length_px"], rel=1e-5)
    assert row["status"] == "measured"


def test_the_page_lists_names_that_exist() -> None:
    names = re.findall(r"^\| `(models[\w.]+)", prose(PAGE), re.MULTILINE)
    assert len(names) == 10
    for name in names:
        module, _, attribute = name.rpartition(".")
        handed_on = importlib.import_module(module)
        assert attribute in handed_on.__all__, name
        assert getattr(handed_on, attribute).__doc__, name


@pytest.mark.long
@pytest.mark.timeout(400)
def test_the_notebook_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    plt.switch_backend("Agg")
    _, known = told(["".join(cell["source"]) for cell in cells("code")])
    assert len(known["maps_of_methods"]) == 11
    assert known["placed"].length_px == pytest.approx(known["galaxy"].bar_length_px, rel=0.25)
    angle = known["placed"].position_angle_deg - known["galaxy"].bar_position_angle_deg
    assert abs((angle + 90) % 180 - 90) < 5
    assert not list(tmp_path.iterdir())


def test_the_notebook_is_stored_with_its_pictures_and_without_faults() -> None:
    assert NOTEBOOK.stat().st_size < MOST_BYTES
    assert not re.search(r"/(home|tmp|root|work|Users|opt)/", NOTEBOOK.read_text())
    outputs = [output for cell in cells("code") for output in cell["outputs"]]
    assert all(cell["execution_count"] for cell in cells("code"))
    assert {output["output_type"] for output in outputs} == {"stream", "display_data"}
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 4


def test_step_by_step_gives_the_numbers_of_the_command() -> None:
    galaxy = draw_galaxy(2026, 0)
    data = encode_jpeg(render(galaxy))
    one = OneByOne("compact", StorageOptions(), samples=8, seed=5)
    row = one.explain(f"{galaxy.object_id}.jpg", data).row

    ensemble = load_ensemble("compact", StorageOptions())
    recipe = Recipe.from_dict(find_ensemble("compact", StorageOptions()).estimator or {})
    assert recipe.estimator == shipped_estimator()
    how = replace(recipe.maps, samples=8)
    pixels = decode(data).pixels
    assert pixels is not None
    cut = canvas(pixels, ensemble.spec.field)
    image = ensemble.image(cut)
    votes = vote(ensemble, image)
    seed = galaxy_seed(5, galaxy.object_id)
    made = bar_maps_with_jackknife(ensemble, image, how, seed, recipe.estimator.combine)
    found = bar_of_map(
        made.maps, light_of(image), bar_fraction=votes.bar_fraction,
        jackknife_maps=made.jackknife_maps,
    )  # fmt: skip
    where = Placement(x0=cut.x0, y0=cut.y0, factor_x=cut.factor_x, factor_y=cut.factor_y)
    placed = place_bar(found, where)
    assert row["bar_length_px"] == pytest.approx(placed.length_px, rel=1e-5)
    assert row["bar_length_px_err"] == pytest.approx(placed.length_err_px, rel=1e-5)
    assert row["bar_fraction"] == pytest.approx(votes.bar_fraction, rel=1e-5)
    assert math.isfinite(found.sampling_err_px)
    np.testing.assert_allclose(row["bar_x_px"], placed.x_px, rtol=1e-5)
