"""Stages of `ansae measure` in Ray Data: shards -> canvases -> votes and maps -> bars -> files.

The arguments of the stages are collected here once, for the run and for the probe of preflight.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import ray.data
from ray.data import ActorPoolStrategy, Dataset

from actors.measure.crash_guard import guarded
from actors.measure.decoder import Decoder
from actors.measure.explainer import Explainer
from actors.measure.measurer import Measurer
from actors.measure.shard_source import ShardSource
from actors.measure.writer import write_batch
from catalogues.runs.provenance import RunRecord
from catalogues.storage import StorageOptions
from pipelines.cluster.actor_pool import crash_guard_beside_driver
from pipelines.cluster.resources import Pool, StageResources, set_block_bytes
from pipelines.measure.plan import Plan


def decoder_arguments(plan: Plan) -> dict[str, Any]:
    """Return the arguments of actors.measure.decoder.Decoder."""
    options = plan.options
    return {"field": plan.ensemble.field, "limits": options.limits, "scale": options.scale}


def explainer_arguments(plan: Plan, record: RunRecord, read: StorageOptions) -> dict[str, Any]:
    """Return the arguments of actors.measure.explainer.Explainer.

    `read` says how it reaches the weights.
    """
    return {
        "ensemble": plan.options.ensemble,
        "storage": read,
        "selection": plan.selection,
        "maps": plan.recipe.maps,
        "estimator": plan.recipe.estimator,
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
    """Return the arguments of actors.measure.measurer.Measurer."""
    return {
        "estimator": plan.recipe.estimator,
        "canvas_px": plan.ensemble.field.canvas_px,
        "cosmology": plan.options.cosmology,
        "schema": plan.schema(record),
        "kept_fraction": plan.kept_fraction,
    }


_ATTEMPTS = 12
"""Requests that a worker tries: a store that is unreachable for a minute must not end the run."""


def stages(plan: Plan, record: RunRecord, have: StageResources, holder: str) -> Dataset:
    """Return the main job, not yet running; its rows are the writers' receipts.

    `holder` is the name of the holder of the lease on the output.
    """
    options, rows = plan.options, have.batch_rows
    set_block_bytes(rows * 3 * plan.ensemble.field.canvas_px**2)  # a batch of canvases
    crash_guard = crash_guard_beside_driver()
    read, write = (
        replace(access, attempts=_ATTEMPTS)
        for access in (options.read_options(), options.write_options())
    )
    source = ShardSource(plan.work, options.input, read, options.keep, crash_guard)
    decoder = guarded(Decoder, "decoding the image")(crash_guard, **decoder_arguments(plan))
    explainer = {"crash_guard": crash_guard, **explainer_arguments(plan, record, read)}
    measurer = {"crash_guard": crash_guard, **measurer_arguments(plan, record)}
    writer = {
        "output": options.output,
        "options": write,
        "schema": plan.schema(record),
        "holder": holder,
    }
    per_file = options.rows_per_file or (512 if have.explainers.gpus else 64)

    galaxies = ray.data.read_datasource(
        source, num_cpus=have.read_cpus, override_num_blocks=len(plan.work)
    )
    galaxies = galaxies.map_batches(
        decoder, batch_size=rows, batch_format="pyarrow", num_cpus=have.decode_cpus
    )
    galaxies = galaxies.map_batches(
        guarded(Explainer, "computing votes and maps"),
        fn_constructor_kwargs=explainer,
        batch_size=rows,
        batch_format="pyarrow",
        **_pool(have.explainers),
    )
    galaxies = galaxies.map_batches(
        guarded(Measurer, "measuring the map"),
        fn_constructor_kwargs=measurer,
        batch_size=rows,
        batch_format="pyarrow",
        **_pool(have.measurers),
    )
    return galaxies.map_batches(
        write_batch,
        fn_kwargs=writer,
        batch_size=per_file,
        batch_format="pyarrow",
        num_cpus=have.write_cpus,
    )


def receipts(files: Dataset) -> Iterator[dict[str, Any]]:
    """Run the job and yield a receipt (actors.measure.writer.RECEIPT) as soon as a file is
    written."""
    for batch in files.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
        yield from batch.to_pylist()


def _pool(pool: Pool) -> dict[str, Any]:
    sizes = {"min_size": pool.min_size, "max_size": pool.max_size}
    asked = {"num_gpus": pool.gpus} if pool.gpus else {"num_cpus": pool.cpus}
    return {"compute": ActorPoolStrategy(**sizes), **asked}
