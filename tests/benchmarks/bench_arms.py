"""What the reading of spiral arms is worth: python -m tests.benchmarks.bench_arms [--efigi FOLDER].

Mock discs (--galaxies, --seed), or EFIGI's galaxies of the test part, whose voters see arms; each
read in the map of the shipped ensemble and, for comparison, in the galaxy's own light. Printed: how
often the sense of winding is the true one, for all discs that are not too inclined and for those
with clear arms (docs/science.md, section 6), the number of arms, how pitch and strength rank, and
what a constant pitch and number would give.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalogues.galaxyzoo import SPIRAL
from catalogues.mocks.table import encode_jpeg, render
from models.preprocess import brightness
from models.spiral_and_bulge import SpiralArms, arms_seen, read_arms
from models.statistics import median_absolute_error, spearman
from models.validation.numbers import Number, number, share
from tests.benchmarks import structures, timing
from tests.benchmarks.structures import INTERVAL, Networks

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
    for galaxy in islice((g for g in structures.discs(seed) if g.spiral), count):
        arms = galaxy.spiral
        assert arms is not None
        yield Subject(
            identity=galaxy.object_id, data=encode_jpeg(render(galaxy)), sense=arms.winding,
            pitch=arms.pitch_deg, arms=arms.arms,
        )  # fmt: skip


def efigi(folder: Path, count: int | None) -> Iterator[Subject]:
    """Its galaxies of the test part, at most `count`. Its curvature is high for tight arms."""
    for identity, data, known in structures.efigi(folder, count):
        turn = known["Arm_Rotation"]
        yield Subject(
            identity=identity,
            data=data,
            sense=np.nan if turn == 0.5 else np.sign(turn - 0.5),
            pitch=-known["Arm_Curvature"],
            strength=known["Arm_Strength"],
        )


def readings(subjects: Iterator[Subject]) -> list[tuple[Subject, SpiralArms, SpiralArms]]:
    """(subject, in the map, in the light) of those whose voters see arms."""
    networks = Networks()
    found = []
    for subject in subjects:
        seen = networks.look(subject.data)
        if seen is None or not arms_seen(seen.votes):
            continue
        (saliency,) = networks.maps(seen, subject.identity, [SPIRAL])
        light = brightness(seen.cut.pixels, np.array(seen.cut.sky), seen.cut.scale)
        alone = np.where(light > _LIGHT_MIN, light, 0.0)
        found.append((subject, read_arms(saliency, light), read_arms(alone, light)))
    return found


def numbers(found: list[tuple[Subject, SpiralArms, SpiralArms]]) -> list[Number]:
    """The figures, for the map and for the light, of the same galaxies."""
    truth = {n: np.array([getattr(s, n) for s, _, _ in found]) for n in ("sense", "pitch", "arms", "strength")}  # noqa: E501  # fmt: skip
    by_map, by_light = (_columns([row[i] for row in found]) for i in (1, 2))
    flat = by_map["disc_axis_ratio"] > _FLAT_MIN
    clear = np.array([read.is_clear for _, read, _ in found])
    counted = clear & np.isfinite(truth["arms"])
    pitches = truth["pitch"][counted]
    constant = {
        "pitch_deg": np.full(len(found), np.median(pitches) if pitches.size else np.nan),
        "arms": np.full(len(found), 2),
    }
    out = []
    for name, seen in (("map", by_map), ("light", by_light)):
        for which, chosen in (("not too inclined", flat), ("clear", clear)):
            known = chosen & np.isfinite(truth["sense"])
            right = np.sign(seen["pitch_deg"]) == truth["sense"]
            out.append(share(f"sense of winding, {which}, {name}", right[known], INTERVAL))
        ranked = (("pitch", np.abs(seen["pitch_deg"]), clear), ("strength", seen["strength"], flat))
        for what, values, chosen in ranked:
            pair = values[chosen], truth[what][chosen]
            out.append(number(f"{what}, rho, {name}", spearman, *pair, params=INTERVAL))
    for name, seen in (("map", by_map), ("light", by_light), ("a constant", constant)):
        right = seen["arms"] == truth["arms"]
        out.append(share(f"number of arms, clear, {name}", right[counted], INTERVAL))
        pair = pitches, np.abs(seen["pitch_deg"])[counted]
        what = f"pitch, median error in deg, clear, {name}"
        out.append(number(what, median_absolute_error, *pair, params=INTERVAL))
    return out


def _columns(read: list[SpiralArms]) -> dict[str, NDArray[Any]]:
    names = ("pitch_deg", "arms", "strength", "disc_axis_ratio")
    return {name: np.array([getattr(r, name) for r in read]) for name in names}


def main() -> None:
    """Measure and print."""
    options = structures.parser(__doc__).parse_args()
    timing.device()
    count = 12 if options.quick else options.galaxies
    subjects = efigi(options.efigi, count) if options.efigi else mocks(options.seed, count or 200)
    structures.tell(numbers(readings(subjects)), options.json)


if __name__ == "__main__":
    main()
