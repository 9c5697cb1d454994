"""What lower precision changes: python -m tests.benchmarks.bench_precision [--galaxies N].

Barred mock galaxies with the shipped ensemble, as it is and in each precision that the device is
worth: 1 - correlation of each member's map with that in float32, change of the length in pixels of
the canvas (median, 99 % of galaxies, largest; found: bars found in both), and largest change of a
vote.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from torch import Tensor

from actors.find_ensemble import find_ensemble
from actors.load_networks import load_ensemble
from catalogues.storage import StorageOptions
from models.barlength.estimator import estimate_bar
from models.networks.ensemble import Ensemble
from models.networks.fast_gradients import Precision, SpeedParams
from models.recipe import Recipe
from models.saliency.bar_maps import bar_maps, light_of, vote
from models.statistics import pearson
from tests.benchmarks import timing
from tests.benchmarks.bench_samples import barred

PRECISIONS: tuple[Precision, ...] = ("bfloat16", "float16")


def explained(
    ensemble: Ensemble, images: list[Tensor], recipe: Recipe, samples: int
) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Members' maps (M, S, S), lengths (N,) in px and votes (N, 37) of galaxies."""
    params = replace(recipe.maps, samples=samples)
    maps = [bar_maps(ensemble, image, params, i) for i, image in enumerate(images)]
    lengths = [
        estimate_bar(made, recipe.estimator, light=light_of(image)).bar.length_px
        for made, image in zip(maps, images, strict=True)
    ]
    return maps, np.array(lengths), np.array([vote(ensemble, image).mean for image in images])


def main() -> None:
    """Measure and print."""
    parser = timing.parser(__doc__)
    parser.add_argument("--galaxies", type=int, help="default: 24, on a GPU 400")
    parser.add_argument("--samples", type=int, help="default: 64, on a GPU 256")
    options = parser.parse_args()
    device = timing.device()
    on_gpu = device.type == "cuda"
    count = 3 if options.quick else options.galaxies or (400 if on_gpu else 24)
    samples = 16 if options.quick else options.samples or (256 if on_gpu else 64)
    store = StorageOptions()
    recipe = Recipe.from_dict(find_ensemble("compact", store).estimator or {})
    loaded = partial(load_ensemble, "compact", store, str(device))
    exact = loaded(SpeedParams.none())
    images = barred(exact, count)
    maps, lengths, votes = explained(exact, images, recipe, samples)
    result: dict[str, Any] = {"galaxies": count, "samples": samples}
    for precision in PRECISIONS:
        speed = replace(SpeedParams.of(device, precision), lower_votes=True)
        made, found, said = explained(loaded(speed), images, recipe, samples)
        same = [pearson(a, b) for a, b in zip(np.concatenate(maps), np.concatenate(made), strict=True)]  # noqa: E501  # fmt: skip
        both = np.isfinite(lengths) & np.isfinite(found)
        change = np.abs(found - lengths)[both]
        result |= {
            f"{precision}_one_minus_correlation_largest": 1 - min(same),
            f"{precision}_one_minus_correlation_median": 1 - float(np.median(same)),
            f"{precision}_length_px_median": float(np.median(change)),
            f"{precision}_length_px_99_percent": float(np.quantile(change, 0.99)),
            f"{precision}_length_px_largest": float(change.max()),
            f"{precision}_found_in_both": int(both.sum()),
            f"{precision}_found_in_one": int((np.isfinite(lengths) != np.isfinite(found)).sum()),
            f"{precision}_vote_largest": float(np.abs(said - votes).max()),
        }
    timing.tell(result, options.json)


if __name__ == "__main__":
    main()
