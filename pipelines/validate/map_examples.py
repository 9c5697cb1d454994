"""Make figures 1 and A1 of paper 1: galaxies with their maps for bar, bulge and spiral arms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from actors.find_ensemble import find_ensemble
from catalogues.galaxyzoo import BAR, OBVIOUS_BULGE, SPIRAL
from catalogues.images.decode import decode
from catalogues.queries.gallery import Row
from catalogues.runs.pictures import encode_map, encode_picture
from catalogues.storage import StorageOptions
from models.networks.ensemble import Ensemble
from models.networks.spec import EnsembleSpec
from models.recipe import Recipe
from models.saliency.answer_maps import question_maps
from models.saliency.seeds import galaxy_seed
from pipelines.pages.cards import coloured_map, data_uri
from pipelines.validate.contents import ExplainedExample

ANSWERS = {"bar": BAR, "bulge": OBVIOUS_BULGE, "spiral arms": SPIRAL}
"""The classes of the figures: 3.1, 5.3 and 4.1 (the paper used 11.3 for spiral, by mistake)."""


def explained(
    rows: Sequence[Row], ensemble: str, samples: int, options: StorageOptions
) -> list[ExplainedExample]:
    """Make maps on the stored pictures of a run. Unreadable pictures are left out.

    Parameters
    ----------
    rows
        Rows of `pairs.pictured_rows`.
    ensemble
        'compact', or path or URL of an ensemble.json.
    samples
        Number N of SmoothGrad's noise samples.
    options
        How to reach the ensemble.
    """
    files = find_ensemble(ensemble, options)
    networks = Ensemble.from_bytes(EnsembleSpec.from_dict(files.description), files.weights, "cpu")
    params = replace(Recipe.from_dict(files.estimator or {}).maps, samples=samples)
    found = []
    for row in rows:
        pixels = decode(row["picture"]["canvas"] or b"").pixels
        if pixels is None:
            continue
        seed = galaxy_seed(0, row["object_id"] or 0)
        cut, maps = question_maps(networks, pixels, list(ANSWERS.values()), params, seed)
        shown = [coloured_map(encode_map(m)) for m in maps]
        found.append(
            ExplainedExample(
                object_id=row["object_id"],
                side=cut.shape[0],
                galaxy=data_uri(encode_picture(cut)),
                maps=tuple(zip(ANSWERS, shown, strict=True)),
            )
        )
    return found
