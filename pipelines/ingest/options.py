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
    """Folder of JPEG, PNG and FITS images, of Hugging Face image Parquet, of WebDataset tar files,
    of the Multimodal Universe's HDF5 files, or of MiraBest's .npz (or that file); local or s3://."""
    output: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="OUTPUT")]
    """Folder for the shards, local or s3://; must hold none yet."""
    layout: LayoutName = "auto"
    """Layout of the source; auto, where no table is given: huggingface if it holds Parquet files,
    webdataset if it holds tar files, multimodal if it holds HDF5 files."""
    subset: Subset = "all"
    """Of MiraBest: confident FRI and FRII, or those of standard morphology (770 sources)."""
    table: str | None = None
    """Table that describes a folder's files: CSV, TSV, Parquet or FITS."""
    join: tuple[str, ...] = ()
    """Second tables whose columns go to rows that lack them: redshift, petroR90, position, votes,
    those to keep. Joined by identifier, or by place where a tolerance is given."""
    join_tolerance_arcsec: float | None = None
    """Join by ra and dec: how far apart two places may be that are one galaxy."""
    join_ambiguous: Ambiguous = "refuse"
    """What to do where more than one row matches: refuse, or leave those without a match."""
    rename: tuple[str, ...] = ()
    """Columns under other names, as ours=theirs, for example object_id=dr7objid."""
    file_column: str | None = None
    """Column of file names relative to the folder; else found by name, else the id is the stem."""
    hash_ids: bool = False
    """Identify rows by a hash where no column holds integers: of the text in the column that
    --rename object_id= names (Hugging Face and the Multimodal Universe: of the identifiers), else
    of the file's name."""
    bands: tuple[str, ...] = ()
    """Bands to show where there are more, three from blue to red (of the Multimodal Universe one,
    too); else g r i, or g r z."""
    keep: tuple[str, ...] = ()
    """Further columns to pass through."""
    votes: VoteTable = "auto"
    """Whose vote columns to turn into ours (kaggle; gz2; decals, which GZ DESI's are too; ansae);
    auto: known by name."""
    duplicates: Literal["refuse", "keep-first"] = "refuse"
    """What to do where an identifier stands twice."""
    survey: str | None = None
    """Survey of rows that name none."""
    data_release: str | None = None
    """Data release of rows that name none."""
    pixel_scale_arcsec: float | None = None
    """Pixel scale in arcsec of rows that have none."""
    north_deg: float | None = None
    """Direction of north of rows that have none, counter-clockwise from image up, east 90 further:
    0 for cutouts with north up and east left."""
    rows_per_shard: int = 1000
    """Most galaxies in a shard."""
    bytes_per_shard: int = 256 * 2**20
    """Most bytes of images in a shard."""
    replace: bool = False
    """Remove shards that the output already holds."""
    endpoint_url: str | None = None
    """Address of an S3 store that is not AWS; else the environment's AWS_ENDPOINT_URL."""
    anonymous: bool = False
    """Ask S3 without credentials."""

    def __post_init__(self) -> None:
        if bad := [item for item in self.rename if item.count("=") != 1]:
            raise ValueError(f"rename {bad[0]!r} is not ours=theirs: write object_id=dr7objid")
        if self.pixel_scale_arcsec is not None and not self.pixel_scale_arcsec > 0:
            raise ValueError(f"pixel_scale_arcsec {self.pixel_scale_arcsec} must be above 0")
        if self.north_deg is not None and not 0 <= self.north_deg < 360:
            raise ValueError(f"north_deg {self.north_deg} must lie in [0, 360): 0 is up")
        # each of these checks its own part
        self.shard_params(), self.storage_options(), self.to_read()

    def to_read(self) -> LayoutSource:
        """What is to be read."""
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
        """How shards are cut."""
        return ShardParams(rows_max=self.rows_per_shard, bytes_max=self.bytes_per_shard)

    def storage_options(self) -> StorageOptions:
        """How S3 is reached."""
        return StorageOptions(endpoint_url=self.endpoint_url, anonymous=self.anonymous)

    def defaults(self) -> dict[str, object]:
        """Values for rows that have none of their own."""
        names = ("survey", "data_release", "pixel_scale_arcsec", "north_deg")
        values = {name: getattr(self, name) for name in names}
        return {name: value for name, value in values.items() if value is not None}
