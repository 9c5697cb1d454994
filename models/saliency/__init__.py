"""SmoothGrad maps: of any network, and of an ensemble that answers Galaxy Zoo's questions.

The names are loaded when they are used: parameters and seeds need no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.saliency.gradients import mean_gradients, smoothgrad
    from models.saliency.params import SmoothGradParams
    from models.saliency.seeds import galaxy_seed

__all__ = ["SmoothGradParams", "galaxy_seed", "mean_gradients", "smoothgrad"]

_PLACES = {
    "SmoothGradParams": "params",
    "galaxy_seed": "seeds",
    "mean_gradients": "gradients",
    "smoothgrad": "gradients",
}


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
