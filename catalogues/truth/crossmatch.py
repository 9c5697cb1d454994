"""Match the galaxies of a catalogue and a truth, by identifier or by position on the sky."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from catalogues.queries.database import fetch
from catalogues.runs.files import CATALOGUE
from catalogues.sky import Floats, SkyIndex

PAIRS = "pairs"
"""Table of pairs: truth_row, shard, shard_row, separation_arcsec (null if joined by id)."""

HEALTHY = "c.bar_fraction IS NOT NULL"
"""SQL condition for the catalogue's rows that can be compared."""

_BATCH = 200_000


def pair_by_id(con: duckdb.DuckDBPyConnection, known: str) -> int:
    """Make PAIRS of the catalogue's healthy rows and the table `known` (truth_row, object_id).

    If several rows have one identifier, the first counts, in both tables. Returns the number of
    pairs.
    """
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {PAIRS} AS "
        f"SELECT k.truth_row, c.shard, c.shard_row, NULL::DOUBLE AS separation_arcsec "
        f"FROM {CATALOGUE} c JOIN (SELECT object_id, min(truth_row) AS truth_row FROM {known} "
        f"WHERE object_id IS NOT NULL GROUP BY 1) k USING (object_id) WHERE {HEALTHY} "
        f"QUALIFY row_number() OVER (PARTITION BY k.truth_row ORDER BY c.shard, c.shard_row) = 1"
    )
    return _count(con)


def pair_by_position(con: duckdb.DuckDBPyConnection, known: str, tolerance_arcsec: float) -> int:
    """Make PAIRS of the catalogue's healthy rows and the table `known` (truth_row, ra, dec).

    A catalogue galaxy belongs to the nearest row of `known` within the tolerance. If several belong
    to one row, the nearest counts. Returns the number of pairs.
    """
    places = fetch(con, f"SELECT truth_row, ra, dec FROM {known} ORDER BY truth_row")
    rows = places["truth_row"].to_numpy()
    sky = SkyIndex(_floats(places["ra"]), _floats(places["dec"]))
    found = [_near(batch, sky, rows, tolerance_arcsec) for batch in _places(con)]
    candidates = pa.concat_tables(found) if found else None
    if candidates is None or not len(candidates):
        _no_pairs(con)
        return 0
    con.register("candidates", candidates)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {PAIRS} AS SELECT * FROM candidates QUALIFY row_number() "
        f"OVER (PARTITION BY truth_row ORDER BY separation_arcsec, shard, shard_row) = 1"
    )
    con.unregister("candidates")
    return _count(con)


def _places(con: duckdb.DuckDBPyConnection) -> Iterator[pa.Table]:
    """Iterate over the catalogue's healthy rows that have a position, in portions."""
    answer = con.sql(
        f"SELECT c.shard, c.shard_row, c.ra, c.dec FROM {CATALOGUE} c "
        f"WHERE {HEALTHY} AND c.ra IS NOT NULL AND c.dec IS NOT NULL"
    )
    for batch in answer.to_arrow_reader(_BATCH):
        yield pa.Table.from_batches([batch])


def _near(table: pa.Table, sky: SkyIndex, rows: NDArray[np.int64], tolerance: float) -> pa.Table:
    index, separation = sky.nearest(_floats(table["ra"]), _floats(table["dec"]), tolerance)
    hit = index >= 0
    kept = table.select(["shard", "shard_row"]).filter(pa.array(hit))
    columns = [pa.array(rows[index[hit]]), *kept.columns, pa.array(separation[hit])]
    return pa.table(columns, names=["truth_row", "shard", "shard_row", "separation_arcsec"])


def _no_pairs(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {PAIRS} (truth_row BIGINT, shard VARCHAR, "
        "shard_row BIGINT, separation_arcsec DOUBLE)"
    )


def _count(con: duckdb.DuckDBPyConnection) -> int:
    return int(fetch(con, f"SELECT count(*) AS n FROM {PAIRS}")["n"][0].as_py())


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
