"""Check the options of a comparison against its input and its networks."""

from __future__ import annotations

from collections.abc import Mapping

from actors.compare.attributor import LABEL, PREDICTED
from actors.compare.explained import Subject
from actors.train.examples import BAR_TRUTH
from catalogues import storage
from catalogues.galaxyzoo import COLUMNS
from catalogues.shards.reading import Shard, shard_fields
from models.attribution.cams import feature_layer
from models.attribution.params import CAMS, AttributionParams
from models.faithfulness.params import Mask
from models.networks.spec import EnsembleSpec
from pipelines.compare.options import CompareOptions

BAR = "bar_yes"
"""Default answer of a votes ensemble that is explained."""


def answer_of(options: CompareOptions) -> str:
    """Return the answer that is explained, of a votes ensemble."""
    return options.target if options.target in COLUMNS else BAR


def mask_of(options: CompareOptions, spec: EnsembleSpec, names: tuple[str, ...]) -> Mask:
    """Return which masks of the sources are known.

    Raises ValueError if the input or the ensemble cannot give the mask asked for.
    """
    about_bars = spec.kind == "votes" and answer_of(options) == BAR
    bars = about_bars and set(BAR_TRUTH) <= set(names)
    islands = spec.classes is not None and spec.classes.reads == "flux"
    if options.mask == "auto":
        return "bar" if bars else "island" if islands else "none"
    if options.mask == "bar" and not bars:
        raise ValueError(
            f"mask='bar' needs a votes ensemble, the answer {BAR}, and an input with the columns "
            f"{', '.join(BAR_TRUTH)} (`ansae mocks` writes them): give --mask none"
        )
    if options.mask == "island" and not islands:
        raise ValueError("mask='island' needs a classifier that reads fluxes: give --mask none")
    return options.mask


def label_of(options: CompareOptions, spec: EnsembleSpec, names: tuple[str, ...]) -> str | None:
    """Return the column of known classes, or None if there is none.

    Raises ValueError if --label names a column that the input lacks.
    """
    if options.label is not None and options.label not in names:
        raise ValueError(f"the input has no column {options.label!r}: it has {', '.join(names)}")
    usual = spec.classes.column if spec.classes is not None else None
    return options.label or (usual if usual in names else None)


def target_of(options: CompareOptions, spec: EnsembleSpec, subject: Subject) -> str:
    """Return the class that is explained, or how it is chosen ('predicted', 'label').

    Raises ValueError if the network has no class of that name.
    """
    asked = options.target
    if asked in (PREDICTED, LABEL):
        votes = spec.kind == "votes" and asked == PREDICTED
        return subject.classes[0] if votes else asked
    if asked not in subject.classes:
        known = ", ".join(subject.classes)
        raise ValueError(
            f"target={asked!r} is not a class of the network: give 'predicted', 'label' or one of "
            f"{known}"
        )
    return asked


def check_layers(subject: Subject, methods: Mapping[str, AttributionParams | None]) -> None:
    """Raise ValueError if a CAM method would find no layer to read; before anything starts."""
    cams = [p for p in methods.values() if p is not None and p.method in CAMS]
    if cams:
        network, image = subject.probe()
        feature_layer(network, image, cams[0].layer)


def common_columns(options: CompareOptions, shards: tuple[Shard, ...]) -> tuple[str, ...]:
    """Return the columns that all shards have, in the order of the first shard."""
    fs, _ = storage.filesystem(options.input, options.read_options())
    found = [shard_fields(fs, shard.path).names for shard in shards]
    return tuple(name for name in found[0] if all(name in names for names in found))
