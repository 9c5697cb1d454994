"""The recipe of a measurement: how maps are made and measured, as `estimator.json` stores it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from models.barlength.estimator import EstimatorParams
from models.saliency.params import SmoothGradParams
from models.view_params import ViewParams


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a bar is measured: `maps` says how maps are made, `estimator` how they are measured."""

    maps: SmoothGradParams = field(default_factory=SmoothGradParams)
    estimator: EstimatorParams = field(default_factory=EstimatorParams)

    @classmethod
    def paper(cls) -> Recipe:
        """Return paper 1's recipe: |gradient| maps, Algorithm 1, mean of the members' lengths."""
        return cls(maps=SmoothGradParams.paper(), estimator=EstimatorParams.paper())

    def fits(self, members: int) -> Recipe:
        """Return the recipe itself.

        Raises ValueError if it was calibrated for another number of members.
        """
        powers = len(self.estimator.member_powers)
        if powers not in (0, members):
            raise ValueError(
                f"the estimator has member_powers for {powers} members and the ensemble has "
                f"{members}: calibrate one for it (`ansae calibrate --ensemble`)"
            )
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for `estimator.json`: {"map": ..., "reading": ...}."""
        return {"map": asdict(self.maps), "reading": self.estimator.to_dict()}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Recipe:
        """Read what `to_dict` returns; missing names keep their defaults.

        Raises ValueError for unknown names and for values that are not allowed.
        """
        unknown = set(raw) - {"map", "reading"}
        if unknown:
            raise ValueError(
                f"an estimator has no {sorted(unknown)}: give 'map' and 'reading', as "
                "estimator.json has them"
            )
        return cls(
            maps=_maps(raw.get("map", {})),
            estimator=EstimatorParams.from_dict(raw.get("reading", {})),
        )


def _maps(raw: Mapping[str, Any]) -> SmoothGradParams:
    try:
        view = dict(raw.get("view", {}))
        if view.get("width_range") is not None:
            view["width_range"] = tuple(view["width_range"])
        return SmoothGradParams(**{**raw, "view": ViewParams(**view)})
    except TypeError as error:
        raise ValueError(
            f"'map' does not hold the parameters of a map: {error}; see estimator.json"
        ) from error
