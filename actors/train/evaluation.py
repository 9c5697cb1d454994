"""Evaluate a finished training: scores of members (paper 1, table 1), out-of-fold predictions.

`judge` scores every member, and their mean, on the validation part. `predict_classes` predicts each
source of a finished cross-validation with the member that never saw it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import ray
import torch

from actors.train.class_examples import Arrays, load_arrays
from actors.train.trainer import TrainJob
from models.networks.classifier import Classifier
from models.networks.member import to_device
from models.networks.spec import EnsembleSpec
from models.networks.weights import build_member
from models.training.class_training import network_name
from models.training.scores import Scores, table_1


@ray.remote  # type: ignore[untyped-decorator]  # Ray is not typed
def judge(job: TrainJob, spec: EnsembleSpec, weights: Sequence[bytes]) -> tuple[Scores, ...]:
    """Score the members on the galaxies that chose the best epochs.

    This is not a test: `ansae validate` tests. Raises ValueError if no answer is known.
    """
    torch.set_num_threads(job.threads)
    device = torch.device(job.device)
    members = [
        to_device(build_member(member, data, digest), device)
        for member, data, digest in zip(spec.members, weights, spec.sha256, strict=True)
    ]
    return table_1(members, job.view, job.source("validation"), device)


_BLOCK = 8


@ray.remote  # type: ignore[untyped-decorator]  # Ray is not typed
def predict_classes(job: TrainJob, spec: EnsembleSpec, weights: Sequence[bytes]) -> Arrays:
    """Run `predicted` as a Ray task."""
    torch.set_num_threads(job.threads)
    return predicted(str(job.examples), spec, weights, torch.device(job.device))


def predicted(
    folder: str, spec: EnsembleSpec, weights: Sequence[bytes], device: torch.device
) -> Arrays:
    """Predict the classes of the readable examples in `folder`.

    Returns object_id, labels and folds, each (N,), and the probabilities of each network, (N, K),
    under its name. Raises ValueError if the ensemble does not predict classes.
    """
    if spec.classes is None:
        raise ValueError(
            f"ensemble {spec.name!r} predicts {spec.kind}, not classes: give one that was trained "
            "with --target classes"
        )
    arrays = load_arrays(folder)
    rows = np.flatnonzero(arrays["labels"] >= 0)
    found = {name: np.asarray(arrays[name])[rows] for name in ("object_id", "labels", "folds")}
    shape = (len(rows), len(spec.classes.names))
    for number, (member, data, sha) in enumerate(
        zip(spec.members, weights, spec.sha256, strict=True)
    ):
        network = to_device(build_member(member, data, sha), device)
        judge = Classifier(network=network, spec=spec, member=number, device=device)
        out = found.setdefault(network_name(member.name), np.full(shape, np.nan))
        mine = np.flatnonzero(found["folds"] == number % spec.classes.folds)
        for start in range(0, len(mine), _BLOCK):
            some = mine[start : start + _BLOCK]
            images = torch.from_numpy(np.ascontiguousarray(arrays["images"][rows[some]]))
            shares = judge.probabilities(images.to(device).expand(-1, 3, -1, -1))
            out[some] = shares.double().cpu().numpy()
    return found
