"""Measure a bar on your own saliency maps with the shipped estimator. No torch here.

`bar_of_map` does for any map what `ansae measure` does for the maps of the shipped ensemble.
`measure_bar` is the step below it: one map, one reading, and parameters of your own choice.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.barlength.estimator import BarEstimate, EstimatorParams, estimate_bar

Floats = NDArray[np.float64]

_SHIPPED = "weights/compact/estimator.json"
_TOLERANCE = 1e-5  # rounding of a single-precision map at 0 and 1
_LIGHT_MIN, _LIGHT_MAX = -0.25, 1.5  # models.preprocess.brightness is clipped to this range


@cache
def shipped_estimator() -> EstimatorParams:
    """Return the estimator of the shipped ensemble, which `ansae measure` uses.

    It measures the mean of the members' maps at three levels of its profile, and then refines the
    length with the map and the galaxy's light in the bar's own frame (docs/science.md, section 3).
    It is stored in the package, in `models/weights/compact/estimator.json`.

    >>> from models.barlength import shipped_estimator
    >>> shipped_estimator().bar_length.method
    'levels'
    """
    text = resources.files("models").joinpath(_SHIPPED).read_text(encoding="utf-8")
    return EstimatorParams.from_dict(json.loads(text)["reading"])


def bar_of_map(
    saliency: ArrayLike,
    light: ArrayLike | None = None,
    *,
    bar_fraction: float = float("nan"),
    jackknife_maps: NDArray[np.floating[Any]] | None = None,
    estimator: EstimatorParams | None = None,
) -> BarEstimate:
    """Measure the bar on your own saliency map with the shipped estimator.

    Parameters
    ----------
    saliency
        One map (H, W), or the maps of several networks (M, H, W), in [0, 1], high where the bar
        is. H and W must be at least 3; the galaxy's centre is the middle of the map. A map of NaN
        is left out. `unit_map` scales other maps to [0, 1].
    light
        The galaxy's light (H, W) on the same pixels, as `models.preprocess.brightness` returns it:
        0 is the sky, 1 the galaxy's bright end. None: the length is not refined.
    bar_fraction
        Fraction of "bar" among the votes that reach the bar question, 0 to 1, for the error. NaN
        (not known) counts as one half.
    jackknife_maps
        Maps that leave out one group of noise samples each, (M, G, H, W) in [0, 1], or their means
        over the networks, (1, G, H, W). They give the part of the error that comes from the number
        of samples (`models.saliency.bar_maps.bar_maps_with_jackknife`). None leaves that part out.
    estimator
        How the maps are measured. None: `shipped_estimator()`.

    Returns
    -------
    BarEstimate
        `.bar` is a `BarMeasurement`: `length_px` (full length), `position_angle_deg` (in [0, 180),
        counter-clockwise from image up), `x_px`, `y_px` (the bar's middle), `stop`.
        `.length_err_px` is the 1-sigma error of the length, `.member_lengths_px` (M,) the length on
        each single map. Pixels are those of the map. A map without a bar gives NaN lengths, and
        `.bar.stop` says why.

    Raises
    ------
    ValueError
        For maps of another shape or with finite values outside [0, 1]; for a light of another
        shape, not finite, or outside -0.25 to 1.5; for a `bar_fraction` outside [0, 1].

    Notes
    -----
    *Meaning of the length.* The full visual length on the scale of Hoyle et al. 2011 (MNRAS 415,
    3627), whose volunteers drew a line on the image: docs/science.md, "Where a bar ends".

    *Calibration.* The estimator was calibrated for the signed, view-averaged SmoothGrad maps of the
    shipped ensemble (`models.saliency`, 256 samples), on a canvas of 144 x 144 px that reaches 1.8
    galaxy radii from the centre (`models.preprocess.canvas(pixels, FieldSpec())`). Maps of other
    networks, methods or canvases are measured in the same way, but the scale of their lengths is
    unknown: calibrate it on galaxies with known bars (`ansae calibrate`).

    *Meaning of the error.* sqrt(((0.082 + 0.346 (1 - bar_fraction)) length)^2 + S^2 + g^2), with S
    the standard error over the maps and g the jackknife over groups of samples. The two numbers
    were calibrated on mock galaxies, with refined lengths and the shipped ensemble's maps. The
    error of another map, or of a length without the refinement, is larger than this.

    *Without the light*, the returned length is the first length times the refinement's scale: on
    the same scale as a refined one, but less precise. On 713 mock bars, first lengths had a median
    error of 11.3 %, refined lengths 7.3 % (estimator of November 2026; docs/measured.md, "What each
    change brought").

    Paper 1 describes five ways from maps to a length: Bhambra, Joachimi & Lahav 2022, MNRAS 511,
    5032, section 3.3.

    Examples
    --------
    A Gaussian ridge along the rows, 48 px at half maximum, 12 px wide:

    >>> import numpy as np
    >>> from models.barlength import bar_of_map
    >>> y, x = np.mgrid[:144, :144] - 71.5
    >>> found = bar_of_map(np.exp(-4 * np.log(2) * ((x / 48) ** 2 + (y / 12) ** 2)))
    >>> found.bar.stop.value, round(found.bar.position_angle_deg)
    ('profile', 90)
    """
    params = estimator or shipped_estimator()
    maps = _maps(saliency)
    if not (np.isnan(bar_fraction) or 0 <= bar_fraction <= 1):
        raise ValueError(f"bar_fraction={bar_fraction} must lie in 0..1; give NaN if not known")
    if light is None:
        return estimate_bar(maps, _unrefined(params), bar_fraction, jackknife_maps)
    return estimate_bar(maps, params, bar_fraction, jackknife_maps, _light(light, maps.shape[1:]))


def _unrefined(params: EstimatorParams) -> EstimatorParams:
    """Return an estimator without the refinement whose lengths are on the same scale."""
    if params.refinement is None:
        return params
    first = params.bar_length
    scaled = replace(
        first,
        length_scale=first.length_scale * params.refinement.scale,
        length_offset_px=first.length_offset_px * params.refinement.scale,
    )
    return replace(params, refinement=None, bar_length=scaled)


def unit_map(saliency: ArrayLike) -> Floats:
    """Scale maps (..., H, W) in any unit to [0, 1], in the way that shipped maps are made.

    Negative values are evidence against a bar and become 0. Then each map is scaled so that its
    smallest value is 0 and its largest 1. A map without any contrast becomes 0; a map with NaN or
    infinite values becomes NaN. Raises ValueError for fewer than two dimensions.

    >>> from models.barlength import unit_map
    >>> unit_map([[-3.0, 2.0], [4.0, 0.0]]).tolist()
    [[0.0, 0.5], [1.0, 0.0]]
    """
    maps = np.asarray(saliency, dtype=np.float64)
    if maps.ndim < 2:
        raise ValueError(f"the map has shape {maps.shape}; give (H, W), or several as (M, H, W)")
    finite = np.isfinite(maps).all(axis=(-2, -1), keepdims=True)
    positive = np.where(finite, maps, 0.0).clip(min=0.0)
    low = positive.min(axis=(-2, -1), keepdims=True)
    span = positive.max(axis=(-2, -1), keepdims=True) - low
    scaled = (positive - low) / np.where(span > 0, span, 1.0)
    return np.asarray(np.where(finite, scaled, np.nan))


def _maps(saliency: ArrayLike) -> NDArray[np.floating[Any]]:
    """Check maps and return them as (M, H, W)."""
    maps = np.asarray(saliency)
    if not np.issubdtype(maps.dtype, np.floating):
        maps = maps.astype(np.float64)
    if maps.ndim == 2:
        maps = maps[None]
    if maps.ndim != 3 or 0 in maps.shape:
        raise ValueError(
            f"the maps have shape {np.shape(saliency)}; give one map (H, W), or the maps of "
            "several networks (M, H, W)"
        )
    finite = maps[np.isfinite(maps)]
    if finite.size and not -_TOLERANCE <= finite.min() <= finite.max() <= 1 + _TOLERANCE:
        raise ValueError(
            f"the map's values lie in {finite.min():g}..{finite.max():g}; they must lie in 0..1: "
            "unit_map scales any map to this range"
        )
    return maps


def _light(light: ArrayLike, shape: tuple[int, ...]) -> Floats:
    """Check the light and return it as (H, W)."""
    array = np.asarray(light, dtype=np.float64)
    if array.shape != shape:
        raise ValueError(
            f"the light has shape {array.shape} and the map {shape}; both must have the same "
            "pixels: make both from one canvas (models.preprocess.canvas)"
        )
    low, high = float(array.min()), float(array.max())
    if not _LIGHT_MIN - _TOLERANCE <= low <= high <= _LIGHT_MAX + _TOLERANCE:  # also refuses NaN
        raise ValueError(
            f"the light's values lie in {low:g}..{high:g}; they must lie in {_LIGHT_MIN}.."
            f"{_LIGHT_MAX}, 0 at the sky and 1 at the galaxy's bright end: "
            "use models.preprocess.brightness"
        )
    return array
