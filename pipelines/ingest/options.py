"""Options of `ansae ingest`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import tyro

from catalogues.layouts.params import (
    Ambiguous,
    JoinParams,
    LayoutName,
    LayoutSource,
    Subset,
    VoteTable,
)
from catalogues.shards.params import ShardParams
from catalogues.storage import StorageOptions

PROG = "ansae ingest"


@dataclass(frozen=True, kw_only=True)
class IngestOptions:
    """Copy galaxy images of a published layout into image shards, which `ansae measure` reads."""

    source: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SOURCE")]
    """Folder of JPEG, PNG and FITS images; of Hugging Face image Parquet; of WebDataset tar files;
    of the Multimodal Universe's HDF5 files; or of MiraBest's .npz file (or that file). Local or
    s3://."""
    output: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="OUTPUT")]
    """Folder for the shards, local or s3://; it must not hold shards yet."""
    layout: LayoutName = "auto"
    """Layout of the source. auto, if no table is given: huggingface for a folder of Parquet files,
    webdataset of tar files, multimodal of HDF5 files."""
    subset: Subset = "all"
    """MiraBest only: confident FRI and FRII, or those with standard morphology (770 sources)."""
    table: str | None = None
    """Table that describes a folder's files: CSV, TSV, Parquet or FITS."""
    join: tuple[str, ...] = ()
    """Other tables that fill in missing columns: redshift, petroR90, position, votes, and columns
    of --keep. They are joined by identifier, or by position if a tolerance is given."""
    join_tolerance_arcsec: float | None = None
    """Join by ra and dec: maximum distance between two positions of one galaxy, in arcsec."""
    join_ambiguous: Ambiguous = "refuse"
    """What to do if more than one row matches: refuse, or leave these rows without a match."""
    rename: tuple[str, ...] = ()
    """Columns with other names, as OURS=THEIRS, for example object_id=dr7objid."""
    file_column: str | None = None
    """Column of file names relative to the folder; default: a column with a usual name, or else the
    file name without suffix is the identifier."""
    hash_ids: bool = False
    """If identifiers are not integers, use a hash of the text in the column that --rename
    object_id= names (Hugging Face and Multimodal Universe: of the identifiers), or else of the
    file name."""
    bands: tuple[str, ...] = ()
    """Bands to show if there are more than three: three bands from blue to red, or also one band
    (Multimodal Universe); default: g r i, or g r z."""
    keep: tuple[str, ...] = ()
    """Other columns to copy into the shards."""
    votes: VoteTable = "auto"
    """Origin of the vote columns: kaggle, gz2, decals (also for GZ DESI) or ansae. They are
    converted to ansae's columns. auto: recognised by name."""
    duplicates: Literal["refuse", "keep-first"] = "refuse"
    """What to do if an identifier occurs more than once."""
    survey: str | None = None
    """Survey, for rows that do not name one."""
    data_release: str | None = None
    """Data release, for rows that do not name one."""
    pixel_scale_arcsec: float | None = None
    """Pixel scale in arcsec, for rows that do not have one."""
    north_deg: float | None = None
    """Direction of north, for rows that do not have one: degrees counter-clockwise from image up,
    with east 90 degrees further. 0 for cutouts with north up and east left."""
    rows_per_shard: int = 1000
    """Maximum number of galaxies in a shard."""
    bytes_per_shard: int = 256 * 2**20
    """Maximum bytes of images in a shard."""
    replace: bool = False
    """Remove the shards that the output already holds."""
    endpoint_url: str | None = None
    """Address of an S3 store other than AWS; default: AWS_ENDPOINT_URL of the environment."""
    anonymous: bool = False
    """Use S3 without credentials."""

    def __post_init__(self) -> None:
        if bad := [item for item in self.rename if item.count("=") != 1]:
            raise ValueError(
                f"rename {bad[0]!r} is not OURS=THEIRS: write for example object_id=dr7objid"
            )
        if self.pixel_scale_arcsec is not None and not self.pixel_scale_arcsec > 0:
            raise ValueError(f"pixel_scale_arcsec {self.pixel_scale_arcsec} must be above 0")
        if self.north_deg is not None and not 0 <= self.north_deg < 360:
            raise ValueError(f"north_deg {self.north_deg} must lie in [0, 360): 0 is up")
        # each of these objects checks its own options
        self.shard_params(), self.storage_options(), self.to_read()

    def to_read(self) -> LayoutSource:
        """Return what to read."""
        return LayoutSource(
            url=self.source,
            layout=self.layout,
            table=self.table,
            chosen=dict(item.split("=") for item in self.rename),
            file_column=self.file_column,
            hash_ids=self.hash_ids,
            keep=self.keep,
            votes=self.votes,
            subset=self.subset,
            bands=self.bands,
            joins=self.join,
            join=JoinParams(
                tolerance_arcsec=self.join_tolerance_arcsec, ambiguous=self.join_ambiguous
            ),
        )

    def shard_params(self) -> ShardParams:
        """Return how large shards may be."""
        return ShardParams(rows_max=self.rows_per_shard, bytes_max=self.bytes_per_shard)

    def storage_options(self) -> StorageOptions:
        """Return how to reach S3."""
        return StorageOptions(endpoint_url=self.endpoint_url, anonymous=self.anonymous)

    def defaults(self) -> dict[str, object]:
        """Return values for rows that do not have their own."""
        names = ("survey", "data_release", "pixel_scale_arcsec", "north_deg")
        values = {name: getattr(self, name) for name in names}
        return {name: value for name, value in values.items() if value is not None}
