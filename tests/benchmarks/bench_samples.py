"""Length against cost: python -m tests.benchmarks.bench_samples [--images FOLDER].

Barred mock galaxies, or the images of a folder, with the shipped ensemble, each measured several
times with other noise, for several N, with plain and with antithetic noise. Printed for each: the
mean square scatter of the mean map between repeats over its mean square, and the median over
galaxies of the relative standard deviation of the length; and how many plain samples an antithetic
one is worth.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from actors.find_ensemble import find_ensemble
from catalogues.galaxyzoo import BAR
from catalogues.images.decode import decode
from catalogues.mocks.table import mock_table
from catalogues.storage import StorageOptions
from models.barlength.estimator import mean_map, read_bar
from models.networks.ensemble import Ensemble
from models.networks.spec import EnsembleSpec
from models.preprocess import canvas
from models.recipe import Recipe
from models.saliency.bar_maps import light_of
from models.saliency.gradients import finish, mean_gradients
from models.saliency.params import SmoothGradParams
from tests.benchmarks import timing

WAYS = ("plain", "antithetic")


def bar_map(ensemble: Ensemble, image: Tensor, params: SmoothGradParams, seed: int) -> np.ndarray:
    """Mean over members of one galaxy's maps, (S, S)."""
    means = [mean_gradients(member, image, [BAR], params, seed) for member in ensemble.members]
    return mean_map(np.stack([finish(m, image, params)[0].cpu().numpy() for m in means]))


def barred(ensemble: Ensemble, count: int, folder: Path | None = None) -> list[Tensor]:
    """Images of mock galaxies, or of a folder's, whose bars the networks see; at most `count`."""
    files = (path.read_bytes() for path in sorted(folder.glob("*.jp*g"))) if folder else _mocks()
    images = (_image(ensemble, data) for data in files)
    seen = (image for image in images if image is not None and _is_barred(ensemble, image))
    return list(itertools.islice(seen, count))


def _mocks() -> Iterator[bytes]:
    for number in itertools.count():
        yield mock_table(4242, [number]).to_pylist()[0]["image"]["bytes"]


def _image(ensemble: Ensemble, data: bytes) -> Tensor | None:
    pixels = decode(data).pixels
    return None if pixels is None else ensemble.image(canvas(pixels, ensemble.spec.field))


def _is_barred(ensemble: Ensemble, image: Tensor) -> bool:
    return bool(ensemble.votes(image[None])[:, 0, BAR].mean() > 0.5)


def main() -> None:
    """Measure and print."""
    parser = timing.parser(__doc__)
    parser.add_argument("--galaxies", type=int, default=24)
    parser.add_argument("--images", type=Path, help="a folder of JPEGs instead of mock galaxies")
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--samples", type=int, nargs="+", default=[16, 32, 64, 128, 256])
    options = parser.parse_args()
    if options.quick:
        options.galaxies, options.repeats, options.samples = 3, 3, [16]
    files = find_ensemble("compact", StorageOptions())
    spec, recipe = EnsembleSpec.from_dict(files.description), Recipe.from_dict(files.estimator)
    ensemble = Ensemble.from_bytes(spec, files.weights, str(timing.device()))
    reading = replace(recipe.estimator, member_powers=())  # of the mean map alone
    images = barred(ensemble, options.galaxies, options.images)
    result: dict[str, Any] = {}
    for samples in options.samples:
        for way in WAYS:
            params = replace(recipe.maps, samples=samples, antithetic=way == "antithetic")
            scatter, lengths = [], []
            for image in images:
                maps = [bar_map(ensemble, image, params, s) for s in range(options.repeats)]
                scatter.append(np.var(maps, axis=0, ddof=1).sum() / np.square(maps).mean(0).sum())
                light = light_of(image)
                found = np.array([read_bar(m[None], reading, light).length_px for m in maps])
                lengths.append(found.std(ddof=1) / found.mean())  # NaN where one is not found
            result[f"map_scatter_{way}_{samples}"] = float(np.mean(scatter))
            result[f"length_scatter_{way}_{samples}"] = float(np.nanmedian(lengths))
        plain, other = (result[f"map_scatter_{way}_{samples}"] for way in WAYS)
        result[f"worth_of_an_antithetic_sample_{samples}"] = plain / other
    timing.tell(result, options.json)


if __name__ == "__main__":
    main()
