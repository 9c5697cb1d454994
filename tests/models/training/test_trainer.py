"""Training: the schedule of the paper, best weights kept, and that a network does learn."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch

from catalogues.galaxyzoo import BAR, NO_BAR
from models.networks.member import Member
from models.networks.spec import MemberSpec
from models.training.augment import augment
from models.training.examples import Examples
from models.training.params import AugmentParams, TrainParams
from models.training.process_group import ProcessGroup
from models.training.trainer import Trainer
from models.view_params import ViewParams

SIDE = 32
SPEC = MemberSpec(
    name="t", architecture="narrow_vgg", input_px=SIDE, head="tree", options={"width": 4}
)


def streaks(count: int, seed: int) -> Examples:
    """Round blobs (no bar) and thin streaks (bar) at random angles; only the bar question known."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    pixels = np.zeros((count, SIDE, SIDE, 3), np.uint8)
    votes = np.full((count, 37), np.nan, np.float32)
    for i in range(count):
        bar = i % 2
        t = rng.uniform(0, np.pi)
        u, v = x * np.cos(t) + y * np.sin(t), -x * np.sin(t) + y * np.cos(t)
        light = np.exp(-0.5 * ((u / 8) ** 2 + (v / (1.5 if bar else 8)) ** 2))
        pixels[i] = (20 + 200 * light + rng.normal(0, 4, light.shape)).clip(0, 255)[..., None]
        votes[i, [BAR, NO_BAR]] = bar, 1 - bar
    ones = np.ones(count, np.float32)
    return Examples(pixels, np.full((count, 3), 20, np.float32), 200 * ones, votes)


def trainer(**changes: object) -> Trainer:
    torch.manual_seed(1)
    params = TrainParams(**{"loss": "cross_entropy", "batch_size": 16, **changes})  # type: ignore[arg-type]
    return Trainer(Member(SPEC), params, ViewParams(width=0.9), torch.device("cpu"))


def test_a_network_learns_streaks_from_blobs() -> None:
    train, validation = streaks(160, 0), streaks(60, 1)
    run = trainer(epochs=6, learning_rate=4e-3, schedule="cosine")
    results = list(run.epochs(train, validation))
    assert results[0].validation_loss > 0.5
    assert min(r.validation_loss for r in results) < 0.3  # ln 2 = 0.69 is chance
    best = Member(SPEC)
    best.load_state_dict(run.best_state)
    run.member.load_state_dict(run.best_state)
    assert run.validate(validation)[0] == pytest.approx(run.best_loss, rel=1e-4)


def test_the_papers_schedule_halves_after_five_and_stops_after_ten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = trainer(epochs=100, learning_rate=1e-3)
    losses = iter([1.0, 0.5, *[0.6] * 50])
    monkeypatch.setattr(run, "train_epoch", lambda *_: 0.0)
    monkeypatch.setattr(run, "validate", lambda *_: (next(losses), 0.1))
    results = list(run.epochs(streaks(2, 0), streaks(2, 0)))
    assert len(results) == 12  # two that improve, ten that do not
    assert [r.improved for r in results] == [True, True, *[False] * 10]
    assert [g["lr"] for g in run.optimiser.param_groups] == [pytest.approx(2.5e-4)]
    assert run.best_loss == 0.5


def test_training_is_reproducible() -> None:
    losses = [
        [r.validation_loss for r in trainer(epochs=2).epochs(streaks(32, 0), streaks(16, 1))]
        for _ in range(2)
    ]
    assert losses[0] == losses[1]


def test_rmse_is_that_of_known_votes() -> None:
    run = trainer()
    examples = streaks(10, 2)
    _, rmse = run.validate(examples)
    images, votes = examples.batch(np.arange(10), torch.device("cpu"))
    from models.views import resample, sequence

    matrices = sequence(ViewParams(width=0.9), 0, 1, (0.0, 0.0)).expand(10, 2, 3)
    with torch.no_grad():
        error = run.member.eval().votes(resample(images, matrices, SIDE)) - votes
    assert rmse == pytest.approx(float(error[torch.isfinite(error)].square().mean().sqrt()))


def test_augmentation_of_nothing_changes_nothing_but_the_view() -> None:
    still = AugmentParams(
        width_range=(1.0, 1.0), shift=0, brightness=(1, 1), gamma=(1, 1), saturation=(1, 1), noise=0
    )
    flat = torch.full((4, 3, SIDE, SIDE), 0.7)
    seen = augment(flat, still, 16, torch.Generator().manual_seed(0))
    torch.testing.assert_close(seen[:, :, 4:12, 4:12], torch.full((4, 3, 8, 8), 0.7))


def test_augmentation_brightness_stays_in_its_range() -> None:
    params = AugmentParams.paper()
    flat = torch.ones(200, 3, SIDE, SIDE)
    seen = augment(flat, params, 16, torch.Generator().manual_seed(0))[:, 0, 8, 8]
    assert float(seen.min()) >= 0.7
    assert float(seen.max()) <= 1.3
    assert float(seen.max() - seen.min()) > 0.5


def test_recipes_that_mean_nothing() -> None:
    with pytest.raises(ValueError, match="loss='l1'"):
        TrainParams(loss="l1")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least 1"):
        TrainParams(epochs=0)


@pytest.mark.parametrize(
    ("schedule", "average"), [("plateau", 0.0), ("plateau", 0.9), ("cosine", 0.9)]
)
def test_a_restored_training_goes_on_as_if_there_had_been_no_break(
    schedule: str, average: float
) -> None:
    train, validation = streaks(48, 0), streaks(20, 1)
    changes = {"schedule": schedule, "average": average, "epochs": 4, "halve_after": 1}
    whole = trainer(**changes)
    results = list(whole.epochs(train, validation))
    broken = trainer(**changes)
    first = [next(broken.epochs(train, validation)) for _ in range(2)]
    packed = io.BytesIO()
    torch.save(broken.state_dict(), packed)
    torch.manual_seed(99)
    mended = Trainer(Member(SPEC), broken.params, broken.view, broken.device)
    mended.load_state_dict(torch.load(io.BytesIO(packed.getvalue()), weights_only=True))
    rest = list(mended.epochs(train, validation))
    assert first + rest == results
    assert mended.finished
    for name, value in whole.best_state.items():
        assert torch.equal(value, mended.best_state[name]), name
    for name, value in whole.evaluated.state_dict().items():
        assert torch.equal(value, mended.evaluated.state_dict()[name]), name


def test_a_training_that_has_stopped_stays_stopped() -> None:
    run = trainer(epochs=2)
    examples = streaks(16, 0)
    assert len(list(run.epochs(examples, examples))) == 2
    again = trainer(epochs=2)
    again.load_state_dict(run.state_dict())
    assert again.finished
    assert list(again.epochs(examples, examples)) == []


def test_a_team_shares_every_batch() -> None:
    examples = streaks(22, 0)
    device = torch.device("cpu")
    teams = [ProcessGroup(rank=r, size=2) for r in range(2)]
    halves = [list(examples.shuffled(8, np.random.default_rng(3), device, t)) for t in teams]
    whole = list(examples.shuffled(8, np.random.default_rng(3), device))
    assert [len(h) for h in halves] == [2, 2]
    for (images, _), (even, _), (odd, _) in zip(whole, *halves, strict=True):
        assert torch.equal(images[0::2], even)
        assert torch.equal(images[1::2], odd)
    seen = [len(votes) for t in teams for _, votes in examples.ordered(5, device, t)]
    assert sorted(seen) == [2, 5, 5, 5, 5]
    with pytest.raises(ValueError, match="rank=2 must lie in 0"):
        ProcessGroup(rank=2, size=2)
