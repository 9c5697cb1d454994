"""Explain one image in this process, by the stages of `ansae measure`: votes, maps, bar."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from actors.find_ensemble import find_ensemble
from actors.measure.columns import DUPLICATE
from actors.measure.decoder import Decoder
from actors.measure.explainer import Explainer
from actors.measure.measurer import Measurer, arms_of
from catalogues.bars import catalogue_schema
from catalogues.galaxyzoo import OBVIOUS_BULGE, SPIRAL
from catalogues.images.decode import decode
from catalogues.images.limits import ImageLimits
from catalogues.layouts.formats.image_files import integer_stem
from catalogues.manifest import SCHEMA
from catalogues.runs.files import KEY
from catalogues.scales import DEFAULT_COSMOLOGY
from catalogues.shards.ids import hashed_id
from catalogues.shards.reading import ROW
from catalogues.shards.rows import NOTE
from catalogues.statuses import HEALTHY
from catalogues.storage import StorageOptions
from models.barlength.estimator import mean_map
from models.barlength.placement import Placement
from models.networks.selection import SelectionParams
from models.networks.spec import EnsembleSpec
from models.recipe import Recipe
from models.saliency.answer_maps import question_maps, with_few_samples
from models.saliency.seeds import galaxy_seed
from models.spiral_and_bulge import SpiralArms, arms_seen

BAR_MAP = "a bar"
ARMS_MAP = "spiral arms"
OTHER_MAPS = {"an obvious bulge": OBVIOUS_BULGE, ARMS_MAP: SPIRAL}
"""Answers that are explained besides the bar: the classes of paper 1's figures 5.3 and 4.1."""

_SHARD = KEY[0][0]

_FIELDS = pa.schema(
    [
        *(field.with_nullable(True) for field in SCHEMA),
        pa.field(ROW, pa.int64()),
        pa.field(NOTE, pa.string()),
        pa.field(_SHARD, pa.string()),
        pa.field(DUPLICATE, pa.bool_()),
    ]
)


@dataclass(frozen=True, kw_only=True)
class ExplainedImage:
    """An explained image.

    Attributes
    ----------
    row
        The row that the catalogue would have.
    pixels
        The stored image, (H, W, 3) uint8.
    place
        Place of the canvas on the stored image.
    maps
        Saliency maps, (S, S) in [0, 1], by what they explain; the bar's map is the first.
    arms
        Spiral arms, measured in their map; None if few voters see arms, or the map has none.
    selected
        Whether `ansae measure` would have made the bar's map with its default selection.
    """

    row: dict[str, Any]
    pixels: NDArray[np.uint8]
    place: Placement
    maps: dict[str, NDArray[np.float64]]
    arms: SpiralArms | None
    selected: bool


class OneByOne:
    """Explain images one at a time, with the numbers of `ansae measure`.

    The numbers are the same for the same identifier, seed and samples. `samples` is N of
    SmoothGrad; None for the estimator's N. Raises what find_ensemble and Ensemble raise.
    """

    def __init__(
        self, ensemble: str, storage: StorageOptions, samples: int | None, seed: int
    ) -> None:
        files = find_ensemble(ensemble, storage)
        spec = EnsembleSpec.from_dict(files.description)
        recipe = Recipe.from_dict(files.estimator or {}).fits(len(spec.explained))
        self._maps = replace(recipe.maps, samples=samples or recipe.maps.samples)
        self._seed = seed
        self._decode = Decoder(field=spec.field, limits=ImageLimits(), scale="given")
        self._explain = Explainer(
            ensemble=ensemble,
            storage=storage,
            selection=SelectionParams(select="all"),
            maps=self._maps,
            estimator=recipe.estimator,
            seed=seed,
            device="cpu",
        )
        self._measure = Measurer(
            estimator=recipe.estimator,
            canvas_px=spec.field.canvas_px,
            cosmology=DEFAULT_COSMOLOGY,
            schema=catalogue_schema("explain", {}),
            kept_fraction=0.0,
        )
        self._side = spec.field.canvas_px

    def explain(self, name: str, data: bytes, **known: float | None) -> ExplainedImage:
        """Explain an image called `name`; `known` are values of manifest columns, such as z.

        Raises ValueError that says what is wrong with the image.
        """
        number = integer_stem(name)
        row = {"object_id": hashed_id(name) if number is None else number, ROW: 0, _SHARD: name}
        row |= {"image": {"bytes": data, "path": name}, DUPLICATE: False} | known
        decoded = self._decode(pa.Table.from_pylist([row], schema=_FIELDS))
        _check(decoded)
        explained = self._explain(decoded)
        measured = self._measure(explained)
        _check(measured)
        (seen,), (found,) = explained.to_pylist(), measured.to_pylist()
        maps = np.frombuffer(seen["maps"], np.float32).reshape(-1, self._side, self._side)
        pixels = decode(data).pixels
        assert pixels is not None
        where = {key: seen[key] for key in ("x0", "y0", "factor_x", "factor_y")}
        others = self._other_maps(pixels, seen["object_id"])
        return ExplainedImage(
            row=found | {"north_deg": seen["north_deg"]},
            pixels=pixels,
            place=Placement(**where),
            maps={BAR_MAP: np.nan_to_num(mean_map(maps)), **others},
            arms=self._arms(seen, others[ARMS_MAP]),
            selected=bool(SelectionParams().chosen(np.array(seen["votes"]))),
        )

    @staticmethod
    def _arms(seen: dict[str, Any], saliency: NDArray[np.float64]) -> SpiralArms | None:
        if not arms_seen(seen["votes"]):
            return None
        found = arms_of(seen, saliency)
        return found if found.arms else None

    def _other_maps(
        self, pixels: NDArray[np.uint8], object_id: int
    ) -> dict[str, NDArray[np.float64]]:
        params = with_few_samples(self._maps)
        seed = galaxy_seed(self._seed, object_id)
        columns = list(OTHER_MAPS.values())
        _, maps = question_maps(self._explain.ensemble, pixels, columns, params, seed)
        return dict(zip(OTHER_MAPS, maps, strict=True))


def _check(table: pa.Table) -> None:
    (status,), (message,) = (table.column(n).to_pylist() for n in ("status", "status_message"))
    if status is not None and status not in HEALTHY:
        raise ValueError(f"{status.replace('_', ' ')}: {message}")
