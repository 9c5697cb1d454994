"""What the reading of spiral arms is worth: python -m tests.benchmarks.bench_arms [--efigi FOLDER].

Mock discs (--galaxies, --seed), or EFIGI's galaxies of the test part, whose voters see arms; each
read in the map of the shipped ensemble and, for comparison, in the galaxy's own light. Printed: how
often the sense of winding is the true one, for all discs that are not too inclined and for those
with clear arms (models/SCIENCE.md, section 6), the number of arms, and how pitch and strength rank.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actors.explainer import find_ensemble, load_ensemble
from catalogues.galaxyzoo import NOT_EDGE_ON, SPIRAL
from catalogues.images import decode
from catalogues.mocks import draw_galaxy, encode_jpeg, render
from catalogues.splits import part_of
from catalogues.storage import StorageOptions
from models.arms import SpiralArms, arms_seen, brightness, read_arms
from models.explanation import vote
from models.numbers import BootstrapParams, Number, number, share
from models.preprocess import canvas
from models.question_maps import answer_maps, with_few_samples
from models.recipe import Recipe
from models.saliency import galaxy_seed
from models.statistics import spearman
from tests.benchmarks import timing

_INTERVAL = BootstrapParams(level=0.95)
_LIGHT_MIN = 0.08
_FLAT_MIN = 0.5


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A galaxy, and what is known of its arms: sense +1 (counter-clockwise outward) or -1, `size`
    of the pitch or what ranks with it, number and strength; NaN for unknown."""

    identity: int
    data: bytes
    sense: float
    pitch: float
    arms: float = np.nan
    strength: float = np.nan


def mocks(seed: int, count: int) -> Iterator[Subject]:
    """The first `count` discs with arms of a mock sky."""
    number = 0
    while count:
        galaxy, number = draw_galaxy(seed, number), number + 1
        if galaxy.kind in ("barred", "unbarred") and galaxy.spiral:
            arms, count = galaxy.spiral, count - 1
            yield Subject(
                identity=galaxy.object_id, data=encode_jpeg(render(galaxy)), sense=arms.winding,
                pitch=arms.pitch_deg, arms=arms.arms,
            )  # fmt: skip


def efigi(folder: Path, count: int | None) -> Iterator[Subject]:
    """Its galaxies of the test part, at most `count`. Its curvature is high for tight arms."""
    with open(folder / "efigi_attributes.csv", newline="") as file:
        rows = [r for r in csv.DictReader(file) if part_of(int(r["PGCname"][3:])) == "test"]
    for row in rows[:count]:
        turn, bend, strength = (
            float(row[f"Arm_{name}"]) for name in ("Rotation", "Curvature", "Strength")
        )
        yield Subject(
            identity=int(row["PGCname"][3:]),
            data=(folder / "thumbs88" / f"{row['PGCname']}.jpg").read_bytes(),
            sense=np.sign(turn - 0.5) if turn >= 0 and turn != 0.5 else np.nan,
            pitch=-bend if bend >= 0 else np.nan,
            strength=strength if strength >= 0 else np.nan,
        )


def readings(subjects: Iterator[Subject]) -> list[tuple[Subject, SpiralArms, SpiralArms]]:
    """(subject, in the map, in the light) of those whose voters see arms."""
    store = StorageOptions()
    ensemble = load_ensemble("compact", store)
    params = with_few_samples(
        Recipe.from_dict(find_ensemble("compact", store).estimator or {}).maps
    )
    found = []
    for subject in subjects:
        pixels = decode(subject.data).pixels
        if pixels is None:
            continue
        cut = canvas(pixels, ensemble.spec.field)
        image = ensemble.image(cut)
        votes = vote(ensemble, image).mean
        if votes[NOT_EDGE_ON] < 0.25 or not arms_seen(votes):
            continue
        seed = galaxy_seed(1, subject.identity)
        (saliency,) = answer_maps(ensemble, image, [SPIRAL], params, seed)
        light = brightness(cut.pixels, np.array(cut.sky), cut.scale)
        alone = np.where(light > _LIGHT_MIN, light, 0.0)
        found.append((subject, read_arms(saliency, light), read_arms(alone, light)))
    return found


def numbers(found: list[tuple[Subject, SpiralArms, SpiralArms]]) -> list[Number]:
    """The figures, for the map and for the light, of the same galaxies."""
    truth = {n: np.array([getattr(s, n) for s, _, _ in found]) for n in ("sense", "pitch", "arms", "strength")}  # noqa: E501  # fmt: skip
    by_map, by_light = (_columns([row[i] for row in found]) for i in (1, 2))
    flat = by_map["disc_axis_ratio"] > _FLAT_MIN
    clear = np.array([read.is_clear for _, read, _ in found])
    out = []
    for name, seen in (("map", by_map), ("light", by_light)):
        for which, chosen in (("not too inclined", flat), ("clear", clear)):
            known = chosen & np.isfinite(truth["sense"])
            right = np.sign(seen["pitch_deg"]) == truth["sense"]
            out.append(share(f"sense of winding, {which}, {name}", right[known], _INTERVAL))
        known = clear & np.isfinite(truth["arms"])
        right = seen["arms"] == truth["arms"]
        out.append(share(f"number of arms, clear, {name}", right[known], _INTERVAL))
        ranked = (("pitch", np.abs(seen["pitch_deg"]), clear), ("strength", seen["strength"], flat))
        for what, values, chosen in ranked:
            pair = values[chosen], truth[what][chosen]
            out.append(number(f"{what}, rho, {name}", spearman, *pair, params=_INTERVAL))
    return [n for n in out if n.n]


def _columns(read: list[SpiralArms]) -> dict[str, NDArray[Any]]:
    names = ("pitch_deg", "arms", "strength", "disc_axis_ratio")
    return {name: np.array([getattr(r, name) for r in read]) for name in names}


def main() -> None:
    """Measure and print."""
    parser = timing.parser(__doc__)
    parser.add_argument("--galaxies", type=int, help="default: 200 mocks, all of EFIGI")
    parser.add_argument("--seed", type=int, default=7009)
    parser.add_argument("--efigi", type=Path)
    options = parser.parse_args()
    timing.device()
    count = 12 if options.quick else options.galaxies
    subjects = efigi(options.efigi, count) if options.efigi else mocks(options.seed, count or 200)
    result: dict[str, Any] = {}
    for found in numbers(readings(subjects)):
        interval = f"({found.low:.3f} to {found.high:.3f}, {found.n})"
        result[found.name] = f"{found.value:.3f} {interval}"
    timing.tell(result, options.json)


if __name__ == "__main__":
    main()
