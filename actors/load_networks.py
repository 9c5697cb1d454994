"""Load networks: an ensemble, one classifier, or a control. Needs torch."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from actors.find_ensemble import find_ensemble
from catalogues.storage import StorageOptions
from models.networks.classifier import Classifier
from models.networks.ensemble import Ensemble
from models.networks.fast_gradients import SpeedParams
from models.networks.length_regressor import Control
from models.networks.member import to_device
from models.networks.spec import EnsembleSpec
from models.networks.weights import build_member


def load_ensemble(
    name: str, options: StorageOptions, device: str = "cpu", speed: SpeedParams | None = None
) -> Ensemble:
    """Load the networks of `find_ensemble` on a device. Also raises ValueError if the weights do
    not have their sha256."""
    files = find_ensemble(name, options)
    spec = EnsembleSpec.from_dict(files.description)
    return Ensemble.from_bytes(spec, files.weights, device, speed)


def check_weights(spec: EnsembleSpec, weights: Sequence[bytes]) -> None:
    """Build every member once. Raises ValueError if its weights do not fit or were altered."""
    Ensemble.from_bytes(spec, weights)


def load_classifier(
    name: str, storage: StorageOptions, device: str = "cpu", member: int = 0
) -> Classifier:
    """Load network number `member` of an ensemble of kind "classes" (see `find_ensemble`).

    Also raises ValueError if the ensemble is of another kind, if the weights do not have their
    sha256, or if there is no such member.
    """
    files = find_ensemble(name, storage)
    spec = EnsembleSpec.from_dict(files.description)
    if spec.kind != "classes":
        raise ValueError(
            f"ensemble {spec.name!r} predicts {spec.kind}, not classes: give one that was trained "
            "with --target classes"
        )
    if not 0 <= member < len(spec.members):
        raise ValueError(
            f"member={member} must lie in 0..{len(spec.members) - 1}, the members of ensemble "
            f"{spec.name!r}"
        )
    built = build_member(spec.members[member], files.weights[member], spec.sha256[member])
    on = torch.device(device)
    return Classifier(network=to_device(built, on), spec=spec, member=member, device=on)


def load_control(name: str, options: StorageOptions, device: str = "cpu") -> Control:
    """Load the control at a path or URL.

    Also raises ValueError if the weights do not have their sha256, or if it is no control.
    """
    files = find_ensemble(name, options)
    return Control(EnsembleSpec.from_dict(files.description), files.weights, device)
