"""Length against cost: python -m tests.benchmarks.bench_samples [--galaxies N] [--json FILE].

Barred mock galaxies with the shipped ensemble, each measured several times with other noise, for
several N and three ways to draw it: "plain"; "antithetic", samples in pairs with e and -e, each
through its own view; "paired", pairs that share a view too. Printed for each: the mean square
scatter of the mean map between repeats over its mean square, and the median over galaxies of the
relative standard deviation of the length; and how many plain samples would scatter as little.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from actors.explainer import find_ensemble
from catalogues.galaxyzoo import BAR
from catalogues.images import decode
from catalogues.mocks import mock_table
from catalogues.storage import StorageOptions
from models.ensemble import Ensemble, EnsembleSpec
from models.estimator import mean_map, read_bar
from models.preprocess import canvas
from models.recipe import Recipe
from models.saliency import SmoothGradParams, draw_noise, finish, mean_gradients
from tests.benchmarks import timing

WAYS = ("plain", "antithetic", "paired")


def pairs(seed: int, samples: int, side: int, device: torch.device) -> Tensor:
    """e_0, -e_0, e_1, -e_1, ...: (samples, 3, side, side)."""
    half = draw_noise((3, side, side), seed, 0, samples // 2, device)
    return torch.stack([half, -half], dim=1).flatten(0, 1)


def bar_map(
    ensemble: Ensemble, image: Tensor, params: SmoothGradParams, seed: int, way: str
) -> np.ndarray:
    """Mean over members of one galaxy's maps, (S, S)."""
    maps = []
    for member in ensemble.members:
        side = member.spec.input_px
        if way == "plain":
            mean = mean_gradients(member, image, [BAR], params, seed)
        elif way == "antithetic":
            noise = pairs(seed, params.samples, side, image.device)
            mean = mean_gradients(member, image, [BAR], params, seed, noise)
        else:  # the same views for e_k and -e_k: two runs of half as many samples
            noise = draw_noise((3, side, side), seed, 0, params.samples // 2, image.device)
            half = replace(params, samples=params.samples // 2)
            mean = sum(mean_gradients(member, image, [BAR], half, seed, s * noise) for s in (1, -1))
        maps.append(finish(mean, image, params)[0].cpu().numpy())
    return mean_map(np.stack(maps))


def barred(ensemble: Ensemble, count: int) -> list[Tensor]:
    """Images of mock galaxies whose bars the networks see."""
    found: list[Tensor] = []
    number = 0
    while len(found) < count:
        row = mock_table(4242, [number]).to_pylist()[0]
        cut = canvas(decode(row["image"]["bytes"]).pixels, ensemble.spec.field)
        sky, scale = np.array([cut.sky], np.float32), np.array([cut.scale], np.float32)
        image = ensemble.images(cut.pixels[None], sky, scale)[0]
        if ensemble.votes(image[None])[:, 0, BAR].mean() > 0.5:
            found.append(image)
        number += 1
    return found


def main() -> None:
    """Measure and print."""
    parser = timing.parser(__doc__)
    parser.add_argument("--galaxies", type=int, default=24)
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--samples", type=int, nargs="+", default=[16, 32, 64, 128, 256])
    options = parser.parse_args()
    if options.quick:
        options.galaxies, options.repeats, options.samples = 3, 3, [16]
    files = find_ensemble("compact", StorageOptions())
    spec, recipe = EnsembleSpec.from_dict(files.description), Recipe.from_dict(files.estimator)
    ensemble = Ensemble.from_bytes(spec, files.weights, str(timing.device()))
    images = barred(ensemble, options.galaxies)
    result: dict[str, Any] = {}
    for samples in options.samples:
        params = replace(recipe.maps, samples=samples)
        for way in WAYS:
            scatter, lengths = [], []
            for image in images:
                maps = [bar_map(ensemble, image, params, s, way) for s in range(options.repeats)]
                scatter.append(np.var(maps, axis=0, ddof=1).sum() / np.square(maps).mean(0).sum())
                found = np.array([read_bar(m[None], recipe.reading).length_px for m in maps])
                lengths.append(found.std(ddof=1) / found.mean())  # NaN where one is not found
            result[f"map_scatter_{way}_{samples}"] = float(np.mean(scatter))
            result[f"length_scatter_{way}_{samples}"] = float(np.nanmedian(lengths))
        plain = result[f"map_scatter_plain_{samples}"]
        for way in WAYS[1:]:
            worth = plain / result[f"map_scatter_{way}_{samples}"]
            result[f"worth_of_a_sample_{way}_{samples}"] = worth
    timing.tell(result, options.json)


if __name__ == "__main__":
    main()
