"""What the benchmarks of maps beside the bar's share: galaxies, networks, the way to print."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from actors.find_ensemble import find_ensemble
from actors.load_networks import load_ensemble
from catalogues.galaxyzoo import NOT_EDGE_ON
from catalogues.images.decode import decode
from catalogues.mocks.galaxy import MockGalaxy
from catalogues.mocks.table import draw_galaxy
from catalogues.shards.splits import part_of
from catalogues.storage import StorageOptions
from models.preprocess import Canvas, canvas
from models.recipe import Recipe
from models.saliency.answer_maps import answer_maps, with_few_samples
from models.saliency.bar_maps import vote
from models.saliency.seeds import galaxy_seed
from models.validation.numbers import BootstrapParams, Number
from tests.benchmarks import timing

INTERVAL = BootstrapParams(level=0.95)
_ARGUMENT_SEED = 7009
_REACHED_MIN = 0.25


def parser(words: str | None) -> argparse.ArgumentParser:
    """The command line: mock discs, or EFIGI's galaxies of the test part."""
    made = timing.parser(words)
    made.add_argument("--galaxies", type=int, help="at most; default: 200 mocks, all of EFIGI")
    made.add_argument("--seed", type=int, default=_ARGUMENT_SEED)
    made.add_argument("--efigi", type=Path)
    return made


def discs(seed: int) -> Iterator[MockGalaxy]:
    """Those of a mock sky that are not edge-on, without end."""
    number = 0
    while True:
        galaxy, number = draw_galaxy(seed, number), number + 1
        if galaxy.kind in ("barred", "unbarred"):
            yield galaxy


def efigi(folder: Path, count: int | None) -> Iterator[tuple[int, bytes, dict[str, float]]]:
    """(PGC number, image, attributes, NaN for unknown) of the first `count` of the test part."""
    with open(folder / "efigi_attributes.csv", newline="") as file:
        rows = [r for r in csv.DictReader(file) if part_of(int(r["PGCname"][3:])) == "test"]
    for row in rows[:count]:
        name = row.pop("PGCname")
        known = {key: float(value) for key, value in row.items()}
        known = {key: value if value >= 0 else np.nan for key, value in known.items()}
        yield int(name[3:]), (folder / "thumbs88" / f"{name}.jpg").read_bytes(), known


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A galaxy before the networks: its canvas, the same normalised, and its votes (37,)."""

    cut: Canvas
    image: Tensor
    votes: NDArray[np.float32]


class Networks:
    """The shipped ensemble with its own estimator, and maps as `measure` makes them."""

    def __init__(self) -> None:
        store = StorageOptions()
        self.ensemble = load_ensemble("compact", store)
        self.recipe = Recipe.from_dict(find_ensemble("compact", store).estimator or {})

    def look(self, data: bytes) -> Seen | None:
        """None for no image, or one that few voters would be asked about arms and bulge."""
        pixels = decode(data).pixels
        if pixels is None:
            return None
        cut = canvas(pixels, self.ensemble.spec.field)
        image = self.ensemble.image(cut)
        votes = vote(self.ensemble, image).mean
        return (
            None if votes[NOT_EDGE_ON] < _REACHED_MIN else Seen(cut=cut, image=image, votes=votes)
        )

    def maps(self, seen: Seen, identity: int, answers: Sequence[int]) -> NDArray[np.float64]:
        """(answers, S, S)."""
        params = with_few_samples(self.recipe.maps)
        return answer_maps(self.ensemble, seen.image, answers, params, galaxy_seed(1, identity))


def tell(numbers: Iterable[Number], path: Path | None) -> None:
    """Print value, interval and number of galaxies of each that is of any."""
    result: dict[str, Any] = {
        n.name: f"{n.value:.3f} ({n.low:.3f} to {n.high:.3f}, {n.n})" for n in numbers if n.n
    }
    timing.tell(result, path)
