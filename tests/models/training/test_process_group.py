"""Two processes with half a batch each take the step of one process with the whole batch.

True of a member without batch normalisation, whose statistics would be each process's own, and of
answers that are all known, so that both halves weigh the same.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import distributed, multiprocessing

from models.networks.member import Member
from models.networks.spec import MemberSpec
from models.training.examples import Examples
from models.training.params import AugmentParams, TrainParams
from models.training.process_group import ALONE, ProcessGroup
from models.training.trainer import Trainer
from models.view_params import ViewParams

SIDE, BATCH = 64, 8
SPEC = MemberSpec(
    name="free", architecture="convnext_atto", input_px=SIDE, head="sigmoid",
    options={"depths": (1, 1, 1, 1), "dims": (4, 8, 8, 16)},
)  # fmt: skip
ONE = (1.0, 1.0)
STILL = AugmentParams(
    width_range=(0.5, 0.5), shift=0, brightness=ONE, gamma=ONE, saturation=ONE, noise=0
)


def plain_fields() -> Examples:
    """Galaxies of one colour each, which look the same however they are turned."""
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 255, (BATCH, 1, 1, 3), dtype=np.uint8)
    pixels = np.broadcast_to(colours, (BATCH, SIDE, SIDE, 3)).copy()
    sky, scale = np.zeros((BATCH, 3), np.float32), np.full(BATCH, 255, np.float32)
    return Examples(pixels, sky, scale, rng.uniform(size=(BATCH, 37)).astype(np.float32))


def one_step(group: ProcessGroup) -> tuple[dict[str, torch.Tensor], list[float]]:
    """Gradients of the only step of an epoch; training loss, validation loss and RMSE."""
    torch.manual_seed(4 + group.rank)  # a group begins with process 0's weights
    params = TrainParams(batch_size=BATCH, augment=STILL, average=0.5)
    trainer = Trainer(Member(SPEC), params, ViewParams(), torch.device("cpu"), group)
    examples = plain_fields()
    loss = trainer.train_epoch(examples, 0)
    grads = {n: p.grad for n, p in trainer.member.named_parameters() if p.grad is not None}
    return grads, [loss, *trainer.validate(examples)]


def work(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2
    )
    torch.save(one_step(ProcessGroup(rank=rank, size=2)), f"{folder}/{rank}.pt")
    distributed.destroy_process_group()


@pytest.mark.long
def test_two_halves_are_one_whole(tmp_path: Path) -> None:
    multiprocessing.spawn(work, (str(tmp_path),), nprocs=2)
    halves = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2)]
    grads, scores = one_step(ALONE)
    assert max(float(g.abs().max()) for g in grads.values()) > 1e-3
    for half_grads, half_scores in halves:
        assert half_grads.keys() == grads.keys()
        for name, grad in grads.items():
            torch.testing.assert_close(half_grads[name], grad, rtol=1e-4, atol=1e-7)
        assert half_scores == pytest.approx(scores, rel=1e-5)
