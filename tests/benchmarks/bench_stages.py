"""What each stage takes for a galaxy, and a whole survey on paper from it.

    python -m tests.benchmarks.bench_stages [--galaxies 24] [--samples 256] [--json FILE]

Mock galaxies with the shipped ensemble in one process: image to canvas, votes (on a GPU of many
galaxies together), maps (with those that leave groups of samples out), maps to a bar. The survey's
arithmetic: models.survey_cost.
"""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from typing import Any

import torch

from actors.find_ensemble import find_ensemble
from catalogues.images.decode import decode
from catalogues.mocks.table import mock_table
from catalogues.storage import StorageOptions
from models.barlength.estimator import estimate_bar
from models.networks.ensemble import Ensemble
from models.networks.spec import EnsembleSpec
from models.preprocess import canvas
from models.recipe import Recipe
from models.saliency.bar_maps import bar_maps_with_jackknife, light_of
from models.survey_cost import SURVEYS, Machines, MeasuredRates, survey_estimate
from tests.benchmarks import timing

_TOGETHER = 64
SELECTED = 0.1  # of a survey's galaxies: about so many show a bar that most would see


def stages(galaxies: int, samples: int, device: torch.device) -> dict[str, float]:
    """Seconds per galaxy of each stage, by name."""
    files = find_ensemble("compact", StorageOptions())
    spec, recipe = EnsembleSpec.from_dict(files.description), Recipe.from_dict(files.estimator)
    ensemble = Ensemble.from_bytes(spec, files.weights, str(device))
    params = replace(recipe.maps, samples=samples)
    table = mock_table(4242, range(galaxies + 1))
    spent = dict.fromkeys(("decode", "votes", "maps", "read"), 0.0)
    for i, data in enumerate(table["image"].to_pylist()):
        found: dict[str, Any] = {}

        def cut(data: Any = data, found: dict[str, Any] = found) -> None:
            found["cut"] = canvas(decode(data["bytes"]).pixels, spec.field)

        def votes(found: dict[str, Any] = found) -> None:
            found["image"] = ensemble.image(found["cut"])
            ensemble.votes(found["image"][None]).cpu()

        def maps(i: int = i, found: dict[str, Any] = found) -> None:
            found["maps"] = bar_maps_with_jackknife(
                ensemble, found["image"], params, i, recipe.estimator.combine
            )

        def read(found: dict[str, Any] = found) -> None:
            made, light = found["maps"], light_of(found["image"])
            estimate_bar(made.maps, recipe.estimator, 0.5, made.jackknife_maps, light)

        for name, work in zip(spent, (cut, votes, maps, read), strict=True):
            on = device if name in ("votes", "maps") else torch.device("cpu")
            taken = timing.once(work, on)
            spent[name] += taken if i else 0.0  # the first one warms up
    if device.type == "cuda":  # where the pipeline asks for the votes of many galaxies at once
        many = found["image"].expand(_TOGETHER * galaxies, -1, -1, -1)
        spent["votes"] = timing.once(lambda: ensemble.votes(many).cpu(), device) / _TOGETHER
    return {name: seconds / galaxies for name, seconds in spent.items()}


def main() -> None:
    """Measure and print."""
    parser = timing.parser(__doc__)
    parser.add_argument("--galaxies", type=int, default=24)
    parser.add_argument("--samples", type=int, default=256)
    options = parser.parse_args()
    if options.quick:
        options.galaxies, options.samples = 3, 16
    device, start = timing.device(), time.perf_counter()
    seconds = stages(options.galaxies, options.samples, device)
    rates = MeasuredRates(
        votes_per_s=1 / seconds["votes"],
        maps_per_s=1 / seconds["maps"] * options.samples / 256,
        decode_per_s=1 / seconds["decode"],
        read_per_s=1 / seconds["read"],
        selected_fraction=SELECTED,
    )
    gpus = 1 if device.type == "cuda" else 0
    machines = Machines(gpus=gpus, cores=16)
    result: dict[str, Any] = {f"{name}_ms": 1e3 * s for name, s in seconds.items()}
    result |= {"samples": options.samples, "wall_s": time.perf_counter() - start, **asdict(rates)}
    for name, galaxies in SURVEYS.items():
        estimate = survey_estimate(galaxies, rates, machines)
        key = name.replace(" ", "_")
        result |= {
            f"{key}_network_hours": estimate.network_hours,
            f"{key}_core_hours": estimate.core_hours,
            f"{key}_hours_{gpus}_gpus_16_cores": estimate.hours,
        }
    timing.tell(result, options.json)


if __name__ == "__main__":
    main()
