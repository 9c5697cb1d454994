"""Add networks to an existing ensemble: they vote with its members, but get no saliency maps.

The maps, and the estimator that was calibrated on them, do not change. Only the votes change, and
with them which galaxies get maps.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from actors.find_ensemble import find_ensemble
from catalogues.runs.ensembles import ESTIMATOR_FILE, EnsembleFiles
from catalogues.storage import StorageOptions
from models.networks.spec import EnsembleSpec
from pipelines.train.options import TrainOptions


@dataclass(frozen=True, kw_only=True)
class JoinedEnsemble:
    """An ensemble that new networks join: its own description and files."""

    spec: EnsembleSpec
    files: EnsembleFiles

    @classmethod
    def find(cls, options: TrainOptions) -> JoinedEnsemble | None:
        """Read the ensemble that `options.joins` names; None if it names none.

        Raises StorageError if it does not exist, ValueError if the networks to train cannot vote
        in it.
        """
        if options.joins is None:
            return None
        files = find_ensemble(options.joins, StorageOptions())
        found = cls(spec=EnsembleSpec.from_dict(files.description), files=files)
        found._check(options)
        return found

    def _check(self, options: TrainOptions) -> None:
        names = [m.name for m in self.spec.members]
        if taken := [m.name for m in options.specs if m.name in names]:
            raise ValueError(
                f"ensemble {self.spec.name!r} has a member {taken[0]!r} already: give the new "
                "network another name (--architecture NAME=ARCHITECTURE)"
            )
        theirs = (self.spec.field, self.spec.votes_view, self.spec.vote_views)
        if theirs != options.field_and_view:
            raise ValueError(
                f"ensemble {self.spec.name!r} looks at other squares of sky than preset "
                f"{options.preset!r}, but all members must see the same: give the ensemble's preset"
            )
        self.with_voters(options, [""] * len(options.specs))

    def with_voters(self, options: TrainOptions, sha256: Sequence[str]) -> EnsembleSpec:
        """Return the ensemble with the new networks, whose weights have these `sha256`.

        Raises ValueError if the networks do not fit together.
        """
        voters = (replace(m, explained=False) for m in options.specs)
        members = (*self.spec.members, *voters)
        return replace(
            self.spec,
            name=f"{self.spec.name}-joined",
            members=members,
            weights=tuple(f"{m.name}.safetensors" for m in members),
            sha256=(*self.spec.sha256, *sha256),
        )

    @property
    def besides(self) -> dict[str, bytes]:
        """Files that belong to the ensemble by name: its estimator, if it has one."""
        if self.files.estimator is None:
            return {}
        return {ESTIMATOR_FILE: json.dumps(self.files.estimator).encode()}
