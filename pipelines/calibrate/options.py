"""Options of `ansae calibrate` and of its two grids."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from catalogues import scales, storage
from catalogues.scales import ScaleConvention
from catalogues.shards.splits import SplitFractions
from catalogues.storage import StorageOptions
from catalogues.truth.columns import TRUE_ANGLE_DEG, TRUE_LENGTH_PX
from catalogues.truth.length_units import LengthColumn, LengthUnit, length_column
from models.calibration.map_kinds import MapAxes
from models.calibration.params import GridParams
from models.networks.selection import SelectionParams
from models.saliency.params import SmoothGradParams
from models.view_params import ViewParams
from pipelines.cluster.resources import ClusterOptions

if TYPE_CHECKING:
    from catalogues.runs.array_cache import ArrayCache

PROG = "ansae calibrate"


@dataclass(frozen=True, kw_only=True)
class KnownBarsOptions(ABC):
    """What every grid over the maps of galaxies with known bars is told."""

    input: Annotated[str, tyro.conf.Positional]
    """Folder or URL of image shards with known lengths."""
    output: str
    """Folder for the table and estimator.json, for `ansae measure --estimator`."""
    length: str = TRUE_LENGTH_PX
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
    def axes_facts(self) -> dict[str, Any]:
        """The axes of the grid as plain values."""

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
        from catalogues.runs.array_cache import noise_kind

        return {noise_kind(noise): self.smoothgrad(noise) for noise in self.axes.noise_fractions}

    @property
    def axes_facts(self) -> dict[str, Any]:
        """The axes of the grid as plain values."""
        return asdict(self.axes)

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


ANGLE = TRUE_ANGLE_DEG
"""Where mock galaxies have their angles."""


@dataclass(frozen=True, kw_only=True)
class MapGridOptions(KnownBarsOptions):
    """Compare kinds of map, readings and crops on galaxies with known bars; choose the best.

    Each reading of each kind is calibrated on these galaxies before it is judged by its median
    error, its correlation and the share of galaxies it measures. Needs shards with a column of
    known bar lengths. Galaxies of the test part (a hash of object_id, as in `ansae train`) are
    never looked at. The same command again goes on where an interrupted one has stopped.

    By default 24 kinds of map are made: for the compact ensemble 12 times the gradients of
    `ansae measure`, and 6 MB on disk, for each galaxy.
    """

    grid: Literal["maps"] = "maps"
    """Kinds of map and readings on the axes below."""
    axes: MapAxes = field(default_factory=MapAxes)
    """What is combined."""
    galaxies: int = 300
    """At most so many, the first ones of the input; a trial holds one kind of their maps in
    memory."""
    select: Literal["all", "bar"] = "bar"
    """Galaxies with a known length that also the networks' votes call barred, or all."""
    angle: str | None = None
    """Column of known position angles, counter-clockwise from image up; by default
    true_bar_position_angle_deg where the input has it."""

    def angle_among(self, names: Sequence[str]) -> str | None:
        """Raises ValueError where a column that was asked for is not there."""
        if self.angle is not None and self.angle not in names:
            raise ValueError(
                f"the input has no column {self.angle!r} for --angle: it has {', '.join(names)}"
            )
        return self.angle or (ANGLE if ANGLE in names else None)

    @property
    def kinds(self) -> dict[str, SmoothGradParams]:
        """Every kind of the axes."""
        return {kind.name: kind.smoothgrad(self.samples) for kind in self.axes.kinds}

    @property
    def axes_facts(self) -> dict[str, Any]:
        """The axes of the grid as plain values."""
        return asdict(self.axes)

    @property
    def facts(self) -> dict[str, Any]:
        """The kinds' names say all the rest."""
        return {"samples": self.samples}


_MEMBERS_TOO = "--no-refine also tries the lengths of each member's own map"


@dataclass(frozen=True, kw_only=True)
class CalibrateOptions:
    """Choose how an ensemble's maps are read, on galaxies whose bars are known.

    Needs shards with true_bar_length_px and true_bar_position_angle_deg (mock galaxies). Galaxies
    of the test part (a hash of object_id, as in `ansae train`) are never looked at.

    Maps are kept beside the output until it is written (three quarters of a MB for each galaxy that
    the votes select): killed, the same command goes on.

    `--grid paper` runs the hyperparameter grid of the paper instead, `--grid maps` compares kinds
    of map, readings and crops; both on any galaxies with known bar lengths: see `ansae calibrate
    --grid paper --help` and `--grid maps --help`.
    """

    input: Annotated[tuple[str, ...], tyro.conf.Positional]
    """Folders or URLs of image shards with truth columns. Lengths and errors are calibrated on the
    first; the others help to teach the refinement."""
    output: str
    """File to write: estimator.json, for `ansae measure --estimator`."""
    ensemble: str = "compact"
    """'compact', or path or URL of an ensemble.json."""
    galaxies: int = 600
    """Barred galaxies to look at in each of them."""
    refine: bool = True
    """Teach a small network to correct lengths by the map and the light in the bar's frame, and
    keep it if it does on galaxies that did not teach it; needs 200 known bars that are measured."""
    graded: tuple[str, ...] = ()
    """Image shards of real galaxies whose bars experts graded, which help to teach it."""
    grade_column: str = "efigi_bar_length"
    """Their column of grades, 0.25 to 1; 0 or null: no bar."""
    samples: int = 256
    """Noise samples of a map."""
    noise_fraction: float = 0.1
    """Standard deviation of the noise as a fraction of the image's range."""
    seed: int = 0
    """Seed of the noise."""
    split: SplitFractions = field(default_factory=SplitFractions)
    """Shares of validation and test, as trained with."""
    cluster: ClusterOptions = field(default_factory=ClusterOptions)
    """Where to compute."""

    def __post_init__(self) -> None:
        if not self.input:
            raise ValueError("no data given: name folders or URLs of shards with truth columns")
        if self.graded and not self.refine:
            raise ValueError("graded bars teach a refinement: leave out --graded or --no-refine")
        from catalogues.manifest import SCHEMA

        if self.grade_column in SCHEMA.names:
            raise ValueError(
                f"grade_column={self.grade_column!r} is a column of every manifest and holds no "
                "grades: give the column of the experts' grades"
            )

    @cached_property
    def kept(self) -> ArrayCache:
        """Where maps lie until the estimator is written."""
        from catalogues.runs.array_cache import ArrayCache

        return ArrayCache(f"{storage.absolute(self.output)}.maps")

    @property
    def maps(self) -> SmoothGradParams:
        """How maps are made: signed, through rotations, reflections and widths."""
        view = ViewParams(width=0.72, width_range=(0.58, 1.0), rotate=True, reflect=True)
        return SmoothGradParams(samples=self.samples, noise_fraction=self.noise_fraction, view=view)
