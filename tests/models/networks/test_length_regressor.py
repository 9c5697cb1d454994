"""The control: a length in galaxy radii, linear, learned from streaks of known length."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch

from models.networks.ensemble import Ensemble
from models.networks.length_regressor import Control, control_member
from models.networks.member import Member
from models.networks.spec import EnsembleSpec, MemberSpec
from models.networks.weights import dump_member
from models.training.examples import Examples
from models.training.params import TrainParams, control_params
from models.training.scores import table_1
from models.training.trainer import Trainer
from models.view_params import FieldSpec, ViewParams

SIDE = 32
VIEW = ViewParams(width=0.9)
SPEC = control_member(
    MemberSpec(name="x", architecture="narrow_vgg", input_px=SIDE, options={"width": 4})
)


def streaks(count: int, seed: int) -> tuple[Examples, np.ndarray]:
    """Streaks of random length at random angles on canvases of a galaxy of radius 16 px."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    lengths = rng.uniform(0.4, 1.6, count)
    pixels = np.zeros((count, SIDE, SIDE, 3), np.uint8)
    for i, length in enumerate(lengths):
        t = rng.uniform(0, np.pi)
        u, v = x * np.cos(t) + y * np.sin(t), -x * np.sin(t) + y * np.cos(t)
        light = 200.0 * ((np.abs(u) < length * 8) & (np.abs(v) < 2))
        pixels[i] = (20 + light + rng.normal(0, 3, light.shape)).clip(0, 255)[..., None]
    sky, scale = np.full((count, 3), 20, np.float32), np.full(count, 200, np.float32)
    return Examples(pixels, sky, scale, lengths[:, None].astype(np.float32)), lengths


@pytest.fixture(scope="module")
def trained() -> Member:
    torch.manual_seed(1)
    params = TrainParams(epochs=12, batch_size=16, learning_rate=4e-3, schedule="cosine")
    trainer = Trainer(Member(SPEC), control_params(params, VIEW), VIEW, torch.device("cpu"))
    list(trainer.epochs(streaks(160, 0)[0], streaks(40, 1)[0]))
    best = Member(SPEC)
    best.load_state_dict(trainer.best_state)
    return best


def spec(weights: bytes, **changes: object) -> EnsembleSpec:
    return EnsembleSpec(
        **{
            "name": "c", "members": (SPEC,), "weights": ("x",), "kind": "control",
            "sha256": (hashlib.sha256(weights).hexdigest(),),
            "field": FieldSpec(canvas_px=SIDE), "votes_view": VIEW, "vote_views": 1, **changes,
        }
    )  # fmt: skip


def test_lengths_beyond_one_are_learned(trained: Member) -> None:
    examples, lengths = streaks(60, 2)
    (mine, _) = table_1([trained], VIEW, examples, torch.device("cpu"))
    assert mine.rho is not None
    assert mine.rho > 0.9
    assert mine.rmse < 0.5 * lengths.std()
    weights = dump_member(trained)
    control = Control(spec(weights), [weights])
    arrays = (examples.pixels, examples.sky, examples.scale)
    found = control.lengths_over_radius(*arrays)
    assert found.max() > 1.1
    assert np.sqrt(np.mean((found - lengths) ** 2)) == pytest.approx(mine.rmse, rel=1e-4)
    assert control.lengths_px(*arrays, np.full(60, 16.0)) == pytest.approx(16 * found)


def test_a_control_survives_its_description(trained: Member) -> None:
    weights = dump_member(trained)
    again = EnsembleSpec.from_dict(spec(weights).to_dict())
    assert again == spec(weights)
    assert again.members[0].outputs == 1


def test_votes_and_lengths_are_not_mixed_up(trained: Member) -> None:
    weights = dump_member(trained)
    with pytest.raises(ValueError, match="of kind 'control', it predicts lengths and no votes"):
        Ensemble.from_bytes(spec(weights), [weights])
    with pytest.raises(ValueError, match="kind 'control' needs 'linear' heads"):
        spec(weights, kind="votes")
    votes = MemberSpec(name="v", architecture="narrow_vgg", input_px=SIDE, options={"width": 4})
    data = dump_member(Member(votes))
    with pytest.raises(ValueError, match="trained with --target bar-length"):
        Control(spec(data, kind="votes", members=(votes,)), [data])


def test_the_view_is_never_zoomed() -> None:
    params = control_params(TrainParams(loss="cross_entropy", bar_weight=4.0), VIEW)
    assert params.augment.width_range == (0.9, 0.9)
    assert (params.loss, params.bar_weight) == ("squared_error", 1.0)
