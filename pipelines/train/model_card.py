"""Model card of a training: text, learning curves, and the tables of scores on the terminal."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.table import Table

from catalogues import storage
from pipelines.train.class_scores import class_data_lines, class_score_lines

MADE_BY = "<!-- written by ansae train -->"
"""First line of a model card. A card that begins otherwise was edited and is not overwritten."""


def table_1(scores: Sequence[Mapping[str, Any]]) -> Table:
    """Make table 1 of paper 1: RMSE of members and their mean; for a control also rho and error."""
    table = Table(title="validation part")
    columns = _columns(scores)
    for title, _ in columns:
        table.add_column(title, justify="left" if title == "member" else "right")
    for score in scores:
        table.add_row(*(text(score) for _, text in columns))
    return table


def _columns(scores: Sequence[Mapping[str, Any]]) -> list[tuple[str, Any]]:
    columns: list[tuple[str, Any]] = [
        ("member", lambda s: str(s["name"])),
        ("RMSE", lambda s: f"{s['rmse']:.5f}"),
    ]
    if any(score.get("rho") is not None for score in scores):
        columns += [
            ("Pearson rho", lambda s: f"{s['rho']:.3f}"),
            ("median |error|", lambda s: f"{s['median_relative_error']:.1%}"),
        ]
    return columns


def search_table(tried: Sequence[Mapping[str, Any]], most: int = 20) -> Table:
    """Make the table of the recipes that a search tried."""
    table = Table(title=f"recipes tried, {min(most, len(tried))} of {len(tried)}")
    names = ("trial", "how", "epochs", "rmse", "learning_rate", "weight_decay", "batch_size",
             "average", "noise")  # fmt: skip
    for name in names:
        table.add_column(name.replace("_", " "))
    for row in tried[:most]:
        table.add_row(*(_number(row[name]) for name in names))
    return table


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)


def model_card(record: Mapping[str, Any]) -> str:
    """Write the model card in Markdown, from the record of a training (training.json)."""
    return "\n".join(
        [MADE_BY, f"# Model card: {record['name']}", "", *_what(record), "", *_data(record), ""]
        + [*_recipe(record), "", *_scores(record), "", "![Learning curves](curves.png)", ""]
        + [*_use(record), ""]
    )


def _what(record: Mapping[str, Any]) -> list[str]:
    members = [
        f"| {m['name']}{_role(m)} | `{m['architecture']}` | {m['input_px']} px | {m['head']} "
        f"| {sha[:12]} |"
        for m, sha in zip(record["members"], record["sha256"], strict=True)
    ]
    if record["kind"] == "classes":
        does = f"Tells {' from '.join(record['classes']['names'])} by one softmax."
    else:
        does = _does(record)
    head = "| member | architecture | input | head | sha256 |"
    return [does, "", head, "| --- | --- | --- | --- | --- |", *members]


def _role(member: Mapping[str, Any]) -> str:
    return "" if member.get("explained", True) else " (votes only)"


def _does(record: Mapping[str, Any]) -> str:
    return (
        f"A control: predicts the FULL length of the bar in galaxy radii. It was trained on the "
        f"column `{record['options']['target_column']}`."
        if record["kind"] == "control"
        else "Predicts the 37 vote fractions of the Galaxy Zoo 2 tree." + _joins(record)
    )


def _joins(record: Mapping[str, Any]) -> str:
    """Return a sentence about the ensemble that the networks joined; "" if they joined none."""
    joins = record["options"].get("joins")
    words = "these only vote. Saliency maps are made with its own members (see its own card)."
    return (
        f" The ensemble `{storage.redact(joins)}`, joined by new networks: {words}" if joins else ""
    )


def _data(record: Mapping[str, Any]) -> list[str]:
    lines = ["## Data", "", "| shards | galaxies |", "| --- | --- |"]
    lines += [f"| `{source['url']}` | {source['rows']} |" for source in record["sources"]]
    lines += class_data_lines(record) if record["kind"] == "classes" else _split(record)
    return lines + [f"- {words}" for words in record["answers"]["words"]]


def _split(record: Mapping[str, Any]) -> list[str]:
    counts, split = record["galaxies"], record["options"]["split"]
    return [
        "",
        f"Split by blake2b of the object_id (`catalogues.shards.splits`): {split['test']:.0%} "
        f"test, {split['validation']:.0%} validation, the rest is for training. "
        "Galaxies with a known answer: "
        + ", ".join(f"{count} {part}" for part, count in counts.items())
        + ". The test part was not used.",
    ]


def _recipe(record: Mapping[str, Any]) -> list[str]:
    lines = ["## Recipe", ""]
    for name, params in record["recipes"].items():
        curve, augment = record["curves"][name], params["augment"]
        best = [p for p in curve if p["improved"]][-1]
        which = "kept one" if params["schedule"] == "cosine_to_end" else "best"
        lines.append(
            f"- {name}: {params['loss'].replace('_', ' ')}, AdamW {params['learning_rate']:g} "
            f"(weight decay {params['weight_decay']:g}), {params['schedule']} schedule, batches of "
            f"{params['batch_size']}, {'bfloat16' if params['bfloat16'] else 'float32'}, averaged "
            f"weights {params['average']:g}; {len(curve)} epochs in "
            f"{sum(p['seconds'] for p in curve):.0f} s, the {which} is number {best['epoch'] + 1}; "
            f"brightness {augment['brightness']}, noise up to {augment['noise']:g}, widths "
            f"{augment['width_range']}; seed {params['seed']}"
        )
    if record["search"]:
        lines.append(f"- ASHA chose the recipes among {len(record['search'])} trials")
    return lines


def _scores(record: Mapping[str, Any]) -> list[str]:
    if record["kind"] == "classes":
        return class_score_lines(record)
    columns = _columns(record["table_1"])
    lines = ["## Scores", "", "On the validation part, which also chose the best epochs; this is not a test.", ""]  # noqa: E501  # fmt: skip
    lines.append("| " + " | ".join(title for title, _ in columns) + " |")
    lines.append("|" + " --- |" * len(columns))
    rows = (" | ".join(text(score) for _, text in columns) for score in record["table_1"])
    return lines + [f"| {row} |" for row in rows]


def _use(record: Mapping[str, Any]) -> list[str]:
    if record["kind"] == "control":
        return [
            "## Use",
            "",
            "`models.networks.length_regressor.Control` predicts lengths from canvases.",
        ]
    if record["kind"] == "classes":
        words = "`actors.load_networks.load_classifier(THIS_FOLDER, storage)` loads one member; "
        return ["## Use", "", words + "its `unseen_by` names the member not trained on a source."]
    return [
        "## Use", "",
        "`ansae calibrate SHARDS --output estimator.json --ensemble THIS_FOLDER`, then",
        "`ansae measure SHARDS OUTPUT --ensemble THIS_FOLDER`.",
    ]  # fmt: skip


def learning_curves(
    curves: Mapping[str, Sequence[Mapping[str, Any]]], answers: str = "known votes, validation"
) -> bytes:
    """Draw figure 2 of paper 1 as PNG: training and validation loss, and RMSE, by epoch."""
    figure = Figure(figsize=(9, 3.6), layout="constrained", dpi=120)
    FigureCanvasAgg(figure)
    loss, rmse = figure.subplots(1, 2)
    for name, curve in curves.items():
        epochs = [point["epoch"] + 1 for point in curve]
        (line,) = loss.plot(epochs, [p["validation_loss"] for p in curve], label=name)
        loss.plot(epochs, [p["train_loss"] for p in curve], ":", color=line.get_color())
        rmse.plot(epochs, [p["validation_rmse"] for p in curve], label=name)
    loss.set(xlabel="epoch", ylabel="loss (solid: validation, dotted: training)")
    rmse.set(xlabel="epoch", ylabel=f"RMSE of {answers}")
    for axes in (loss, rmse):
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()
