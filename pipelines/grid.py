"""`ansae calibrate --grid paper`: the paper's hyperparameter grid on galaxies with known lengths.

known lengths -> galaxies -> SmoothGrad once per noise level -> one Tune trial per kind of map ->
table 2, surface, estimator. What an interruption has left is gone on with by the same command.
"""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Any, Literal

import tyro
from rich.console import Console

from catalogues import scales, storage
from catalogues.conventions import ScaleConvention
from catalogues.known_lengths import DEFAULT_COLUMN
from catalogues.length_units import LengthColumn, LengthUnit, length_column
from catalogues.map_cache import noise_kind
from catalogues.splits import SplitFractions
from catalogues.storage import StorageOptions
from models.grid import GridParams
from models.saliency import SmoothGradParams
from models.selection import SelectionParams
from pipelines import console as terminal
from pipelines.resources import ClusterOptions, cluster, import_ray

PROG = "ansae calibrate --grid"


@dataclass(frozen=True, kw_only=True)
class KnownBarsOptions(ABC):
    """What every grid over the maps of galaxies with known bars is told."""

    input: Annotated[str, tyro.conf.Positional]
    """Folder or URL of image shards with known lengths."""
    output: str
    """Folder for the table and estimator.json, for `ansae measure --estimator`."""
    length: str = DEFAULT_COLUMN
    """Column of known bar lengths, by default full ones."""
    unit: LengthUnit | None = None
    """Its unit, where its name does not say it; px: of the stored image, over_r90: of petroR90."""
    semi: bool = False
    """The column holds half lengths."""
    ensemble: str = "compact"
    """'compact', or path or URL of an ensemble.json."""
    galaxies: int = 1050
    """At most so many, the first ones of the input."""
    galaxies_min: int = 20
    """Fewer are an error."""
    samples: int = 256
    """Noise samples of a map."""
    seed: int = 0
    """Seed of the noise."""
    select: Literal["all", "bar"] = "all"
    """Galaxies with a known length: all of them (paper), or those that also the networks' votes
    call barred."""
    scale: ScaleConvention = "given"
    """Pixel scale, where the unit needs it: as for `ansae measure`."""
    cosmology: str = scales.DEFAULT_COSMOLOGY
    """For lengths in kpc, as for `ansae measure`."""
    maps: str | None = None
    """Folder of the maps, which runs on more galaxies or other axes can share; default:
    OUTPUT/maps."""
    split: SplitFractions = field(default_factory=SplitFractions)
    """Shares of validation and test, as trained with."""
    cluster: ClusterOptions = field(default_factory=ClusterOptions)
    """Where to compute."""
    endpoint_url: str | None = None
    """Address of an S3 store that is not AWS; else the environment's AWS_ENDPOINT_URL."""

    def __post_init__(self) -> None:
        for name, least in (("galaxies_min", 3), ("galaxies", self.galaxies_min), ("samples", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name}={getattr(self, name)} must be at least {least}")
        length_column(self.length, self.unit, self.semi)
        scales.cosmology(self.cosmology)
        self.storage_options()

    @property
    @abstractmethod
    def kinds(self) -> dict[str, SmoothGradParams]:
        """How the maps are made, by the name of their kind on disk."""

    @property
    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """What all maps have in common that their kinds' names do not say."""

    def angle_among(self, names: Sequence[str]) -> str | None:
        """The column of known position angles among the input's; None: angles are not compared."""
        return None

    @property
    def known(self) -> LengthColumn:
        """The column of known lengths."""
        return length_column(self.length, self.unit, self.semi)

    @property
    def cache(self) -> str:
        """Where the maps lie."""
        return self.maps or storage.join(self.output, "maps")

    @property
    def selection(self) -> SelectionParams:
        """Who gets maps."""
        return SelectionParams(select=self.select)

    def storage_options(self) -> StorageOptions:
        """How input and output are reached. Workers on other machines get the address from here."""
        return StorageOptions(endpoint_url=self.endpoint_url or os.environ.get("AWS_ENDPOINT_URL"))


@dataclass(frozen=True, kw_only=True)
class GridOptions(KnownBarsOptions):
    """Run paper 1's grid: X_input x S_noise x T_c x T_1 for every way from maps to a length.

    Needs shards with a column of known bar lengths. Galaxies of the test part (a hash of
    object_id, as in `ansae train`) are never looked at. The same command again goes on where an
    interrupted one has stopped. Beyond the paper's axes: `ansae calibrate --grid maps --help`.
    """

    grid: Literal["paper"] = "paper"
    """Maps and reading as in paper 1, on the axes below."""
    axes: GridParams = field(default_factory=GridParams)
    """The grid; by default the paper's 200 points."""

    @property
    def kinds(self) -> dict[str, SmoothGradParams]:
        """The paper's maps at each noise level."""
        return {noise_kind(noise): self.smoothgrad(noise) for noise in self.axes.noise_fractions}

    @property
    def facts(self) -> dict[str, Any]:
        """All but the noise; X_input is a product, and the rest changes no map."""
        how = asdict(self.smoothgrad(0.0))
        for name in ("noise_fraction", "multiply_by_input", "groups", "chunk"):
            del how[name]
        return how

    def smoothgrad(self, noise_fraction: float) -> SmoothGradParams:
        """How the maps of a noise level are made."""
        return replace(SmoothGradParams.paper(noise_fraction), samples=self.samples)


class GridFailed(Exception):
    """The machinery failed under way; the message says how, and that the run can be resumed."""


def run(options: GridOptions, console: Console | None = None) -> None:
    """Run what is left of the grid, write and print its results.

    Raises StorageError and ValueError for mistakes, before any map is made; GridFailed.
    """
    import_ray()  # with its environment set, before the actors import it
    from pipelines.grid_plan import make_plan
    from pipelines.grid_results import write_results
    from pipelines.grid_stages import galaxies_and_maps
    from pipelines.grid_trials import score_points

    console = console or Console()
    plan = make_plan(options)
    with cluster(options.cluster) as resources:
        plan = plan.on(resources)
        galaxies_and_maps(plan, console)
        points = score_points(plan, console)
    write_results(plan, points, console)
    plan.end()


def last_line(error: BaseException) -> str:
    """What went wrong, in one line: Ray quotes a worker's traceback, whose end says it."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return storage.redact(lines[-1])[:300]


def asked_for(words: Sequence[str]) -> str | None:
    """Which grid the words after `ansae calibrate` ask for; None where they ask for none."""
    for i, word in enumerate(words):
        if word == "--grid":
            return words[i + 1] if i + 1 < len(words) else ""
        if word.startswith("--grid="):
            return word.removeprefix("--grid=")
    return None


def main(argv: list[str] | None = None) -> int:
    """The command line."""
    try:
        return terminal.simple(GridOptions, run, PROG, argv)
    except GridFailed as error:
        return terminal.complain(PROG, str(error), terminal.FAILURE)


if __name__ == "__main__":
    sys.exit(main())
