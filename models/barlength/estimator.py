"""Turn the maps of several networks into one bar length with its error. No torch here.

Paper 1, section 3.3, describes five ways to a length: each of the three members' maps, the mean of
the maps ("average saliency maps"), and the mean of the members' lengths ("average measurements",
the paper's choice). The way is calibrated, so it is part of the parameters that are stored with the
ensemble (`estimator.json`).
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
    """How the maps of several networks become one length with its error.

    The 1-sigma error of a length l is the quadrature sum of three parts: (error_floor +
    error_doubt x (1 - bar_fraction)) x l, error_spread x the standard error of the members'
    lengths, and error_sampling x the sampling error of l.

    Attributes
    ----------
    combine
        "maps": measure the mean of the members' maps. "lengths": average the members' lengths
        (paper 1).
    bar_length
        How one map is measured.
    error_floor, error_doubt, error_spread, error_sampling
        Weights of the parts of the error, see above. The sampling error is the noise of maps made
        of N samples (`sampling_error`).
    concord_min
        With "maps": no length if the mean of the members' axes (unit vectors at twice their angles)
        is shorter than this. It is 1 if all axes agree. 0 asks for nothing.
    member_powers
        With "maps": powers with which the length on each member's own map, over the length on the
        mean map, enters the length (`member_ratios`). Empty: they do not enter.
    refinement
        With "maps": corrects the length by the mean map and the galaxy's light in the bar's frame
        (models.barlength.refinement). None: no correction.
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
            raise ValueError(
                f"member_powers are only for combine='maps', not {self.combine!r}: leave them out"
            )
        if self.refinement is not None and self.combine != "maps":
            raise ValueError(
                f"a refinement is only for combine='maps', not {self.combine!r}: leave it out"
            )

    @classmethod
    def paper(cls) -> EstimatorParams:
        """Return paper 1's choice: average measurements, T_c = 0.85, T_1 = 40 (table 2)."""
        return cls(combine="lengths", bar_length=BarLengthParams.paper(0.85, 40))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for a JSON file.

        In files, `bar_length` and its `method` are both called "reading", as in the first
        estimator.json.
        """
        length = {_STORED.get(name, name): value for name, value in asdict(self.bar_length).items()}
        values = {_STORED.get(name, name): value for name, value in asdict(self).items()}
        return values | {"reading": length}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> EstimatorParams:
        """Read what `to_dict` returns. Raises ValueError for an unknown name."""
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
    """One galaxy's bar, in pixels of the map.

    Attributes
    ----------
    bar
        The measurement. Its length is NaN if `bar.stop` says that there is none.
    length_err_px
        1-sigma error of the length.
    member_lengths_px
        (M,): length on each member's map, NaN if it shows no bar. A refinement corrects them by the
        same factor.
    sampling_err_px
        Sampling error of the length, before it is weighted by error_sampling; NaN if not known.
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
    """Measure a galaxy's bar on the members' maps.

    Parameters
    ----------
    maps
        (M, H, W) in [0, 1]; a map of NaN is left out.
    params
        How the maps are measured and combined.
    bar_fraction
        Share of "bar" among the votes; NaN counts as 0.5.
    jackknife_maps
        Maps for `sampling_error`; None leaves the sampling error out.
    light
        The galaxy's light, (H, W), as models.preprocess.brightness returns it; a refinement needs
        it.

    Raises ValueError if params have a refinement and light is None.
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
    """Measure the bar as `estimate_bar` does, without its error.

    The members' own maps are measured only if the length depends on them.
    """
    each = params.combine == "lengths" or params.concord_min > 0 or bool(params.member_powers)
    readings = [measure_bar(m, params.bar_length) for m in maps] if each else []
    return _refined(_combined(maps, readings, params), maps, params, light)


def sampling_error(
    jackknife_maps: NDArray[np.floating[Any]], params: EstimatorParams, light: Floats | None = None
) -> float:
    """Compute the sampling error of the length by the delete-a-group jackknife (Kott 2001).

    It is sqrt((G - 1) / G x sum (l_g - mean)^2) of the finite ones among G lengths l_g; NaN for
    fewer than two. Each is measured on maps that leave one group of samples out of all members.

    jackknife_maps: (M, G, H, W) (models.saliency.jackknife), or with combine "maps" also their
    means over members, (1, G, H, W). A mean map has no members' lengths: member_powers are left
    out.
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
    """Combine the members' maps and readings to one bar; "maps" uses readings for concord and
    powers."""
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
    """Refine the bar if params have a refinement."""
    if params.refinement is None or not np.isfinite(bar.length_px):
        return bar
    if light is None:
        raise ValueError(
            "the estimator's refinement needs the galaxy's light: give it "
            "(models.preprocess.brightness), or an estimator without a refinement"
        )
    return refined(bar, mean_map(maps), light, params.refinement)


def member_ratios(length_px: float, readings: Sequence[BarMeasurement]) -> NDArray[np.float64]:
    """Return ln(member's length / length of the mean map), (M,).

    0 for a member without a length. Limited to a factor of 1.5: beyond it, the member saw another
    structure.
    """
    lengths = np.array([r.length_px for r in readings], dtype=np.float64)
    good = np.isfinite(lengths) & (lengths > 0) & (length_px > 0)
    ratios = np.log(np.where(good, lengths, 1.0) / (length_px if length_px > 0 else 1.0))
    return np.where(good, np.clip(ratios, -_MEMBER_RATIO, _MEMBER_RATIO), 0.0)


def _corrected(
    bar: BarMeasurement, readings: Sequence[BarMeasurement], powers: Sequence[float]
) -> BarMeasurement:
    """Multiply the bar's length by product(ratio_m ^ power_m); its width stays the same."""
    if len(powers) != len(readings):
        raise ValueError(
            f"{len(powers)} member_powers for the maps of {len(readings)} members: the estimator "
            "was calibrated for another ensemble; calibrate it for this one"
        )
    return scaled(bar, math.exp(float(member_ratios(bar.length_px, readings) @ np.asarray(powers))))


def concord(readings: Sequence[BarMeasurement]) -> float:
    """Return the length of the mean of unit vectors at twice the members' angles, in [0, 1].

    Angles of 15 deg to either side of a line still give 0.87. Returns 1 if fewer than two members
    have an angle.
    """
    angles = np.array([r.position_angle_deg for r in readings], dtype=np.float64)
    angles = np.deg2rad(angles[np.isfinite(angles)])
    return float(np.abs(np.exp(2j * angles).mean())) if angles.size > 1 else 1.0


def mean_map(maps: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the mean of the finite maps, not rescaled (paper 1: "average saliency maps")."""
    good = np.isfinite(maps).all(axis=(1, 2))
    if not good.any():
        return np.full(maps.shape[1:], np.nan)
    return np.asarray(maps[good].mean(axis=0, dtype=np.float64))


def _average(readings: Sequence[BarMeasurement]) -> BarMeasurement:
    """Return the reading nearest the mean of the finite lengths, with that mean as its length."""
    lengths = np.array([r.length_px for r in readings], dtype=np.float64)
    finite = np.isfinite(lengths)
    if not finite.any():
        return replace(readings[0], length_px=float("nan"))
    mean = float(lengths[finite].mean())
    nearest = int(np.argmin(np.where(finite, np.abs(lengths - mean), np.inf)))
    return replace(readings[nearest], length_px=mean)


__all__ = ["BarEstimate", "EstimatorParams", "StopReason", "estimate_bar", "mean_map", "read_bar"]
