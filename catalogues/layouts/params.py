"""Options for a source of images and for the tables that are joined to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Ambiguous = Literal["refuse", "leave"]
"""What to do with ambiguous matches: raise an error, or leave these rows without a match."""


@dataclass(frozen=True, kw_only=True)
class JoinParams:
    """How to join a table. tolerance_arcsec: largest distance between two positions of one galaxy;
    None joins by object_id. ambiguous: see Ambiguous."""

    tolerance_arcsec: float | None = None
    ambiguous: Ambiguous = "refuse"

    def __post_init__(self) -> None:
        if self.tolerance_arcsec is not None and not 0 < self.tolerance_arcsec <= 60:
            raise ValueError(
                f"a join tolerance of {self.tolerance_arcsec} arcsec must be above 0 and at most "
                "60: positions further apart are two galaxies"
            )


VoteTable = Literal["auto", "none", "ansae", "kaggle", "gz2", "decals"]
"""Origin of a table's vote columns. "ansae": the columns that `ansae ingest` writes."""


Subset = Literal["all", "confident", "confident-standard"]
"""Selection of sources. "confident": FRI or FRII with a confident label. "confident-standard": also
with standard morphology, the 770 sources of Chuma et al. 2025 (arXiv 2502.17207)."""


LayoutName = Literal[
    "auto", "folder", "huggingface", "efigi", "mirabest", "webdataset", "multimodal"
]
"""Layout of a source's files."""


@dataclass(frozen=True, kw_only=True)
class LayoutSource:
    """What to read, as the user describes it.

    Attributes
    ----------
    url : a folder, or a Parquet file.
    layout : "auto" recognises a folder without `table` by its files: Parquet is Hugging Face's
        layout, tar is WebDataset, HDF5 is the Multimodal Universe.
    table : the table that describes a folder's files.
    chosen : {manifest column: table column}.
    file_column, hash_ids, keep : as in catalogues.layouts.published.folder.
    votes : origin of the vote columns, which become the 37 vote columns, see
        catalogues.layouts.joined.votes; "auto" recognises them by their names.
    subset : selection of MiraBest's sources.
    bands : bands to show, see catalogues.layouts.formats.band_files.
    joins : further tables, whose columns are joined to the rows.
    join : how to join them, see catalogues.layouts.joined.join.
    """

    url: str
    layout: LayoutName = "auto"
    table: str | None = None
    chosen: Mapping[str, str] = field(default_factory=dict)
    file_column: str | None = None
    hash_ids: bool = False
    keep: tuple[str, ...] = ()
    votes: VoteTable = "auto"
    subset: Subset = "all"
    bands: tuple[str, ...] = ()
    joins: tuple[str, ...] = ()
    join: JoinParams = field(default_factory=JoinParams)

    def __post_init__(self) -> None:
        from catalogues.manifest import SCHEMA  # loads pyarrow: not for `--help`

        if unknown := [name for name in self.chosen if name not in SCHEMA.names]:
            raise ValueError(
                f"{', '.join(unknown)} is not a column of image shards: their columns are "
                f"{', '.join(SCHEMA.names)}"
            )
        if len(self.bands) not in (0, 1, 3):
            raise ValueError(
                f"{len(self.bands)} bands make no picture: name three, or one for grey"
            )
        if self.table is None and self.file_column:
            raise ValueError("a file column needs a table: name the table")
        if self.hash_ids and self.layout in ("efigi", "mirabest", "webdataset"):
            raise ValueError(
                f"the layout {self.layout} has its own identifiers: leave out hashed ids"
            )
        if self.layout not in ("auto", "folder") and self.table is not None:
            raise ValueError(
                f"the layout {self.layout} stores its columns with its images: leave out the table "
                f"{self.table!r}, or give the layout folder"
            )
        if self.subset != "all" and self.layout != "mirabest":
            raise ValueError(
                f"the subset {self.subset!r} exists only in MiraBest: give the layout mirabest, or "
                "leave it out"
            )
