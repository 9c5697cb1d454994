"""Options of `ansae validate`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Annotated

import tyro

from catalogues.queries.params import DatabaseParams
from catalogues.shards.splits import SplitFractions
from catalogues.storage import StorageOptions
from catalogues.truth.length_units import LengthUnit
from catalogues.truth.params import Join, Kind, Part, TableColumns
from models.validation.numbers import BootstrapParams

PROG = "ansae validate"


@dataclass(frozen=True, kw_only=True)
class TruthTableOptions:
    """Columns of the truth's table (--against table)."""

    length: str | None = None
    """Column of bar lengths; default: the only column with "length" in its name."""
    unit: LengthUnit | None = None
    """Unit of the lengths, if the column's name does not end in one (_px, _arcsec, _kpc,
    _over_r90)."""
    semi: bool = False
    """The column holds half lengths (semi-major axes)."""
    error: str | None = None
    """Column of 1-sigma errors in the same unit; default: the length's column name + _err."""
    angle: str | None = None
    """Column of position angles in deg, in the catalogue's frame."""


@dataclass(frozen=True, kw_only=True)
class ValidateOptions:
    """Compare a catalogue with known bars: write an HTML page and a Parquet table of numbers.

    Without a catalogue, the table of Hoyle et al. alone is used: the numbers then show what
    predictors reach that know nothing of bars.
    """

    catalogue: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")] = None
    """Output folder of `ansae measure`, local or s3://."""
    against: Kind
    """Kind of truth. hoyle: Hoyle et al. 2011. efigi: Baillard et al. 2011. mock: the truth columns
    of mock galaxies. table: any table with a column of bar lengths, or with volunteers' votes
    (vote_*)."""
    truth: str
    """The published table or its folder; mock shards; or a Parquet, CSV, TSV or FITS table."""
    output: str | None = None
    """Folder for validation.html and validation.parquet; default: the catalogue's folder."""
    table: TruthTableOptions = field(default_factory=TruthTableOptions)
    """Columns of the truth's table."""
    join: Join = "auto"
    """How galaxies are matched: by object_id, by position on the sky, or (auto) by object_id, and
    by position if no object_id matches."""
    tolerance_arcsec: float = 2.0
    """Maximum distance between two positions of the same galaxy, in arcsec."""
    part: Part = "all"
    """Use only galaxies of this part of the split (a hash of object_id, as in `ansae train`)."""
    split: SplitFractions = field(default_factory=SplitFractions)
    """Fractions of the validation and test parts, as in the training."""
    again: str | None = None
    """Output folder of a second, independent run (with another --seed), for errors by decile of
    length, as in paper 1."""
    trends: tuple[str, ...] = ()
    """Other columns of the truth with which the accuracy is compared."""
    training: str | None = None
    """training.json of the ensemble, for its learning curves; default: that of the compact
    ensemble, if the run used it."""
    bootstrap: BootstrapParams = field(default_factory=BootstrapParams)
    """How intervals are computed."""
    pictures: int = 6
    """Number of galaxies in each gallery."""
    explained: int = 0
    """Number of galaxies to show with maps for bar, bulge and spiral arms (figures 1 and A1 of
    paper 1). The maps are made on the pictures that the run kept."""
    ensemble: str = "compact"
    """The networks for these maps: 'compact' (comes with ansae), or path or URL of an
    ensemble.json."""
    samples: int = 64
    """Number of noise samples of these maps."""
    galaxies: int = 50_000
    """Maximum number of galaxies to compare; if there are more, those with the lowest hashes of
    object_id are used."""
    memory_mb: int = 2048
    """Maximum memory of queries in MiB; larger queries use the disk."""
    endpoint_url: str | None = None
    """Address of an S3 store other than AWS; default: AWS_ENDPOINT_URL of the environment."""
    anonymous: bool = False
    """Use S3 without credentials."""

    def __post_init__(self) -> None:
        for name, low, high in (("pictures", 0, 1000), ("explained", 0, 100)):
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} {getattr(self, name)} must lie in {low}..{high}")
        for name in ("galaxies", "samples"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} {getattr(self, name)} must be at least 1")
        if not 0 < self.tolerance_arcsec <= 3600:
            raise ValueError(
                f"tolerance_arcsec {self.tolerance_arcsec} must be above 0 and at most 3600"
            )
        if self.catalogue is None and self.against != "hoyle":
            raise ValueError(
                f"--against {self.against} without a catalogue leaves nothing to validate: give "
                "the output folder of `ansae measure` (only --against hoyle works without it)"
            )
        # both objects check their own options
        _ = self.store, self.queries

    @property
    def store(self) -> StorageOptions:
        """How to reach S3."""
        return StorageOptions(endpoint_url=self.endpoint_url, anonymous=self.anonymous)

    @property
    def queries(self) -> DatabaseParams:
        """How much memory queries may use."""
        return DatabaseParams(memory_mb=self.memory_mb)

    @property
    def columns(self) -> TableColumns:
        """Columns of the truth's table."""
        return TableColumns(**asdict(self.table), trends=self.trends)

    @property
    def folder(self) -> str:
        """Folder of the results."""
        return self.output or self.catalogue or "validation"
