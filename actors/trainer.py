"""The Tune trainable: one trial trains one member on examples that lie on disk."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ray import tune
from ray.tune import Checkpoint

from models.augment import AugmentParams
from models.ensemble import dump_member, member_spec
from models.networks import Member
from models.training import Examples, Trainer, TrainParams
from models.views import ViewParams

FIELDS = ("pixels", "sky", "scale", "votes")


def load_examples(folder: str | Path, part: str) -> Examples:
    """Examples of one part ("train", "validation") as memory maps: nothing is read before use."""
    folder = Path(folder)
    return Examples(*(np.load(folder / f"{part}_{name}.npy", mmap_mode="r") for name in FIELDS))


def train_params(raw: dict[str, Any]) -> TrainParams:
    """TrainParams from plain values, as a trial's configuration holds them."""
    augment = {k: tuple(v) if isinstance(v, list) else v for k, v in raw["augment"].items()}
    return TrainParams(**{**raw, "augment": AugmentParams(**augment)})


def train_member(config: dict[str, Any]) -> None:
    """Train `config["member"]` by `config["params"]`, reporting every epoch to Tune.

    The best weights so far travel as a checkpoint: weights.safetensors and curve.json. An
    interrupted trial begins its epoch sequence again from the best weights.
    """
    torch.set_num_threads(int(config["threads"]))
    params = train_params(config["params"])
    torch.manual_seed(params.seed)
    member = Member(member_spec(config["member"]), pretrained=bool(config["pretrained"]))
    view = ViewParams(width=float(config["view_width"]))
    trainer = Trainer(member, params, view, torch.device(config["device"]))
    train = load_examples(config["examples"], "train")
    validation = load_examples(config["examples"], "validation")
    curve: list[dict[str, Any]] = []
    for result in trainer.epochs(train, validation):
        curve.append(asdict(result))
        if not result.improved and result.epoch + 1 < params.epochs:
            tune.report(curve[-1])
            continue
        with tempfile.TemporaryDirectory() as folder:
            _save(Path(folder), trainer, curve)
            tune.report(curve[-1], checkpoint=Checkpoint.from_directory(folder))


def _save(folder: Path, trainer: Trainer, curve: list[dict[str, Any]]) -> None:
    best = Member(trainer.member.spec)
    best.load_state_dict(trainer.best_state)
    (folder / "weights.safetensors").write_bytes(dump_member(best))
    (folder / "curve.json").write_text(json.dumps(curve, indent=1))
