"""What the user says about a source of images and about the tables joined to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Ambiguous = Literal["refuse", "leave"]
"""What to do with ambiguous matches: an error, or no match for those concerned."""


@dataclass(frozen=True, kw_only=True)
class JoinParams:
    """tolerance_arcsec: how far apart two places may be that are one galaxy; None joins by
    object_id. ambiguous: see Ambiguous."""

    tolerance_arcsec: float | None = None
    ambiguous: Ambiguous = "refuse"

    def __post_init__(self) -> None:
        if self.tolerance_arcsec is not None and not 0 < self.tolerance_arcsec <= 60:
            raise ValueError(
                f"a join tolerance of {self.tolerance_arcsec} arcsec must be above 0 and at most "
                "60: galaxies further apart are two"
            )


VoteTable = Literal["auto", "none", "ansae", "kaggle", "gz2", "decals"]
"""Whose columns of votes a table has; "ansae": ours, as `ansae ingest` writes them."""


Subset = Literal["all", "confident", "confident-standard"]
"""Which sources: "confident": FRI or FRII, labelled with confidence; "confident-standard": of
standard morphology too, the 770 of Chuma et al. 2025 (arXiv 2502.17207)."""


LayoutName = Literal[
    "auto", "folder", "huggingface", "efigi", "mirabest", "webdataset", "multimodal"
]
"""How the files of a source are arranged."""


@dataclass(frozen=True, kw_only=True)
class LayoutSource:
    """What is to be read, in the user's words.

    `url`: a folder, or a Parquet file. `layout`: "auto" takes a folder that has no `table` for
    Hugging Face's if it holds Parquet files, for a WebDataset if it holds tar files, for the
    Multimodal Universe if it holds HDF5 files. `table`: the table that describes a folder's files.
    `chosen`: {our column: the table's}. `file_column`, `hash_ids`, `keep`: as in
    catalogues.layouts.published.folder. `votes`: whose vote columns become ours, see
    catalogues.layouts.joined.votes; "auto" knows them by their names. `subset`: of MiraBest.
    `bands`: of the Multimodal Universe, see catalogues.layouts.formats.band_files. `joins`: second
    tables, whose columns are brought to the rows as `join` says (catalogues.layouts.joined.join).
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
                f"{', '.join(unknown)} is no column of image shards: those are "
                f"{', '.join(SCHEMA.names)}"
            )
        if len(self.bands) not in (0, 1, 3):
            raise ValueError(
                f"{len(self.bands)} bands make no picture: name three, or one for grey"
            )
        if self.table is None and self.file_column:
            raise ValueError("a file column belongs to a table: name the table")
        if self.hash_ids and self.layout in ("efigi", "mirabest", "webdataset"):
            raise ValueError(
                f"the layout {self.layout} has identifiers of its own: leave hashed ids out"
            )
        if self.layout not in ("auto", "folder") and self.table is not None:
            raise ValueError(
                f"the layout {self.layout} has its columns beside its images: leave the table "
                f"{self.table!r} out, or give the layout folder"
            )
        if self.subset != "all" and self.layout != "mirabest":
            raise ValueError(
                f"the subset {self.subset!r} is MiraBest's: give the layout mirabest, or leave it "
                "out"
            )
