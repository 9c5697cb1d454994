"""What the stages are told, once, for the run and for the probe before it."""

from __future__ import annotations

from typing import Any

from catalogues.provenance import RunRecord
from catalogues.storage import StorageOptions
from pipelines.plan import Plan


def decoder_arguments(plan: Plan) -> dict[str, Any]:
    """Of actors.decoder.Decoder."""
    options = plan.options
    return {"field": plan.ensemble.field, "limits": options.limits, "scale": options.scale}


def explainer_arguments(plan: Plan, record: RunRecord, read: StorageOptions) -> dict[str, Any]:
    """Of actors.explainer.Explainer. `read`: how it reaches the weights."""
    return {
        "ensemble": plan.options.ensemble,
        "storage": read,
        "selection": plan.selection,
        "maps": plan.recipe.maps,
        "estimator": plan.recipe.reading,
        "seed": plan.options.seed,
        "device": record.facts["device"],
        "precision": plan.options.precision,
        "lower_votes": plan.options.lower_votes,
        "control": plan.options.control,
        "length_tolerance": plan.options.length_tolerance,
        "spiral_arms": plan.options.spiral_arms,
        "bulge": plan.options.bulge,
    }


def measurer_arguments(plan: Plan, record: RunRecord) -> dict[str, Any]:
    """Of actors.measurer.Measurer."""
    return {
        "estimator": plan.recipe.reading,
        "canvas_px": plan.ensemble.field.canvas_px,
        "cosmology": plan.options.cosmology,
        "schema": plan.schema(record),
        "kept_fraction": plan.kept_fraction,
    }
