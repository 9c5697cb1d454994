"""The ensemble's description, its weights, and votes that do not depend on the batch."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from models.networks.ensemble import Ensemble, normalise
from models.networks.member import Member
from models.networks.presets import preset
from models.networks.spec import EnsembleSpec, MemberSpec, Pool
from models.networks.votes import pooled, votes_from_logits
from models.networks.weights import build_member, dump_member
from models.view_params import FieldSpec, ViewParams
from models.views import resample, sequence

SIDE = 32
MEMBERS = tuple(
    MemberSpec(name=n, architecture="narrow_vgg", input_px=SIDE, options={"width": 4}) for n in "ab"
)


def make(seed: int = 0) -> tuple[EnsembleSpec, list[bytes]]:
    torch.manual_seed(seed)
    weights = [dump_member(Member(m)) for m in MEMBERS]
    spec = EnsembleSpec(
        name="tiny", members=MEMBERS, weights=("a.safetensors", "b.safetensors"),
        sha256=tuple(hashlib.sha256(w).hexdigest() for w in weights),
        field=FieldSpec(canvas_px=48),
        votes_view=ViewParams(width=0.7, rotate=True, reflect=True), vote_views=3,
    )  # fmt: skip
    return spec, weights


def test_the_description_survives_json() -> None:
    spec, _ = make()
    assert EnsembleSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


def test_an_older_description_pools_by_the_mean() -> None:
    raw = make()[0].to_dict()
    assert EnsembleSpec.from_dict(raw | {"pool": "odds"}).pool == "odds"
    del raw["pool"]
    assert EnsembleSpec.from_dict(raw).pool == "mean"


class Voice:
    """A member whose answers depend strongly on the view."""

    spec = MEMBERS[0]

    def votes(self, seen: torch.Tensor) -> torch.Tensor:
        return votes_from_logits(9 * seen[:, 0, 10:17, 10:16].flatten(1)[:, :37], "tree")


@pytest.mark.parametrize("pool", ["mean", "odds"])
def test_votes_of_views_are_pooled(pool: Pool) -> None:
    spec, weights = make()
    ensemble = Ensemble.from_bytes(replace(spec, pool=pool), weights)
    ensemble.voters = [Voice()]  # type: ignore[list-item]
    image = torch.rand(1, 3, 48, 48, generator=torch.Generator().manual_seed(3))
    views = sequence(spec.votes_view, 0, 3, (0.0, 0.0))
    each = Voice().votes(resample(image.expand(3, -1, -1, -1), views, SIDE))
    found = ensemble.votes(image)[0, 0]
    torch.testing.assert_close(found, pooled(each, 0, pool), atol=1e-6, rtol=1e-4)
    other = pooled(each, 0, "odds" if pool == "mean" else "mean")
    assert (found - other).abs().max() > 0.01


def test_a_member_that_only_votes_has_no_map() -> None:
    spec, weights = make()
    quiet = replace(spec, members=(MEMBERS[0], replace(MEMBERS[1], explained=False)))
    ensemble, image = Ensemble.from_bytes(quiet, weights), torch.rand(1, 3, 48, 48)
    assert [m.spec.name for m in ensemble.members] == ["a"]
    assert torch.equal(ensemble.votes(image), Ensemble.from_bytes(spec, weights).votes(image))
    assert EnsembleSpec.from_dict(json.loads(json.dumps(quiet.to_dict()))) == quiet
    with pytest.raises(ValueError, match="explains 0 of 2 members"):
        replace(spec, members=tuple(replace(m, explained=False) for m in MEMBERS))
    lengths = tuple(replace(m, head="linear", outputs=1) for m in quiet.members)
    with pytest.raises(ValueError, match="of kind 'control' explains 1 of 2 members"):
        replace(spec, kind="control", members=lengths)


def test_votes_are_the_same_alone_and_among_others() -> None:
    spec, weights = make()
    ensemble = Ensemble.from_bytes(spec, weights)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (5, 48, 48, 3), dtype=np.uint8)
    sky, scale = np.full((5, 3), 20, np.float32), np.full(5, 150, np.float32)
    images = ensemble.images(pixels, sky, scale)
    votes = ensemble.votes(images)
    assert votes.shape == (2, 5, 37)
    assert torch.equal(ensemble.votes(images[3:4])[:, 0], votes[:, 3])
    assert torch.equal(ensemble.votes(images.flip(0)), votes.flip(1))


def test_a_gpus_block_of_galaxies_gets_the_votes_of_each_alone() -> None:
    spec, weights = make()
    ensemble = Ensemble.from_bytes(spec, weights)
    images = torch.rand(3, 3, 48, 48, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        block = ensemble._votes_of_block(images, 5)
    assert block.shape == (2, 3, 37)
    torch.testing.assert_close(block, ensemble.votes(images), atol=1e-6, rtol=0)


def test_weights_come_back_as_they_were() -> None:
    spec, weights = make()
    member = build_member(spec.members[0], weights[0], spec.sha256[0])
    assert dump_member(member) == weights[0]
    assert not member.training
    assert not any(p.requires_grad for p in member.parameters())


def test_altered_weights_are_refused() -> None:
    spec, weights = make()
    altered = weights[0][:-1] + bytes([weights[0][-1] ^ 1])
    with pytest.raises(ValueError, match=r"member 'a' have sha256 .* altered or replaced"):
        build_member(spec.members[0], altered, spec.sha256[0])


def test_weights_of_another_network_are_refused() -> None:
    spec, weights = make()
    other = replace(spec.members[0], options={"width": 8})
    with pytest.raises(ValueError, match="do not fit"):
        build_member(other, weights[0], spec.sha256[0])


def test_pickles_are_never_loaded() -> None:
    import pickle

    data = pickle.dumps({"a": 1})
    with pytest.raises(ValueError, match="do not fit"):
        build_member(MEMBERS[0], data, hashlib.sha256(data).hexdigest())


def test_normalised_canvases_have_sky_zero_and_are_clipped() -> None:
    pixels = torch.tensor([20, 120, 255, 0], dtype=torch.uint8).view(1, 2, 2, 1).expand(1, 2, 2, 3)
    images = normalise(pixels, torch.full((1, 3), 20.0), torch.tensor([100.0]))
    torch.testing.assert_close(images[0, 0].flatten(), torch.tensor([0.0, 1.0, 1.5, -0.2]))
    paper = normalise(pixels, torch.zeros(1, 3), torch.tensor([255.0]))
    torch.testing.assert_close(paper[0, 0].flatten() * 255, torch.tensor([20.0, 120.0, 255.0, 0.0]))


def test_descriptions_that_do_not_add_up() -> None:
    spec, _ = make()
    with pytest.raises(ValueError, match="2 members, 1 weights"):
        replace(spec, weights=("a",))
    with pytest.raises(ValueError, match="no members"):
        replace(spec, members=(), weights=(), sha256=())
    with pytest.raises(ValueError, match="sees 32 px but the canvas has 48"):
        replace(spec, votes_view=ViewParams())
    with pytest.raises(ValueError, match="pool='median' must be 'mean' or 'odds'"):
        replace(spec, pool="median")  # type: ignore[arg-type]
    unbound = replace(MEMBERS[0], head="sigmoid")
    with pytest.raises(ValueError, match="the 'sigmoid' head in an ensemble that pools odds"):
        replace(spec, pool="odds", members=(unbound, MEMBERS[1]))
    with pytest.raises(ValueError, match="not the description"):
        EnsembleSpec.from_dict({"name": "x"})


def test_presets() -> None:
    members, field, view, views = preset("paper")
    assert field == FieldSpec.paper()
    assert view.identity
    assert views == 1
    assert len(members) == 3
    with pytest.raises(ValueError, match="'huge' must be one of compact, paper"):
        preset("huge")
