"""Turn the maps of several networks into one bar length with its error. No torch here.

Paper 1, section 3.3 knows five ways to a length: each member's map, the mean of the maps ("average
saliency maps"), the mean of the members' lengths ("average measurements", its choice). The way is a
choice to be calibrated, so it stands in parameters that travel with the ensemble
(`estimator.json`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.barlength.measure import BarLengthParams, BarMeasurement, StopReason, measure_bar
from models.barlength.refinement import Refinement, refined, scaled

Combine = Literal["maps", "lengths"]
Floats = NDArray[np.float64]

_MEMBER_RATIO = math.log(1.5)
_STORED = {"bar_length": "reading", "method": "reading"}
"""Fields whose names in estimator.json and run.json differ from ours: old files must be read."""
_NAMES, _NAMES_OF_LENGTH = {"reading": "bar_length"}, {"reading": "method"}

_DEFAULT_READING = BarLengthParams()


@dataclass(frozen=True, kw_only=True)
class EstimatorParams:
    """How several maps become one length.

    combine: "maps" reads the mean of the members' maps; "lengths" averages the members' lengths
    (paper). error_floor, error_doubt, error_spread: the 1-sigma error of a length l is the
    quadrature sum of (error_floor + error_doubt x (1 - bar_fraction)) x l, error_spread x the
    standard error of the members' lengths and error_sampling x the sampling error of l, which is
    the maps' noise for N samples (`sampling_error`). concord_min: with "maps", the least length of
    the mean of the members' axes (unit vectors at twice their angles: 1 where all lie along one
    line) for a length to be given; 0 asks for nothing. member_powers: with "maps", the power with
    which the length of each member's own map, over that of the mean map, enters the length
    (`member_ratios`); empty: they do not. refinement: with "maps", what corrects the length by the
    mean map and the galaxy's light in the bar's frame (models.barlength.refinement); None: nothing
    does.
    """

    combine: Combine = "maps"
    bar_length: BarLengthParams = _DEFAULT_READING
    error_floor: float = 0.08
    error_doubt: float = 0.0
    error_spread: float = 1.0
    error_sampling: float = 1.0
    concord_min: float = 0.0
    member_powers: tuple[float, ...] = ()
    refinement: Refinement | None = None

    def __post_init__(self) -> None:
        if self.combine not in ("maps", "lengths"):
            raise ValueError(f"combine={self.combine!r} must be 'maps' or 'lengths'")
        for name in ("error_floor", "error_doubt", "error_spread", "error_sampling"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name}={getattr(self, name)} must not be negative")
        if not 0 <= self.concord_min < 1:
            raise ValueError(f"concord_min={self.concord_min} must lie in 0..1, 1 excluded")
        if self.member_powers and self.combine != "maps":
            raise ValueError("member_powers are for combine='maps': leave them out")
        if self.refinement is not None and self.combine != "maps":
            raise ValueError("a refinement is for combine='maps': leave it out")

    @classmethod
    def paper(cls) -> EstimatorParams:
        """Average measurements at T_c = 0.85, T_1 = 40 (paper 1, table 2)."""
        return cls(combine="lengths", bar_length=BarLengthParams.paper(0.85, 40))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a JSON file. In files, `bar_length` and its `method` are both called
        "reading"; they have been since the first estimator.json."""
        length = {_STORED.get(name, name): value for name, value in asdict(self.bar_length).items()}
        values = {_STORED.get(name, name): value for name, value in asdict(self).items()}
        return values | {"reading": length}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> EstimatorParams:
        """The inverse of `to_dict`. Raises ValueError for an unknown name."""
        try:
            values = {_NAMES.get(name, name): value for name, value in raw.items()}
            length: dict[str, Any] = {
                _NAMES_OF_LENGTH.get(name, name): tuple(value) if isinstance(value, list) else value
                for name, value in values.get("bar_length", {}).items()
            }
            values["member_powers"] = tuple(values.get("member_powers", ()))
            if values.get("refinement") is not None:
                values["refinement"] = Refinement.from_dict(values["refinement"])
            return cls(**{**values, "bar_length": BarLengthParams(**length)})
        except TypeError as error:
            raise ValueError(f"not an estimator's parameters: {error}") from error


@dataclass(frozen=True, kw_only=True)
class BarEstimate:
    """One galaxy's bar in pixels of the map; NaN lengths where `stop` says there is none.

    member_lengths_px: (M,), NaN where a member's map shows no bar; a refinement's correction is
    theirs, too. sampling_err_px: the part of length_err_px that comes of the number of samples
    (times error_sampling), NaN if not known.
    """

    bar: BarMeasurement
    length_err_px: float
    member_lengths_px: NDArray[np.float64]
    sampling_err_px: float = float("nan")


def estimate_bar(
    maps: NDArray[np.floating[Any]],
    params: EstimatorParams,
    bar_fraction: float = float("nan"),
    jackknife_maps: NDArray[np.floating[Any]] | None = None,
    light: Floats | None = None,
) -> BarEstimate:
    """The bar of the members' maps, (M, H, W) in [0, 1] (NaN: that map says nothing).

    bar_fraction: share of bars in the votes; where it is not known it counts as one half.
    jackknife_maps: for the sampling error, as `sampling_error` takes them; None leaves it out.
    light: the galaxy's, (H, W) as models.preprocess.brightness has it, which a refinement looks at.
    Raises ValueError where params have a refinement and there is no light.
    """
    readings = [measure_bar(m, params.bar_length) for m in maps]
    first = _combined(maps, readings, params)
    bar = _refined(first, maps, params, light)
    lengths = np.array([r.length_px for r in readings], dtype=np.float64)
    lengths *= bar.length_px / first.length_px if np.isfinite(bar.length_px) else 1.0
    if not np.isfinite(bar.length_px):
        return BarEstimate(bar=bar, length_err_px=float("nan"), member_lengths_px=lengths)
    finite = lengths[np.isfinite(lengths)]
    spread = float(finite.std(ddof=1) / np.sqrt(finite.size)) if finite.size > 1 else 0.0
    doubt = 1.0 - (bar_fraction if np.isfinite(bar_fraction) else 0.5)
    relative = params.error_floor + params.error_doubt * doubt
    error = np.hypot(relative * bar.length_px, params.error_spread * spread)
    sampling = float("nan")
    if jackknife_maps is not None and params.error_sampling > 0:
        sampling = sampling_error(jackknife_maps, params, light)
        error = np.hypot(error, params.error_sampling * np.nan_to_num(sampling))
    return BarEstimate(
        bar=bar,
        length_err_px=float(error),
        member_lengths_px=lengths,
        sampling_err_px=sampling,
    )


def read_bar(
    maps: NDArray[np.floating[Any]], params: EstimatorParams, light: Floats | None = None
) -> BarMeasurement:
    """The bar of `estimate_bar` alone: members' maps are read only where it needs them."""
    each = params.combine == "lengths" or params.concord_min > 0 or bool(params.member_powers)
    readings = [measure_bar(m, params.bar_length) for m in maps] if each else []
    return _refined(_combined(maps, readings, params), maps, params, light)


def sampling_error(
    jackknife_maps: NDArray[np.floating[Any]], params: EstimatorParams, light: Floats | None = None
) -> float:
    """1-sigma error of the length from the samples of its maps, by the delete-a-group jackknife.

    jackknife_maps: maps without one group of samples each (models.saliency.jackknife), (M, G, H,
    W); with combine "maps" also their means over members, (1, G, H, W). The same group is left out
    of all members at once. Of G lengths l_g: sqrt((G - 1) / G x sum (l_g - mean)^2) (Kott 2001), of
    those that are finite; NaN for fewer than two. Of a mean of maps no member's length is known:
    their powers are left out.
    """
    plain = replace(params, concord_min=0.0, member_powers=())
    groups = [jackknife_maps[:, g] for g in range(jackknife_maps.shape[1])]
    lengths = [read_bar(maps, plain, light).length_px for maps in groups]
    values = np.array(lengths, dtype=np.float64)
    values = values[np.isfinite(values)]
    if values.size < 2:
        return float("nan")
    return float(np.sqrt((values.size - 1) * values.var()))


def _combined(
    maps: NDArray[np.floating[Any]], readings: Sequence[BarMeasurement], params: EstimatorParams
) -> BarMeasurement:
    """One bar of the members' maps and their readings; "maps" asks these for concord and powers."""
    if params.combine == "lengths":
        return _average(readings)
    bar = measure_bar(mean_map(maps), params.bar_length)
    if np.isfinite(bar.length_px) and concord(readings) < params.concord_min:
        return BarMeasurement(stop=StopReason.DISCORD, threshold=bar.threshold)
    if params.member_powers and np.isfinite(bar.length_px):
        return _corrected(bar, readings, params.member_powers)
    return bar


def _refined(
    bar: BarMeasurement,
    maps: NDArray[np.floating[Any]],
    params: EstimatorParams,
    light: Floats | None,
) -> BarMeasurement:
    """The bar after the refinement, if there is one."""
    if params.refinement is None or not np.isfinite(bar.length_px):
        return bar
    if light is None:
        raise ValueError(
            "the estimator's refinement looks at the galaxy's light: give it "
            "(models.preprocess.brightness), or an estimator without a refinement"
        )
    return refined(bar, mean_map(maps), light, params.refinement)


def member_ratios(length_px: float, readings: Sequence[BarMeasurement]) -> NDArray[np.float64]:
    """ln of the members' lengths over that of the mean map, (M,): 0 where a member has none, and
    held within a factor of 1.5, beyond which a member saw something else."""
    lengths = np.array([r.length_px for r in readings], dtype=np.float64)
    good = np.isfinite(lengths) & (lengths > 0) & (length_px > 0)
    ratios = np.log(np.where(good, lengths, 1.0) / (length_px if length_px > 0 else 1.0))
    return np.where(good, np.clip(ratios, -_MEMBER_RATIO, _MEMBER_RATIO), 0.0)


def _corrected(
    bar: BarMeasurement, readings: Sequence[BarMeasurement], powers: Sequence[float]
) -> BarMeasurement:
    """The bar with length x product(ratio_m ^ power_m). Its width stays."""
    if len(powers) != len(readings):
        raise ValueError(
            f"{len(powers)} member_powers for the maps of {len(readings)} members: the estimator "
            "was calibrated for another ensemble; calibrate it for this one"
        )
    return scaled(bar, math.exp(float(member_ratios(bar.length_px, readings) @ np.asarray(powers))))


def concord(readings: Sequence[BarMeasurement]) -> float:
    """Length of the mean of unit vectors at twice the measured members' angles, in [0, 1].

    Angles of 15 deg to either side of a line still give 0.87. 1 where fewer than two have an angle.
    """
    angles = np.array([r.position_angle_deg for r in readings], dtype=np.float64)
    angles = np.deg2rad(angles[np.isfinite(angles)])
    return float(np.abs(np.exp(2j * angles).mean())) if angles.size > 1 else 1.0


def mean_map(maps: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Mean of the finite members' maps, not rescaled (paper 1: "average saliency maps")."""
    good = np.isfinite(maps).all(axis=(1, 2))
    if not good.any():
        return np.full(maps.shape[1:], np.nan)
    return np.asarray(maps[good].mean(axis=0, dtype=np.float64))


def _average(readings: Sequence[BarMeasurement]) -> BarMeasurement:
    """The reading nearest the mean of the finite lengths, with that mean as its length."""
    lengths = np.array([r.length_px for r in readings], dtype=np.float64)
    finite = np.isfinite(lengths)
    if not finite.any():
        return replace(readings[0], length_px=float("nan"))
    mean = float(lengths[finite].mean())
    nearest = int(np.argmin(np.where(finite, np.abs(lengths - mean), np.inf)))
    return replace(readings[nearest], length_px=mean)


__all__ = ["BarEstimate", "EstimatorParams", "StopReason", "estimate_bar", "mean_map", "read_bar"]
