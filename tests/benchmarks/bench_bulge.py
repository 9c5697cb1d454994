"""What the bulge's map is worth: python -m tests.benchmarks.bench_bulge [--efigi FOLDER].

Mock discs (--galaxies, --seed), or EFIGI's galaxies of the test part, that voters would be asked
about their bulge. Printed: Spearman's rho of the map's extent, pixels of the stored image, with
what is known of the bulge, with the seeing and with the galaxy's size, the same given size and
seeing, and for comparison that of the plain vote; the map's angle against those of the bar (EFIGI:
as measured) and of the disc's line of nodes, along which a mock's bulge lies. All discs, then those
that `measure` selects.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catalogues.galaxyzoo import BAR, conditional
from catalogues.mocks.table import encode_jpeg, render
from models.barlength.measure import measure_bar
from models.networks.selection import SelectionParams
from models.spiral_and_bulge import BULGE_ANSWERS, read_bulge
from models.statistics import angle_difference_deg, pearson, ranks, spearman
from models.validation.numbers import Number, number
from tests.benchmarks import structures, timing
from tests.benchmarks.structures import INTERVAL, Networks

_INCLINED_MAX = 0.85  # axis ratio of a bulge whose angle means something

Columns = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A galaxy, and what is known of it: see `TRUTHS`."""

    identity: int
    data: bytes
    known: dict[str, float] = field(default_factory=dict)


TRUTHS = ("radius_px", "light", "seeing_px", "bar_deg", "nodes_deg")
"""Of the bulge: effective radius and share of the light; seeing's FWHM; angles of bar and disc."""


def mocks(seed: int, count: int) -> Iterator[Subject]:
    """The first `count` discs of a mock sky."""
    for galaxy in islice(structures.discs(seed), count):
        bulge, px = galaxy.bulge, galaxy.pixel_scale_arcsec
        known = {
            "light": bulge.light if bulge else 0.0,
            "seeing_px": galaxy.psf_fwhm_arcsec[1] / px,
            "bar_deg": galaxy.bar_position_angle_deg,
        }
        if bulge:
            known["radius_px"] = bulge.radius_arcsec / px
            if bulge.axis_ratio < _INCLINED_MAX:
                known["nodes_deg"] = galaxy.position_angle_deg
        data = encode_jpeg(render(galaxy))
        yield Subject(identity=galaxy.object_id, data=data, known=known)


def efigi(folder: Path, count: int | None) -> Iterator[Subject]:
    """Its galaxies of the test part, at most `count`."""
    for identity, data, known in structures.efigi(folder, count):
        yield Subject(identity=identity, data=data, known={"light": known["Bulge_to_Total"]})


def readings(subjects: Iterator[Subject]) -> Columns:
    """What is known (NaN: unknown) and measured of those whose voters would be asked."""
    networks, rows = Networks(), []
    for subject in subjects:
        seen = networks.look(subject.data)
        if seen is None:
            continue
        bar, *parts = networks.maps(seen, subject.identity, (BAR, *BULGE_ANSWERS))
        found, factor = read_bulge(np.mean(parts, axis=0)), seen.cut.factor_x
        own = measure_bar(bar, networks.recipe.estimator.bar_length).position_angle_deg
        measured = {
            "extent_px": found.extent_px * factor,
            "angle_deg": found.position_angle_deg,
            "galaxy_px": seen.cut.radius_px,
            "vote": sum(float(conditional(seen.votes, a)) for a in BULGE_ANSWERS),
            "selected": float(SelectionParams().chosen(seen.votes)),
        }
        truth = {"bar_deg": own} | subject.known
        rows.append(measured | {name: truth.get(name, np.nan) for name in TRUTHS})
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def partial_rho(x: ArrayLike, y: ArrayLike, *given: ArrayLike) -> float:
    """Pearson's correlation of the ranks of x and y, (N,), once straight lines in those of what is
    given are taken out."""
    design = np.column_stack([np.ones(np.size(x)), *(ranks(g) for g in given)])
    rest = [r - design @ np.linalg.lstsq(design, r)[0] for r in (ranks(x), ranks(y))]
    return pearson(*rest)


def median_angle(a: ArrayLike, b: ArrayLike) -> float:
    """Of the differences in degrees, 0 to 90; 45 where the angles have nothing to do with each
    other."""
    apart = angle_difference_deg(a, b)
    return float(np.median(apart)) if apart.size else np.nan


def numbers(which: str, seen: Columns) -> list[Number]:
    """The figures of some galaxies, called `which`."""
    extent, size, seeing = (seen[n] for n in ("extent_px", "galaxy_px", "seeing_px"))

    def of(name: str, statistic: Any, *arrays: ArrayLike) -> Number:
        return number(f"{which}: {name}", statistic, *arrays, params=INTERVAL)

    out = [of("extent, rho with the seeing", spearman, extent, seeing)]
    out.append(of("extent, rho with the galaxy's size", spearman, extent, size))
    for name, what in (("radius_px", "effective radius"), ("light", "bulge-to-total")):
        truth = seen[name]
        out.append(of(f"extent, rho with {what}", spearman, extent, truth))
        out.append(of(f"extent, {what}, given size", partial_rho, extent, truth, size))
        out.append(
            of(f"extent, {what}, given size and seeing", partial_rho, extent, truth, size, seeing)
        )
        out.append(of(f"vote, rho with {what}", spearman, seen["vote"], truth))
    for name, what in (("bar_deg", "bar"), ("nodes_deg", "line of nodes")):
        out.append(of(f"angle from the {what}", median_angle, seen["angle_deg"], seen[name]))
    return out


def main() -> None:
    """Measure and print."""
    options = structures.parser(__doc__).parse_args()
    timing.device()
    count = 12 if options.quick else options.galaxies
    subjects = efigi(options.efigi, count) if options.efigi else mocks(options.seed, count or 200)
    seen = readings(subjects)
    chosen = {name: values[seen["selected"] > 0.5] for name, values in seen.items()}
    structures.tell(numbers("all", seen) + numbers("selected", chosen), options.json)


if __name__ == "__main__":
    main()
