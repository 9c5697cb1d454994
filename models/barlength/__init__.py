"""Bar length, position angle and error, read from a saliency map. No torch in this folder.

`bar_of_map` reads any map as `ansae measure` reads its own; `measure_bar` is one reading alone. The
names are loaded when they are used: parameters need no scipy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.barlength.estimator import BarEstimate, EstimatorParams, estimate_bar
    from models.barlength.measure import measure_bar, measure_grid
    from models.barlength.own_maps import bar_of_map, shipped_estimator, unit_map
    from models.barlength.params import BarLengthParams, BarMeasurement, StopReason
    from models.barlength.placement import Placement, place_bar

_PLACES = {
    "estimator": ("BarEstimate", "EstimatorParams", "estimate_bar"),
    "measure": ("measure_bar", "measure_grid"),
    "own_maps": ("bar_of_map", "shipped_estimator", "unit_map"),
    "params": ("BarLengthParams", "BarMeasurement", "StopReason"),
    "placement": ("Placement", "place_bar"),
}

__all__ = [
    "BarEstimate",
    "BarLengthParams",
    "BarMeasurement",
    "EstimatorParams",
    "Placement",
    "StopReason",
    "bar_of_map",
    "estimate_bar",
    "measure_bar",
    "measure_grid",
    "place_bar",
    "shipped_estimator",
    "unit_map",
]


def __getattr__(name: str) -> Any:
    for module, names in _PLACES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
