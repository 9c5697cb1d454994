"""Write the files of a HATS collection, a catalogue that is partitioned on the sky.

See the IVOA Note "HATS". A collection is a folder with `collection.properties`, a catalogue and
optionally its margin cache. Catalogue and margin cache each have `hats.properties`,
`partition_info.csv` and `dataset/`.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata

import pyarrow as pa
import pyarrow.parquet as pq

from catalogues import storage
from catalogues.hats.rows import INDEX
from catalogues.storage import FileSystem

COLLECTION = "collection.properties"
"""The collection's own file. It is written last: a folder with this file is complete."""

DATASET = "dataset"

ROW_GROUP_ROWS = 25_000

_DIR = 10_000


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A written file of a partition. Its footer becomes part of `_metadata`."""

    order: int
    pixel: int
    rows: int
    size_bytes: int
    footer: pq.FileMetaData


def leaf_name(order: int, pixel: int) -> str:
    """Return the path of a partition's file, relative to `dataset/`."""
    return f"Norder={order}/Dir={pixel // _DIR * _DIR}/Npix={pixel}.parquet"


def write_leaf(fs: FileSystem, root: str, order: int, pixel: int, table: pa.Table) -> Leaf:
    """Write a partition of the catalogue to the folder `root`. Raises StorageError."""
    name = leaf_name(order, pixel)
    footers: list[pq.FileMetaData] = []
    buffer = io.BytesIO()
    pq.write_table(
        table,
        buffer,
        compression="zstd",
        row_group_size=ROW_GROUP_ROWS,
        metadata_collector=footers,
    )
    storage.write_whole(fs, storage.join(root, DATASET, name), buffer.getvalue())
    footers[0].set_file_path(name)
    return Leaf(
        order=order, pixel=pixel, rows=len(table), size_bytes=buffer.tell(), footer=footers[0]
    )


@dataclass(frozen=True, kw_only=True)
class Described:
    """Description of a catalogue for its properties.

    `margin_of`, `margin_arcsec`: for a margin cache, its catalogue and width.
    """

    name: str
    title: str
    margin_of: str | None = None
    margin_arcsec: float | None = None


def write_catalogue(
    fs: FileSystem, root: str, described: Described, schema: pa.Schema, leaves: Iterable[Leaf]
) -> None:
    """Write the metadata files for the written partitions of `root`. Raises StorageError.

    `schema`: schema of the leaves, with the metadata for `_common_metadata`.
    """
    ordered = sorted(leaves, key=lambda leaf: (leaf.order, leaf.pixel))
    for name, footers in (("_common_metadata", []), ("_metadata", [x.footer for x in ordered])):
        buffer = io.BytesIO()
        pq.write_metadata(schema, buffer, metadata_collector=footers)
        storage.write_whole(fs, storage.join(root, DATASET, name), buffer.getvalue())
    info = "Norder,Npix\n" + "".join(f"{leaf.order},{leaf.pixel}\n" for leaf in ordered)
    storage.write_whole(fs, storage.join(root, "partition_info.csv"), info.encode())
    text = _properties(_facts(described, ordered))
    storage.write_whole(fs, storage.join(root, "hats.properties"), text)


def write_collection(fs: FileSystem, root: str, name: str, margin: str | None = None) -> None:
    """Write the collection's own file, when its catalogue `name` and margin cache are complete."""
    facts = {"obs_collection": name, "hats_primary_table_url": name}
    if margin is not None:
        facts |= {"all_margins": margin, "default_margin": margin}
    storage.write_whole(fs, storage.join(root, COLLECTION), _properties(facts | _builder()))


def sky_fraction(leaves: Iterable[Leaf]) -> float:
    """Return the share of the sky that partitions cover."""
    return sum(4.0**-leaf.order for leaf in leaves) / 12


def _facts(described: Described, leaves: list[Leaf]) -> dict[str, str]:
    facts = {
        "obs_collection": described.name,
        "dataproduct_type": "margin" if described.margin_of else "object",
        "obs_title": described.title,
        "hats_nrows": str(sum(leaf.rows for leaf in leaves)),
        "hats_col_ra": "ra",
        "hats_col_dec": "dec",
        "hats_col_healpix": INDEX,
        "hats_col_healpix_order": "29",
        "hats_npix_suffix": ".parquet",
        "hats_order": str(max((leaf.order for leaf in leaves), default=0)),
        "hats_max_rows": str(max((leaf.rows for leaf in leaves), default=0)),
        "hats_estsize": str(-(-sum(leaf.size_bytes for leaf in leaves) // 1024)),
        "moc_sky_fraction": f"{sky_fraction(leaves):.6g}",
    }
    if described.margin_of is not None:
        facts |= {"hats_primary_table_url": described.margin_of}
        facts |= {"hats_margin_threshold": f"{described.margin_arcsec:g}"}
    return facts | _builder()


def _builder() -> dict[str, str]:
    return {
        "hats_builder": f"ansae v{metadata.version('ansae')}",
        "hats_creation_date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%MUTC"),
        "hats_version": "v1.0",
    }


def _properties(facts: Mapping[str, str]) -> bytes:
    """Format facts as a Java properties file."""
    return "".join(f"{name}={value}\n" for name, value in facts.items()).encode()
