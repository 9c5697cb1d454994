"""Results of a cross-validation: scores, file of predictions, text for terminal and model card."""

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
"""File of the out-of-fold predictions, beside the weights."""

_GIVEN = ("object_id", "labels", "folds")


def judged(found: Mapping[str, Any], spec: ClassSpec) -> tuple[list[dict[str, Any]], bytes]:
    """Return the scores of each network, and the content of the file of predictions.

    If there are several networks, the last score is that of their mean. `found` is the result of
    actors.train.evaluation.
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
    """Make the table of scores for the terminal."""
    table = Table(
        title="out of fold: each source is judged by a network that was not trained on it"
    )
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
    """Return lines of the model card that say how the sources were split."""
    spec = record["classes"]
    pre = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in spec["radio"].items())
    reads = f"one band of fluxes ({pre})" if spec["reads"] == "flux" else "colour pictures"
    counts = ", ".join(f"{count} {name}" for name, count in record["galaxies"].items())
    return [
        "",
        f"Sources: {counts}; classes are in the column `{spec['column']}`. {spec['folds']} folds "
        f"by blake2b of `{spec['fold_column']}` (`catalogues.shards.splits.fold_of`); the member "
        f"of fold k was not trained on fold k. Images: {reads}.",
    ]  # fmt: skip


def class_score_lines(record: Mapping[str, Any]) -> list[str]:
    """Return lines of the model card: accuracy, confusion and calibration, all out of fold."""
    names = record["classes"]["names"]
    lines = [
        "## Scores", "",
        "Out of fold: each source is judged by the member that was not trained on it; predictions "
        "are means over views. These scores chose no epoch. Accuracy: mean over folds +- standard "
        "deviation over folds. ECE: expected calibration error.", "",
        "| " + " | ".join(_TITLES) + " |", "|" + " --- |" * len(_TITLES),
        *("| " + " | ".join(_row(score)) + " |" for score in record["table_1"]),
    ]  # fmt: skip
    score = record["table_1"][-1]
    lines += ["", f"Confusion ({score['name']}); rows: true class, columns: predicted class:", ""]
    lines += ["| | " + " | ".join(names) + " |", "|" + " --- |" * (len(names) + 1)]
    pairs = zip(names, score["confusion"], strict=True)
    lines += [f"| {name} | " + " | ".join(map(str, row)) + " |" for name, row in pairs]
    lines += ["", f"Calibration ({score['name']}), by probability of the predicted class:", ""]
    lines += ["| probability | sources | mean probability | accuracy |", "|" + " --- |" * 4]
    return lines + [
        f"| {b['low']:.2f} - {b['high']:.2f} | {b['sources']} | {b['mean_probability']:.3f} | "
        f"{b['accuracy']:.3f} |"
        for b in score["reliability"]
    ]
