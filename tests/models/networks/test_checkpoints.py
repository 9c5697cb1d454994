"""Checkpoints as timm and Zoobot publish them: on the hub's cache and in a folder, offline."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import huggingface_hub.constants
import pytest
import timm
import torch
from safetensors.torch import load, save
from timm.models import save_for_hf

from models.networks.checkpoints import new_member, published_spec, published_weights
from models.networks.member import Member
from models.networks.spec import MemberSpec
from models.networks.weights import build_member, dump_member

ZOOBOT = "hf_hub:mwalmsley/zoobot-encoder-test_convnext"
MEAN, STD = [0.1, 0.2, 0.3], [0.4, 0.5, 0.6]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An offline hub whose cache holds one encoder, written as Zoobot writes them: the folder."""
    folder = tmp_path / "hub" / "models--mwalmsley--zoobot-encoder-test_convnext"
    snapshot = folder / "snapshots" / "0123abc"
    encoder(snapshot)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("0123abc")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return snapshot


def encoder(folder: Path) -> torch.nn.Module:
    """A small encoder without a head, and its preprocessing, by timm's own writer."""
    torch.manual_seed(5)
    network: torch.nn.Module = timm.create_model("test_convnext", num_classes=0)
    save_for_hf(
        network, str(folder), safe_serialization=True,
        model_config={"pretrained_cfg": {"input_size": [3, 64, 64], "mean": MEAN, "std": STD}},
    )  # fmt: skip
    return network


def changed(folder: Path, **changes: object) -> str:
    """The checkpoint with another pretrained_cfg; its name."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config["pretrained_cfg"] |= changes
    path.write_text(json.dumps(config))
    return f"local-dir:{folder}"


def test_an_encoder_of_the_hub(hub: Path) -> None:
    spec = published_spec("zoobot", ZOOBOT)
    assert (spec.name, spec.architecture, spec.input_px) == ("zoobot", "test_convnext", 64)
    assert (spec.mean, spec.std) == (tuple(MEAN), tuple(STD))
    weights = published_weights(ZOOBOT)
    member = new_member(spec, weights=weights).eval()
    published = load(weights)
    mine = member.backbone.state_dict()
    assert mine.keys() == published.keys()
    assert all(torch.equal(mine[name], published[name]) for name in mine)


def test_it_sees_what_timm_would_show_it(hub: Path) -> None:
    """Features of the member's image in [0, 1] are the encoder's of the normalised one."""
    spec = published_spec("zoobot", f"local-dir:{hub}")
    member = new_member(spec, weights=published_weights(f"local-dir:{hub}")).eval()
    theirs = timm.create_model(f"local-dir:{hub}", pretrained=True, global_pool="").eval()
    images = torch.rand(2, 3, 64, 64)
    prepared = (images - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    seen: list[torch.Tensor] = []
    member.classifier.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    with torch.no_grad():
        member(images)
        wanted = theirs.forward_features(prepared)
    torch.testing.assert_close(seen[0], wanted)


def test_a_trained_member_needs_no_hub(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    member = new_member(published_spec("zoobot", ZOOBOT), weights=published_weights(ZOOBOT))
    weights = dump_member(member)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", "/nonexistent")
    again = build_member(member.spec, weights, hashlib.sha256(weights).hexdigest())
    images = torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(again.votes(images), member.eval().votes(images))


def test_a_zoobot_network_whose_encoder_has_a_prefix(hub: Path) -> None:
    """As its Lightning checkpoint names the tensors, once converted to safetensors."""
    spec = published_spec("zoobot", ZOOBOT)
    plain = load(published_weights(ZOOBOT))
    whole = {f"encoder.{name}": value for name, value in plain.items()}
    whole["head.output_layer.weight"] = torch.zeros(39, 64)
    member = new_member(spec, weights=save(whole))
    assert all(torch.equal(member.backbone.state_dict()[n], plain[n]) for n in plain)


def test_what_is_not_in_the_cache(hub: Path) -> None:
    with pytest.raises(
        ValueError,
        match=r"config.json of the checkpoint 'hf_hub:a/b' cannot be fetched .*local-dir:",
    ):
        published_spec("x", "hf_hub:a/b")
    (hub / "model.safetensors").rename(hub / "pytorch_model.bin")
    for place in (ZOOBOT, f"local-dir:{hub}"):
        with pytest.raises(ValueError, match=r"model.safetensors of .* are not loaded: convert"):
            published_weights(place)
    with pytest.raises(ValueError, match=r"'hf_hub:mwalmsley/.*@older' cannot be fetched"):
        published_spec("x", f"{ZOOBOT}@older")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"input_size": [1, 64, 64]}, "sees 1 bands of 64 x 64 px"),
        ({"input_size": [3, 64, 32]}, "a member sees three colours of a square"),
        ({"mean": None}, "no usable pretrained_cfg"),
        ({"std": [0.1, 0.1, 0]}, "a member sees three colours"),
    ],
)
def test_configurations_that_are_not_for_members(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    encoder(tmp_path)
    with pytest.raises(ValueError, match=words):
        published_spec("x", changed(tmp_path, **changes))


def test_configurations_that_are_none(tmp_path: Path) -> None:
    place = f"local-dir:{tmp_path}"
    for text, words in (
        ("{", "config.json of .* is not JSON"),
        ("[]", "is not a JSON object"),
        ("{}", "architecture 'None' of member 'x' is neither"),
        ('{"architecture": "os.system"}', "architecture 'os.system' of member 'x' is neither"),
        ('{"architecture": "test_convnext"}', "no usable pretrained_cfg"),
    ):
        (tmp_path / "config.json").write_text(text)
        with pytest.raises(ValueError, match=words):
            published_spec("x", place)


def test_options_load_no_files() -> None:
    """timm.create_model would unpickle a checkpoint_path."""
    with pytest.raises(ValueError, match=r"name checkpoint_path: .* load no weights"):
        MemberSpec(name="x", architecture="vgg11", options={"checkpoint_path": "evil.pth"})
    with pytest.raises(ValueError, match=r"'hf_hub:a/b' is neither"):
        Member(MemberSpec(name="x", architecture="hf_hub:a/b"))
