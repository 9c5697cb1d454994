"""Options of `ansae calibrate` and of its two grids (`--grid paper`, `--grid maps`)."""

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
    """Options of every grid over the maps of galaxies with known bars."""

    input: Annotated[str, tyro.conf.Positional]
    """Folder or URL of image shards with known lengths."""
    output: str
    """Folder for the table and estimator.json, for `ansae measure --estimator`."""
    length: str = TRUE_LENGTH_PX
    """Column of known bar lengths; full lengths unless --semi is given."""
    unit: LengthUnit | None = None
    """Unit of this column, if its name does not say it; px: pixels of the stored image, over_r90:
    units of petroR90."""
    semi: bool = False
    """The column holds half lengths."""
    ensemble: str = "compact"
    """'compact', or path or URL of an ensemble.json."""
    galaxies: int = 1050
    """Maximum number of galaxies; the first ones of the input are used."""
    galaxies_min: int = 20
    """Minimum number of galaxies; fewer are an error."""
    samples: int = 256
    """Number of noise samples of a map."""
    seed: int = 0
    """Seed of the noise."""
    select: Literal["all", "bar"] = "all"
    """Which galaxies with a known length are used: all (as in the paper), or only those with a bar
    by the networks' votes."""
    scale: ScaleConvention = "given"
    """Pixel scale, if the unit needs it; as for `ansae measure`."""
    cosmology: str = scales.DEFAULT_COSMOLOGY
    """Cosmology for lengths in kpc, as for `ansae measure`."""
    maps: str | None = None
    """Folder of the maps. Grids on more galaxies or with other axes can share it; default:
    OUTPUT/maps."""
    split: SplitFractions = field(default_factory=SplitFractions)
    """Fractions of validation and test galaxies, the same as in `ansae train`."""
    cluster: ClusterOptions = field(default_factory=ClusterOptions)
    """Where to compute."""
    endpoint_url: str | None = None
    """Address of an S3 store other than AWS; default: AWS_ENDPOINT_URL of the environment."""

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
        """How each kind of map is made, by the kind's name on disk."""

    @property
    @abstractmethod
    def axes_facts(self) -> dict[str, Any]:
        """The axes of the grid as plain values."""

    @property
    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """Facts about all maps that the names of their kinds do not say."""

    def angle_among(self, names: Sequence[str]) -> str | None:
        """Return the column of known position angles among `names`; None to compare no angles."""
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
        """Which galaxies get maps."""
        return SelectionParams(select=self.select)

    def storage_options(self) -> StorageOptions:
        """Return how input and output are reached, also by workers on other machines."""
        return StorageOptions(endpoint_url=self.endpoint_url or os.environ.get("AWS_ENDPOINT_URL"))


@dataclass(frozen=True, kw_only=True)
class GridOptions(KnownBarsOptions):
    """Run paper 1's grid: X_input x S_noise x T_c x T_1 for every way from maps to a length.

    Needs shards with a column of known bar lengths. Galaxies of the test part (a hash of
    object_id, as in `ansae train`) are never used. To continue an interrupted grid, run the same
    command again. For more than the paper's axes, see `ansae calibrate --grid maps --help`.
    """

    grid: Literal["paper"] = "paper"
    """Maps and measurement as in paper 1, on the axes below."""
    axes: GridParams = field(default_factory=GridParams)
    """The grid; by default the paper's 200 points."""

    @property
    def kinds(self) -> dict[str, SmoothGradParams]:
        """The paper's kind of map at each noise level."""
        from catalogues.runs.array_cache import noise_kind

        return {noise_kind(noise): self.smoothgrad(noise) for noise in self.axes.noise_fractions}

    @property
    def axes_facts(self) -> dict[str, Any]:
        """The axes of the grid as plain values."""
        return asdict(self.axes)

    @property
    def facts(self) -> dict[str, Any]:
        """All parameters but the noise level, X_input (a product) and those that change no map."""
        how = asdict(self.smoothgrad(0.0))
        for name in ("noise_fraction", "multiply_by_input", "groups", "chunk"):
            del how[name]
        return how

    def smoothgrad(self, noise_fraction: float) -> SmoothGradParams:
        """Return how the maps of a noise level are made."""
        return replace(SmoothGradParams.paper(noise_fraction), samples=self.samples)


ANGLE = TRUE_ANGLE_DEG
"""Column of mock galaxies with the position angle."""


@dataclass(frozen=True, kw_only=True)
class MapGridOptions(KnownBarsOptions):
    """Compare kinds of map, readings and crops on galaxies with known bars; choose the best.

    Each reading of each kind of map is calibrated on these galaxies, then scored by its median
    error, its correlation and the fraction of galaxies that it measures. Needs shards with a column
    of known bar lengths. Galaxies of the test part (a hash of object_id, as in `ansae train`) are
    never used. To continue an interrupted grid, run the same command again.

    By default 24 kinds of map are made. For each galaxy and the compact ensemble this takes 12
    times the gradients of `ansae measure`, and 6 MB on disk.
    """

    grid: Literal["maps"] = "maps"
    """Kinds of map and readings on the axes below."""
    axes: MapAxes = field(default_factory=MapAxes)
    """Axes of the grid."""
    galaxies: int = 300
    """Maximum number of galaxies; the first ones of the input are used. A trial holds their maps of
    one kind in memory."""
    select: Literal["all", "bar"] = "bar"
    """Which galaxies with a known length are used: only those with a bar by the networks' votes, or
    all."""
    angle: str | None = None
    """Column of known position angles, counter-clockwise from image up; default:
    true_bar_position_angle_deg, if the input has it."""

    def angle_among(self, names: Sequence[str]) -> str | None:
        """Return the column of known angles. Raises ValueError if `--angle` names none."""
        if self.angle is not None and self.angle not in names:
            raise ValueError(
                f"the input has no column {self.angle!r} for --angle: it has {', '.join(names)}"
            )
        return self.angle or (ANGLE if ANGLE in names else None)

    @property
    def kinds(self) -> dict[str, SmoothGradParams]:
        """How each kind of map of the axes is made, by the kind's name on disk."""
        return {kind.name: kind.smoothgrad(self.samples) for kind in self.axes.kinds}

    @property
    def axes_facts(self) -> dict[str, Any]:
        """The axes of the grid as plain values."""
        return asdict(self.axes)

    @property
    def facts(self) -> dict[str, Any]:
        """Number of samples; the names of the kinds say all the rest."""
        return {"samples": self.samples}


MEMBERS_TOO = "--no-refine also tries the lengths of each member's own map"


@dataclass(frozen=True, kw_only=True)
class CalibrateOptions:
    """Choose how an ensemble's maps are measured, on galaxies with known bars.

    Needs shards with true_bar_visual_length_px and true_bar_position_angle_deg (mock galaxies, see
    `ansae mocks`). Galaxies of the test part (a hash of object_id, as in `ansae train`) are never
    used.

    Maps are cached beside the output until it is written (0.75 MB for each galaxy that the votes
    select). To continue an interrupted calibration, run the same command again.

    `--grid paper` runs the hyperparameter grid of the paper instead, and `--grid maps` compares
    kinds of map, readings and crops. Both work on any galaxies with known bar lengths: see `ansae
    calibrate --grid paper --help` and `ansae calibrate --grid maps --help`.
    """

    input: Annotated[tuple[str, ...], tyro.conf.Positional]
    """Folders or URLs of image shards with truth columns. Lengths and errors are calibrated on the
    first one; the others only help to train the refinement."""
    output: str
    """File to write: estimator.json, for `ansae measure --estimator`."""
    ensemble: str = "compact"
    """'compact', or path or URL of an ensemble.json."""
    galaxies: int = 600
    """Number of barred galaxies to use from each input."""
    refine: bool = True
    """Train a small network that corrects lengths, given the map and the light in the bar's frame.
    Keep it if it improves the lengths of galaxies that did not train it. Needs 200 measured known
    bars."""
    graded: tuple[str, ...] = ()
    """Image shards of real galaxies whose bars were graded by experts; they help to train the
    refinement."""
    grade_column: str = "efigi_bar_length"
    """Column of the experts' grades, 0.25 to 1; 0 or null means no bar."""
    measured: tuple[str, ...] = ()
    """Image shards of real galaxies whose bars people measured; they train the refinement, and
    errors grow until 68 % of these lengths lie within 1 sigma."""
    measured_length: str = "hoyle_length_arcsec"
    """Column of these lengths; its name says the unit, px or arcsec (arcsec needs the pixel
    scale)."""
    measured_error: str | None = None
    """Column of their 1-sigma errors, in the same unit; default: the lengths count as exact."""
    semi: bool = False
    """The column of measured lengths holds half lengths."""
    group_column: str | None = None
    """Column whose values name groups of images with one unknown factor of scale each; default: the
    pixel scales are right."""
    samples: int = 256
    """Number of noise samples of a map."""
    noise_fraction: float = 0.1
    """Standard deviation of the noise as a fraction of the image's range."""
    seed: int = 0
    """Seed of the noise."""
    split: SplitFractions = field(default_factory=SplitFractions)
    """Fractions of validation and test galaxies, the same as in `ansae train`."""
    cluster: ClusterOptions = field(default_factory=ClusterOptions)
    """Where to compute."""

    def __post_init__(self) -> None:
        if not self.input:
            raise ValueError("no data given: name folders or URLs of shards with truth columns")
        if self.graded and not self.refine:
            raise ValueError("--graded trains a refinement: leave out --graded or --no-refine")
        if self.measured and not self.refine:
            raise ValueError("--measured trains a refinement: leave out --measured or --no-refine")
        if self.measured and self.measured_column.unit not in ("px", "arcsec"):
            raise ValueError(
                f"measured_length={self.measured_length!r} is in {self.measured_column.unit}: give "
                "a column in px or arcsec"
            )
        from catalogues.manifest import SCHEMA

        if self.grade_column in SCHEMA.names:
            raise ValueError(
                f"grade_column={self.grade_column!r} is a standard column of the input and holds "
                "no grades: give the column of the experts' grades"
            )

    @property
    def measured_column(self) -> LengthColumn:
        """The column of lengths that people measured."""
        return length_column(self.measured_length, None, self.semi)

    @property
    def measured_columns(self) -> tuple[str, ...]:
        """All columns that measured galaxies need beside the image."""
        names = (self.measured_length, self.measured_error, self.group_column)
        return tuple(name for name in names if name is not None)

    @cached_property
    def kept(self) -> ArrayCache:
        """Array cache of the maps until the estimator is written."""
        from catalogues.runs.array_cache import ArrayCache

        return ArrayCache(f"{storage.absolute(self.output)}.maps")

    @property
    def maps(self) -> SmoothGradParams:
        """How maps are made: signed, with random rotations, reflections and crops."""
        view = ViewParams(width=0.72, width_range=(0.58, 1.0), rotate=True, reflect=True)
        return SmoothGradParams(samples=self.samples, noise_fraction=self.noise_fraction, view=view)
