"""What `ansae validate` may be told."""

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
    """What the columns of a table are (--against table)."""

    length: str | None = None
    """Column of bar lengths; by default the only one with "length" in its name."""
    unit: LengthUnit | None = None
    """Its unit, where its name does not end in one (_px, _arcsec, _kpc, _over_r90)."""
    semi: bool = False
    """It holds half lengths (semi-major axes): they are doubled."""
    error: str | None = None
    """Column of 1-sigma errors in the same unit; by default the length's name with _err."""
    angle: str | None = None
    """Column of position angles in the catalogue's frame, deg."""


@dataclass(frozen=True, kw_only=True)
class ValidateOptions:
    """Set a catalogue against known bars: one HTML page and one Parquet of numbers.

    Without a catalogue the truth is validated alone: what predictors that know nothing of bars
    reach on Hoyle et al.'s table.
    """

    catalogue: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")] = None
    """Output folder of `ansae measure`, local or s3://."""
    against: Kind
    """hoyle: Hoyle et al. 2011; efigi: Baillard et al. 2011; mock: truth columns of mock galaxies;
    table: any table with a column of bar lengths, or with volunteers' votes (vote_*)."""
    truth: str
    """The published table or its folder; mock shards; a Parquet, CSV, TSV or FITS table."""
    output: str | None = None
    """Folder for validation.html and validation.parquet; by default the catalogue's."""
    table: TruthTableOptions = field(default_factory=TruthTableOptions)
    """What the columns of a table are."""
    join: Join = "auto"
    """Galaxies agree by object_id, by position on the sky, or (auto) by position if by no id."""
    tolerance_arcsec: float = 2.0
    """Farthest apart that two positions of one galaxy are."""
    part: Part = "all"
    """Galaxies of this part of the split alone, a hash of object_id as in `ansae train`."""
    split: SplitFractions = field(default_factory=SplitFractions)
    """Shares of validation and test, as trained with."""
    again: str | None = None
    """Output folder of a second, independent run (another --seed): errors by decile of length, as
    in paper 1."""
    trends: tuple[str, ...] = ()
    """Further columns of the truth to set accuracy against."""
    training: str | None = None
    """training.json of the ensemble, for its learning curves; by default the compact one's where
    that measured."""
    bootstrap: BootstrapParams = field(default_factory=BootstrapParams)
    """How intervals are made."""
    pictures: int = 6
    """Galaxies shown in each section."""
    explained: int = 0
    """Galaxies whose maps for bar, bulge and spiral arms are made anew on the pictures that the run
    kept (figures 1 and A1 of paper 1)."""
    ensemble: str = "compact"
    """The networks that make them: 'compact', or path or URL of an ensemble.json."""
    samples: int = 64
    """Noise samples of such a map."""
    galaxies: int = 50_000
    """Most galaxies compared; of more, those with the lowest hashes."""
    memory_mb: int = 2048
    """Memory that queries may take in MiB; beyond it they use the disk."""
    endpoint_url: str | None = None
    """Address of an S3 store that is not AWS; else the environment's AWS_ENDPOINT_URL."""
    anonymous: bool = False
    """Ask S3 without credentials."""

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
                "the output folder of `ansae measure`; only hoyle's table has numbers of its own"
            )
        # both check their own part
        _ = self.store, self.queries

    @property
    def store(self) -> StorageOptions:
        """How S3 is reached."""
        return StorageOptions(endpoint_url=self.endpoint_url, anonymous=self.anonymous)

    @property
    def queries(self) -> DatabaseParams:
        """How much of the machine queries may take."""
        return DatabaseParams(memory_mb=self.memory_mb)

    @property
    def columns(self) -> TableColumns:
        """What the truth's columns are."""
        return TableColumns(**asdict(self.table), trends=self.trends)

    @property
    def folder(self) -> str:
        """Where the results go."""
        return self.output or self.catalogue or "validation"
