"""The layout of EFIGI: thumbnails, and attributes graded by experts, converted to votes.

EFIGI: Baillard et al. 2011, A&A 532, A74. An attribute runs from 0 to 1 in steps of 0.25; -1 is
undefined. The tables below give the vote fractions that volunteers would roughly give at each step.
They are a convention, not a measurement: good for training together with the mocks, but not a truth
for validating fractions. Questions that EFIGI does not answer (anything odd, arm number, ...) stay
NaN.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import ArrayLike, NDArray

from catalogues import storage
from catalogues.galaxyzoo import COLUMNS, INDEX, QUESTIONS, cumulative
from catalogues.layouts.formats.pieces import Piece
from catalogues.layouts.formats.tables import read_table, table_columns
from catalogues.manifest import IMAGE_TYPE, SCHEMA
from catalogues.shards.rows import NOTE, manifest_rows
from catalogues.storage import FileSystem

Floats = NDArray[np.float64]

ATTRIBUTES = "efigi_attributes.csv"

GRADES: dict[str, str] = {
    "grade": "Bar_Length",
    "grade_low": "Bar_Length_inf",
    "grade_high": "Bar_Length_sup",
    "inclination_grade": "Inclination",
    "hubble_type": "T",
}
"""Columns of `efigi_grades` and the EFIGI attributes they come from."""

_STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
_BAR = (0.06, 0.42, 0.80, 0.92, 0.96)
_SPIRAL = (0.12, 0.55, 0.85, 0.95, 0.97)
_EDGE_ON = (0.01, 0.01, 0.03, 0.25, 0.90)
_BULGE = (
    (0.60, 0.35, 0.05, 0.00),
    (0.12, 0.63, 0.24, 0.01),
    (0.03, 0.35, 0.57, 0.05),
    (0.01, 0.12, 0.67, 0.20),
    (0.01, 0.05, 0.50, 0.44),
)
_ROUNDED = (
    (0.80, 0.20, 0.00),
    (0.45, 0.52, 0.03),
    (0.10, 0.80, 0.10),
    (0.02, 0.50, 0.48),
    (0.01, 0.15, 0.84),
)
_WINDING = (
    (0.05, 0.20, 0.75),
    (0.15, 0.40, 0.45),
    (0.35, 0.45, 0.20),
    (0.65, 0.30, 0.05),
    (0.85, 0.12, 0.03),
)
_ARTIFACT = 0.01


def _interpolate(grade: Floats, table: ArrayLike) -> Floats:
    """Interpolate `table` linearly at grades (N,). Returns (N, k), NaN for undefined grades."""
    values = np.asarray(table, dtype=np.float64).reshape(len(_STEPS), -1)
    out = np.stack([np.interp(grade, _STEPS, column) for column in values.T], axis=1)
    out[~((grade >= 0) & (grade <= 1))] = np.nan
    return out


def _featured(hubble_type: Floats, bar: Floats) -> Floats:
    """Compute the share for "features or disk" from the Hubble type T, at least as for the bar."""
    share = np.interp(hubble_type, [-5, -4, -3, -2, -1, 0, 1, 10], [0.06, 0.08, 0.3, 0.38, 0.55, 0.75, 0.93, 0.93])  # fmt: skip
    share = np.where(hubble_type >= 11, 0.2, share)
    return np.where(bar >= 0.5, np.maximum(share, 0.5 + 0.45 * bar), share)


def efigi_votes(
    hubble_type: ArrayLike, bar: ArrayLike, arm_strength: ArrayLike, arm_curvature: ArrayLike,
    inclination: ArrayLike, bulge_to_total: ArrayLike,
) -> Floats:  # fmt: skip
    """Convert EFIGI attributes of shape (N,) to vote fractions (N, 37), cumulative down the tree.

    NaN where EFIGI has no such attribute or the attribute is undefined (-1).
    """
    bar, inclination = np.asarray(bar, dtype=float), np.asarray(inclination, dtype=float)
    parts = {q.name: np.full((len(bar), len(q.answers)), np.nan) for q in QUESTIONS}
    featured = _featured(np.asarray(hubble_type, dtype=float), bar) * (1 - _ARTIFACT)
    artifact = np.full_like(featured, _ARTIFACT)
    parts["smooth_or_featured"] = np.stack([1 - featured - artifact, featured, artifact], axis=1)
    for name, grade, table in (
        ("disk_edge_on", inclination, _EDGE_ON),
        ("bar", bar, _BAR),
        ("has_spiral_arms", np.asarray(arm_strength, dtype=float), _SPIRAL),
    ):
        yes = _interpolate(grade, table)
        parts[name] = np.concatenate([yes, 1 - yes], axis=1)
    parts["bulge_prominence"] = _interpolate(np.asarray(bulge_to_total, dtype=float), _BULGE)
    parts["how_rounded"] = _interpolate(inclination, _ROUNDED)
    parts["arm_winding"] = _interpolate(np.asarray(arm_curvature, dtype=float), _WINDING)
    return cumulative(np.concatenate([parts[q.name] for q in QUESTIONS], axis=1))


def efigi_table(folder: str | Path) -> pa.Table:
    """Read manifest rows with votes for every thumbnail in `folder`, sorted by PGC number.

    Columns: object_id (the PGC number), image, survey, data_release, survey_id, vote_<answer> for
    the 37 answers, efigi_bar_length and efigi_inclination (grades, null where undefined). Raises
    FileNotFoundError if the table or the thumbnails are missing.
    """
    folder = Path(folder)
    table = pacsv.read_csv(folder / ATTRIBUTES)
    have = {p.stem: p for p in (folder / "thumbs88").glob("PGC*.jpg")}
    if not have:
        raise FileNotFoundError(f"no PGC*.jpg in {folder / 'thumbs88'}: give EFIGI's own folder")
    table = table.filter(pc.is_in(table["PGCname"], value_set=pa.array(sorted(have))))
    table = table.sort_by("PGCname")
    names = table["PGCname"].to_pylist()
    grades = {n: np.asarray(table[n], dtype=float) for n in ("T", "Bar_Length", "Arm_Strength", "Arm_Curvature", "Inclination", "Bulge_to_Total")}  # fmt: skip
    votes = efigi_votes(*grades.values())
    images = [{"bytes": have[n].read_bytes(), "path": f"thumbs88/{n}.jpg"} for n in names]
    columns = {
        "object_id": pa.array([int(n.removeprefix("PGC")) for n in names], pa.int64()),
        "image": pa.array(images, IMAGE_TYPE),
        "survey": pa.array(["SDSS"] * len(names)),
        "data_release": pa.array(["DR4"] * len(names)),
        "survey_id": pa.array(names),
    }
    for name in COLUMNS:
        columns[f"vote_{name}"] = pa.array(votes[:, INDEX[name]].astype(np.float32), from_pandas=True)  # fmt: skip
    for name, key in (("efigi_bar_length", "Bar_Length"), ("efigi_inclination", "Inclination")):
        grade = grades[key]
        columns[name] = pa.array(np.where(grade >= 0, grade, np.nan), from_pandas=True)
    return pa.table(columns)


def efigi_grades(fs: FileSystem, path: str) -> pa.Table:
    """Read the experts' grades without images: object_id (the PGC number) and GRADES.

    path: the table of attributes, or its folder, on `fs`. Undefined grades (-1) are null; the
    Hubble type is always defined. Raises StorageError, and ValueError if columns are missing.
    """
    path = path if path.lower().endswith(".csv") else storage.join(path, ATTRIBUTES)
    names = table_columns(fs, path)
    wanted = ["PGCname", *GRADES.values()]
    if absent := [name for name in wanted if name not in names]:
        raise ValueError(
            f"{storage.redact(path)!r} has no column {absent[0]!r}: it is not EFIGI's table of "
            f"attributes, {ATTRIBUTES}"
        )
    table = pa.concat_tables(read_table(fs, path, wanted, ("PGCname",), 1 << 20))
    ids = pc.cast(pc.replace_substring(table["PGCname"], "PGC", ""), pa.int64())
    columns = {"object_id": ids}
    for name, attribute in GRADES.items():
        values = table[attribute].cast(pa.float64())
        known = pc.greater_equal(values, 0) if name != "hubble_type" else True
        columns[name] = pc.if_else(known, values, None)
    return pa.table(columns)


@dataclass(frozen=True, kw_only=True)
class EfigiFolder:
    """A Layout (catalogues.layouts.formats.pieces); `open_efigi` opens one.

    `table`: from `efigi_table`.
    """

    table: pa.Table
    piece_rows: int = 100

    @property
    def extra(self) -> pa.Schema:
        """The votes, and EFIGI's own grades."""
        return pa.schema([field for field in self.table.schema if field.name not in SCHEMA.names])

    def keys(self, names: tuple[str, ...]) -> Iterator[pa.Table]:
        """Read the keys. Identifiers are PGC numbers."""
        yield manifest_rows(self.table, self._mapping).select(names)

    def pieces(self) -> Iterator[Piece]:
        """Iterate over the rows in the order of the PGC numbers."""
        rows = manifest_rows(self.table, self._mapping, self.extra.names).drop_columns([NOTE])
        for start in range(0, len(rows), self.piece_rows):
            yield Piece(rows=rows.slice(start, self.piece_rows))

    @property
    def _mapping(self) -> dict[str, str]:
        return {name: name for name in SCHEMA.names if name in self.table.column_names}


def open_efigi(fs: FileSystem, root: str) -> EfigiFolder:
    """Open EFIGI's folder on a disk, and read its 16 MB of thumbnails into memory.

    Raises ValueError for any other folder.
    """
    if not storage.is_local(fs):
        raise ValueError(
            f"EFIGI is read from a disk, not from {storage.redact(root)!r}: copy it to a disk"
        )
    try:
        return EfigiFolder(table=efigi_table(root))
    except FileNotFoundError as error:
        raise ValueError(f"{root!r} is not EFIGI's folder: {error}") from error
