"""What a cross-validation came to: scores, predictions as Parquet, words for terminal and card."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.table import Table

from models.networks.spec import ClassSpec
from models.training.class_scores import class_scores

PREDICTIONS = "predictions.parquet"
"""Out-of-fold predictions beside the weights."""

_GIVEN = ("object_id", "labels", "folds")


def judged(found: Mapping[str, Any], spec: ClassSpec) -> tuple[list[dict[str, Any]], bytes]:
    """Scores of every network, last of their mean where there are several; the predictions' file.

    found: of actors.train.evaluation.
    """
    networks = {name: value for name, value in found.items() if name not in _GIVEN}
    mean = np.mean(list(networks.values()), axis=0)
    if len(networks) > 1:
        networks["ensemble"] = mean
    scores = [
        asdict(class_scores(name, shares, found["labels"], found["folds"]))
        for name, shares in networks.items()
    ]
    return scores, _parquet(found, mean, spec)


def _parquet(found: Mapping[str, Any], shares: Any, spec: ClassSpec) -> bytes:
    names = np.array(spec.names)
    columns = {
        "object_id": found["object_id"], "fold": found["folds"],
        spec.column: names[found["labels"]], "predicted": names[shares.argmax(axis=1)],
        **{f"probability_{name}": shares[:, i] for i, name in enumerate(spec.names)},
    }  # fmt: skip
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def class_table(scores: Sequence[Mapping[str, Any]]) -> Table:
    """On the terminal."""
    table = Table(title="out of fold: every source judged by a network that never saw it")
    for title in _TITLES:
        table.add_column(title, justify="left" if title == "network" else "right")
    for score in scores:
        table.add_row(*_row(score))
    return table


_TITLES = ("network", "sources", "accuracy", "by fold", "balanced", "log loss", "ECE")


def _row(score: Mapping[str, Any]) -> list[str]:
    return [
        str(score["name"]), str(score["sources"]),
        f"{score['accuracy']:.3f} +- {score['spread']:.3f}",
        " ".join(f"{a:.3f}" for a in score["by_fold"]),
        f"{score['balanced_accuracy']:.3f}", f"{score['log_loss']:.3f}", f"{score['ece']:.3f}",
    ]  # fmt: skip


def class_data_lines(record: Mapping[str, Any]) -> list[str]:
    """Of the model card: how sources were divided."""
    spec = record["classes"]
    pre = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in spec["radio"].items())
    reads = f"one band of fluxes ({pre})" if spec["reads"] == "flux" else "pictures in colours"
    counts = ", ".join(f"{count} {name}" for name, count in record["galaxies"].items())
    return [
        "",
        f"Sources: {counts}, by the column `{spec['column']}`. {spec['folds']} folds by blake2b of "
        f"`{spec['fold_column']}` (`catalogues.shards.splits.fold_of`); the member of fold k was "
        f"not trained on it. Images: {reads}.",
    ]  # fmt: skip


def class_score_lines(record: Mapping[str, Any]) -> list[str]:
    """Of the model card: accuracy, confusion and calibration, all out of fold."""
    names = record["classes"]["names"]
    lines = [
        "## Scores", "",
        "Out of fold: every source judged by the member that never saw it, mean over views; no "
        "epoch was chosen by these. Accuracy: mean over folds +- standard deviation over folds. "
        "ECE: expected calibration error.", "",
        "| " + " | ".join(_TITLES) + " |", "|" + " --- |" * len(_TITLES),
        *("| " + " | ".join(_row(score)) + " |" for score in record["table_1"]),
    ]  # fmt: skip
    score = record["table_1"][-1]
    lines += ["", f"Confusion ({score['name']}), true class down, predicted across:", ""]
    lines += ["| | " + " | ".join(names) + " |", "|" + " --- |" * (len(names) + 1)]
    pairs = zip(names, score["confusion"], strict=True)
    lines += [f"| {name} | " + " | ".join(map(str, row)) + " |" for name, row in pairs]
    lines += ["", f"Calibration ({score['name']}), by the probability of the class given:", ""]
    lines += ["| probability | sources | mean probability | accuracy |", "|" + " --- |" * 4]
    return lines + [
        f"| {b['low']:.2f} - {b['high']:.2f} | {b['sources']} | {b['mean_probability']:.3f} | "
        f"{b['accuracy']:.3f} |"
        for b in score["reliability"]
    ]
