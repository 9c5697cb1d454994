"""Find the files of an ensemble: shipped with the package, or at a path or URL. No torch."""

from __future__ import annotations

from importlib import resources

from catalogues.runs.ensembles import EnsembleFiles, read_ensemble
from catalogues.storage import StorageOptions

SHIPPED = ("compact",)
"""Names of the ensembles that come with the package."""


def find_ensemble(name: str, options: StorageOptions) -> EnsembleFiles:
    """Return the files of a shipped ensemble, given its name, or of the ensemble at a path or URL.

    Raises what catalogues.runs.ensembles.read_ensemble raises.
    """
    if name in SHIPPED:
        name = str(resources.files("models") / "weights" / name)
    return read_ensemble(name, options)
