"""The command `ansae train`: shards with votes -> canvases (stored or streamed) -> ensemble."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from catalogues import storage
from catalogues.runs.training import TrainingRun
from models.networks.spec import EnsembleSpec
from pipelines import console as terminal
from pipelines.cluster.resources import cluster
from pipelines.train.class_scores import PREDICTIONS, class_table, judged
from pipelines.train.data import TrainingData, gather, look_through
from pipelines.train.join import JoinedEnsemble
from pipelines.train.model_card import MADE_BY, learning_curves, model_card, search_table, table_1
from pipelines.train.options import PROG, TrainOptions
from pipelines.train.trials import TrainTrial, make_job, searched, train_trials

__all__ = ["TrainOptions", "run"]


def run(options: TrainOptions, console: Console | None = None) -> EnsembleSpec:
    """Train, keep the best weights of each member, and write the ensemble.

    Returns the description of the ensemble. An interrupted training continues where it stopped.
    Raises ValueError and StorageError for mistakes in options or data, before anything starts.
    """
    console = console or Console()
    options = replace(options, output=_place(options))
    joined = JoinedEnsemble.find(options)
    with cluster(options.cluster) as resources, tempfile.TemporaryDirectory(
        prefix="ansae-train-", ignore_cleanup_errors=True
    ) as scratch:  # fmt: skip
        cpus = int(resources.get("CPU", 1))
        data = look_through(options, cpus, console)
        job = make_job(options, data, resources, scratch)
        goes_on = TrainingRun(options.output).begin(_deciding(options, data, job.initial, joined))
        console.print(
            f"{'continuing to train' if goes_on else 'training'} {len(options.specs)} members"
        )
        if not options.stream:
            gather(data, Path(options.output) / "examples", cpus, console)
        best = train_trials(options, job, resources, console)
        weights = [TrainingRun(options.output).weights(trial.label) for trial in best]
        spec, weights = _described(options, weights, joined)
        scores, files = _judged(job, spec, weights)
    if joined is not None:
        files |= joined.besides
    record = _record(options, spec, data, best, scores)
    _write(options.output, spec, weights, record, files)
    if record["search"]:
        console.print(search_table(record["search"]))
    console.print(class_table(scores) if spec.classes else table_1(scores))
    console.print(f"ensemble of {len(weights)} written to {storage.join(options.output, 'ensemble.json')}")  # noqa: E501  # fmt: skip
    return spec


def _place(options: TrainOptions) -> str:
    """Return the output's address as workers understand it. Raises ValueError, StorageError."""
    fs, root = storage.filesystem(options.output)
    if storage.is_local(fs):
        return root
    if not options.stream:
        raise ValueError(
            f"the output {storage.redact(options.output)!r} is not a disk, and canvases must be "
            "stored on a disk: give a local folder that all machines can read, or --stream"
        )
    return options.output


def _deciding(
    options: TrainOptions, data: TrainingData, initial: Sequence[tuple[str, bytes]],
    joined: JoinedEnsemble | None,
) -> dict[str, Any]:  # fmt: skip
    return {
        **options.deciding(),
        "data": data.digest,
        "split": asdict(options.split),
        "params": asdict(options.params),
        "initial_weights": {name: hashlib.sha256(data).hexdigest() for name, data in initial},
        **({} if joined is None else {"joins": list(joined.spec.sha256)}),
    }


def _described(
    options: TrainOptions, weights: Sequence[bytes], joined: JoinedEnsemble | None
) -> tuple[EnsembleSpec, list[bytes]]:
    """Return the description of the ensemble, and the weights of all its members."""
    sha256 = tuple(hashlib.sha256(data).hexdigest() for data in weights)
    if joined is not None:
        return joined.with_voters(options, sha256), [*joined.files.weights, *weights]
    canvas_field, view, views = options.field_and_view
    kind: Any = {"bar-length": "control", "classes": "classes"}.get(options.target, "votes")
    spec = EnsembleSpec(
        name=options.preset if kind == "votes" else f"{options.preset}-{kind}",
        members=options.specs,
        weights=tuple(f"{m.name}.safetensors" for m in options.specs),
        sha256=sha256, field=canvas_field, votes_view=view, vote_views=views, pool=options.pool,
        kind=kind, classes=options.class_spec,
    )  # fmt: skip
    return spec, list(weights)


def _judged(
    job: Any, spec: EnsembleSpec, weights: Sequence[bytes]
) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """Return the scores, and the content of files that belong to them by name."""
    import ray  # only after the cluster has started

    from actors.train.evaluation import judge, predict_classes

    task = predict_classes if spec.classes else judge
    found = ray.get(task.options(num_cpus=job.cpus, num_gpus=job.gpus).remote(job, spec, weights))
    if spec.classes is None:
        return [asdict(score) for score in found], {}
    scores, predictions = judged(found, spec.classes)
    return scores, {PREDICTIONS: predictions}


def _record(
    options: TrainOptions, spec: EnsembleSpec, data: TrainingData, best: Sequence[TrainTrial],
    scores: list[dict[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    """Return the content of training.json."""
    done = TrainingRun(options.output)
    rows: dict[str, int] = {}
    for scan in data.scans:
        rows[scan.url] = rows.get(scan.url, 0) + scan.shard.rows
    names = [trial.member.name for trial in best]
    curves = [(done.end(trial.label) or ("", []))[1] for trial in best]
    return {
        "name": spec.name, "kind": spec.kind,
        "members": [asdict(member) for member in spec.members], "sha256": spec.sha256,
        "options": asdict(options), "recipe": asdict(options.params),
        "recipes": {n: asdict(trial.params) for n, trial in zip(names, best, strict=True)},
        "sources": [{"url": storage.redact(url), "rows": n} for url, n in rows.items()],
        "galaxies": dict(data.counts),
        "answers": {**asdict(data.tally), "words": data.tally.words()},
        "split": "blake2b of object_id: catalogues.shards.splits",
        "classes": asdict(spec.classes) if spec.classes else None,
        "curves": dict(zip(names, curves, strict=True)),
        "table_1": scores, "search": searched(options),
    }  # fmt: skip


def _write(
    output: str, spec: EnsembleSpec, weights: Sequence[bytes], record: dict[str, Any],
    besides: Mapping[str, bytes],
) -> None:  # fmt: skip
    fs, root = storage.filesystem(output)
    files = {**dict(zip(spec.weights, weights, strict=True)), **besides}
    files["curves.png"] = learning_curves(
        record["curves"],
        "probabilities, held-out fold" if spec.classes else "known votes, validation",
    )
    files["training.json"] = json.dumps(record, indent=1).encode()
    card = storage.join(root, "README.md")
    if not storage.exists(fs, card) or storage.read_whole(fs, card).startswith(MADE_BY.encode()):
        files["README.md"] = model_card(record).encode()
    files["ensemble.json"] = json.dumps(spec.to_dict(), indent=1).encode()
    for name, content in files.items():
        storage.write_whole(fs, storage.join(root, name), content)


def execute(options: TrainOptions) -> int:
    """Run the command. Returns the exit status of `pipelines.console.finish`."""
    return terminal.finish(run, options, PROG)
