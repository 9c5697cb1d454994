"""Guided training: ellipses through views, what pointing means, and that it can be learned."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from catalogues.galaxyzoo import BAR, NO_BAR
from models.networks.member import Member
from models.networks.spec import MemberSpec
from models.training.examples import Examples
from models.training.guidance import Guidance, KnownBars, pointing, reach_error, regions
from models.training.params import AugmentParams, GuideParams, TrainParams
from models.training.trainer import Trainer
from models.view_params import ViewParams
from models.views import affine, resample

SIDE = 48


def one_view(angle: float, width: float, mirror: float = 1.0) -> torch.Tensor:
    values = (torch.tensor([v]) for v in (angle, width, mirror))
    return affine(*values)


def drawn(ellipse: tuple[float, ...]) -> torch.Tensor:
    """The ellipse as an image (1, 1, S, S), drawn from its definition pixel by pixel."""
    x0, y0, major, minor, angle = ellipse
    out = np.zeros((SIDE, SIDE), np.float32)
    up, left = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    for row in range(SIDE):
        for column in range(SIDE):
            dx, dy = column - x0, row - y0
            along, across = -dx * left - dy * up, dx * up - dy * left
            out[row, column] = (along / major) ** 2 + (across / minor) ** 2 <= 1
    return torch.from_numpy(out)[None, None]


def test_an_ellipse_on_the_canvas_is_as_drawn() -> None:
    ellipse = (20.0, 26.0, 12.0, 4.0, 30.0)
    found = regions(torch.tensor([ellipse]), one_view(0.0, 1.0), SIDE, SIDE).inside
    assert torch.equal(found[0].float(), drawn(ellipse)[0, 0])


@pytest.mark.parametrize(("angle", "width", "mirror"), [(0.7, 0.8, 1.0), (2.9, 1.2, -1.0)])
def test_an_ellipse_follows_the_view(angle: float, width: float, mirror: float) -> None:
    ellipse, view = (22.0, 25.0, 13.0, 5.0, 65.0), one_view(angle, width, mirror)
    found = regions(torch.tensor([ellipse]), view, SIDE, 40).inside[0].float()
    seen = (resample(drawn(ellipse), view, 40)[0, 0] > 0.5).float()
    assert (found != seen).float().sum() < 0.15 * seen.sum()  # the rim's pixels


def test_pointing_is_the_cosine_that_forgives_negative_surroundings() -> None:
    region = torch.zeros(1, 8, 8, dtype=torch.bool)
    region[0, 2:4, 2:6] = True  # 8 pixels
    even = region.float()
    assert pointing(3 * even, region)[0] == pytest.approx(1.0)
    assert pointing(even - 5 * (~region).float(), region)[0] == pytest.approx(1.0)
    assert pointing(-even, region)[0] == pytest.approx(-1.0)
    both = torch.ones(1, 8, 8)
    assert pointing(both, region)[0] == pytest.approx(8 / math.sqrt(64 * 8))
    half = even.clone()
    half[0, 2] = 0
    assert pointing(half, region)[0] == pytest.approx(math.sqrt(0.5))


def test_reach_error_is_the_distance_that_light_along_the_bar_must_be_moved() -> None:
    view, side = one_view(0.0, 1.0), 160
    bar = (80.0, 80.0, 40.0, 12.0, 30.0)
    where = regions(torch.tensor([bar]), view, side, side)

    def reach(major: float, x: float = 80.0, y: float = 80.0, base: float = 0.0) -> float:
        other = torch.tensor([(x, y, major, 12.0, 30.0)])
        light = regions(other, view, side, side).inside.float()
        return float(reach_error(7 * light + base, where)[0])

    assert reach(40.0) == pytest.approx(0.0, abs=1e-6)
    for d in (-0.3, -0.1, 0.2):  # the mean of |u| over an ellipse is 4 / (3 pi) half lengths
        assert reach(40.0 * (1 + d)) == pytest.approx(abs(d) * 4 / (3 * math.pi), abs=0.015)
    turn = math.radians(30.0)
    moved = reach(40.0, 80.0 - 8 * math.sin(turn), 80.0 - 8 * math.cos(turn))
    assert moved == pytest.approx(0.2, abs=0.015)
    assert reach(40.0, base=1.0) > 0.15  # light all along the lane
    assert reach(40.0, base=-1.0) == pytest.approx(0.0, abs=1e-6)
    out = torch.tensor([(400.0, 80.0, 40.0, 12.0, 30.0)])
    unseen = regions(out, view, side, side)
    assert float(reach_error(torch.ones(1, side, side), unseen)[0]) == 0.0


def test_reach_error_can_be_followed_downhill() -> None:
    """It asks a short map for light further out, a right one for none beyond the end."""
    view = one_view(0.0, 1.0)
    where = regions(torch.tensor([(24.0, 24.0, 14.0, 5.0, 90.0)]), view, SIDE, SIDE)

    def slope(major: float) -> torch.Tensor:
        other = regions(torch.tensor([(24.0, 24.0, major, 5.0, 90.0)]), view, SIDE, SIDE)
        light = other.inside.float().requires_grad_(True)
        (found,) = torch.autograd.grad(reach_error(light, where).sum(), light)
        return found[0, 24]

    short = slope(8.0)
    assert short[36] < 0 < short[24]
    right = slope(14.5)
    assert right[44] > right[24]


def bars(count: int, seed: int) -> KnownBars:
    """Bright ellipses on noise: the bar's votes follow from whether there is one."""
    rng = np.random.default_rng(seed)
    ellipses = np.stack(
        [
            rng.uniform(22, 26, count), rng.uniform(22, 26, count), rng.uniform(8, 16, count),
            rng.uniform(2.5, 4, count), rng.uniform(0, 180, count),
        ], axis=1,
    ).astype(np.float32)  # fmt: skip
    view = one_view(0.0, 1.0).expand(count, 2, 3)
    light = regions(torch.from_numpy(ellipses), view, SIDE, SIDE).inside.numpy()
    barred = rng.random(count) < 0.7
    ellipses[~barred] = np.nan
    pixels = rng.integers(0, 60, (count, SIDE, SIDE, 3))
    pixels = pixels + 150 * (light & barred[:, None, None])[..., None]
    votes = np.full((count, 37), np.nan, np.float32)
    votes[:, BAR], votes[:, NO_BAR] = np.where(barred, 0.9, 0.1), np.where(barred, 0.1, 0.9)
    examples = Examples(
        pixels.astype(np.uint8), np.zeros((count, 3), np.float32),
        np.full(count, 255.0, np.float32), votes,
    )  # fmt: skip
    return KnownBars(examples, ellipses)


def tiny() -> Member:
    torch.manual_seed(3)
    return Member(MemberSpec(name="t", architecture="narrow_resnetv2", input_px=32, options={"width": 16, "layers": (1, 1)}))  # noqa: E501  # fmt: skip


def test_bars_that_few_voters_see_are_not_taught() -> None:
    known = bars(40, seed=1)
    known.examples.votes[:5, BAR] = 0.1
    known.examples.votes[:5, NO_BAR] = 0.9
    taught = known.taught(0.3)
    assert set(taught) == set(np.flatnonzero(np.isfinite(known.ellipses[:, 0]))) - set(range(5))


def test_a_guided_stage_teaches_where_to_look_and_keeps_normalisation() -> None:
    train, validation = bars(96, seed=1), bars(32, seed=2)
    guide = GuideParams(epochs=6, batch_size=16, weight=1.0, learning_rate=3e-3)
    params = TrainParams(
        epochs=1, batch_size=16, schedule="cosine", loss="cross_entropy", average=0.5, guide=guide,
        learning_rate=3e-3, augment=AugmentParams.paper(),
    )  # fmt: skip
    guidance = Guidance(guide, params.augment, train, validation)
    member = tiny()
    before = guidance.evaluate(member.eval(), torch.device("cpu"))
    assert before == guidance.evaluate(member, torch.device("cpu"))
    trainer = Trainer(member, params, ViewParams(), torch.device("cpu"), guidance=guidance)
    results = []
    for result in trainer.epochs(train.examples, validation.examples):
        if not results:
            norms = {k: v.clone() for k, v in trainer.best_state.items() if "running" in k}
        results.append(result)
    assert len(results) == params.all_epochs == 7
    assert results[0].pointing is None
    found = [r.pointing for r in results[1:]]
    assert found[-1] is not None
    assert found[-1] > before + 0.2
    assert norms
    assert all(torch.equal(v, trainer.best_state[k]) for k, v in norms.items())
    rates = [r.learning_rate for r in results]
    assert rates[1] > rates[-1]


def test_a_guided_training_goes_on_where_it_was_stopped() -> None:
    train, validation = bars(48, seed=1), bars(16, seed=2)
    guide = GuideParams(epochs=2, batch_size=8)
    params = TrainParams(
        epochs=1, batch_size=16, schedule="cosine", average=0.5, guide=guide,
        augment=AugmentParams.paper(),
    )  # fmt: skip

    def trainer() -> Trainer:
        guidance = Guidance(guide, params.augment, train, validation)
        return Trainer(tiny(), params, ViewParams(), torch.device("cpu"), guidance=guidance)

    whole = trainer()
    list(whole.epochs(train.examples, validation.examples))
    for stop in (1, 2):
        first = trainer()
        steps = first.epochs(train.examples, validation.examples)
        for _ in range(stop):
            next(steps)
        second = trainer()
        second.load_state_dict(first.state_dict())
        assert len(list(second.epochs(train.examples, validation.examples))) == 3 - stop
        for name, value in whole.best_state.items():
            assert torch.equal(value, second.best_state[name]), name


def test_what_cannot_be_guided_is_refused() -> None:
    known = bars(12, seed=1)
    with pytest.raises(ValueError, match="follows a fixed number"):
        TrainParams(guide=GuideParams())
    with pytest.raises(ValueError, match="needs at least 28"):
        Guidance(GuideParams(), AugmentParams(), known, known)
    with pytest.raises(ValueError, match="must be positive"):
        GuideParams(weight=0)
    params = replace(TrainParams(schedule="cosine"), guide=GuideParams())
    with pytest.raises(ValueError, match="needs known bars"):
        Trainer(tiny(), params, ViewParams(), torch.device("cpu"))
