"""Table 1 of a finished training: every member and their mean on the validation part.

Out-of-fold predictions of a finished cross-validation: every source by the member that never saw
it.
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
    """Scores on the galaxies that chose the best epochs: not a test, which is `ansae validate`'s.

    Raises ValueError where no answer is known.
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
    """See `predicted`."""
    torch.set_num_threads(job.threads)
    return predicted(str(job.examples), spec, weights, torch.device(job.device))


def predicted(
    folder: str, spec: EnsembleSpec, weights: Sequence[bytes], device: torch.device
) -> Arrays:
    """object_id, labels and folds of the readable examples in `folder`, (N,), and for each network
    its probabilities, (N, K), under its name."""
    if spec.classes is None:
        raise ValueError(f"ensemble {spec.name!r} predicts {spec.kind}, no classes")
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
