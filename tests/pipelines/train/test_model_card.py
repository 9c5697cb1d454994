"""The model card and table 1, from a record made by hand."""

from __future__ import annotations

import io
from dataclasses import asdict
from typing import Any

from rich.console import Console

from models.training.params import RECIPES
from pipelines.train.model_card import MADE_BY, model_card, search_table, table_1

POINT = {"epoch": 0, "improved": True, "seconds": 2.0}
SCORES = [
    {"name": "vgg", "rmse": 0.07939, "rho": None, "median_relative_error": None},
    {"name": "ensemble", "rmse": 0.07747, "rho": None, "median_relative_error": None},
]
TRIED = {
    "trial": "vgg-001", "how": "stopped", "epochs": 3, "rmse": None, "learning_rate": 0.0123456,
    "weight_decay": 0.0, "batch_size": 64, "average": 0.99, "noise": 0.1,
}  # fmt: skip


def record(**changes: Any) -> dict[str, Any]:
    return {
        "name": "paper", "kind": "votes", "sha256": ["ab" * 32],
        "members": [{"name": "vgg", "architecture": "vgg16", "input_px": 224, "head": "sigmoid"}],
        "options": {"split": {"validation": 0.05, "test": 0.25}, "target_column": None},
        "sources": [{"url": "s3://bucket/gz2", "rows": 61578}],
        "galaxies": {"train": 43000, "validation": 3000, "test": 15578},
        "answers": {"words": ["12 galaxies have answers that do not add up: taken as unknown"]},
        "recipes": {"vgg": asdict(RECIPES["paper"])},
        "curves": {"vgg": [POINT, {**POINT, "epoch": 1}, {**POINT, "epoch": 2, "improved": False}]},
        "table_1": SCORES, "search": [], **changes,
    }  # fmt: skip


def shown(what: object) -> str:
    told = io.StringIO()
    Console(file=told, width=160).print(what)
    return told.getvalue()


def test_the_card_says_what_was_trained_on_what_and_how_well() -> None:
    card = model_card(record())
    assert card.startswith(f"{MADE_BY}\n# Model card: paper\n")
    for words in (
        "| vgg | `vgg16` | 224 px | sigmoid | abababababab |",
        "| `s3://bucket/gz2` | 61578 |",
        "25% test, 5% validation",
        "43000 train, 3000 validation, 15578 test",
        "- 12 galaxies have answers that do not add up",
        "squared error, AdamW 0.001 (weight decay 0), plateau schedule, batches of 32, float32",
        "3 epochs in 6 s, the best is number 2",
        "| ensemble | 0.07747 |",
        "![Learning curves](curves.png)",
    ):
        assert words in card
    assert "rho" not in card


def test_a_controls_card_has_its_correlation() -> None:
    scores = [{"name": "xception", "rmse": 0.1, "rho": 0.815, "median_relative_error": 0.2}]
    options = {"split": {"validation": 0.05, "test": 0.25}, "target_column": "length_scaled"}
    card = model_card(record(kind="control", table_1=scores, options=options))
    assert "trained on the column `length_scaled`" in card
    assert "| xception | 0.10000 | 0.815 | 20.0% |" in card
    assert "0.815" in shown(table_1(scores))


def test_tables_on_the_terminal() -> None:
    table = shown(table_1(SCORES))
    assert "0.07939" in table
    assert "0.07747" in table
    assert "Pearson" not in table
    tried = shown(search_table([TRIED] * 30))
    assert "recipes tried, 20 of 30" in tried
    assert "0.01235" in tried
