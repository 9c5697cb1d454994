"""Saliency methods for any classifier (paper 2), behind one function.

The names are loaded when they are used: parameters need no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.attribution.methods import attribute
    from models.attribution.params import CITATIONS, METHODS, PAPER_METHODS, AttributionParams

__all__ = ["CITATIONS", "METHODS", "PAPER_METHODS", "AttributionParams", "attribute"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        module = "methods" if name == "attribute" else "params"
        return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
