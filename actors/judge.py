"""Table 1 of a finished training: every member and their mean on the validation part."""

from __future__ import annotations

from collections.abc import Sequence

import ray
import torch

from actors.trainer import TrainJob
from models.ensemble import EnsembleSpec, build_member
from models.networks import to_device
from models.scores import Scores, table_1


@ray.remote
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
