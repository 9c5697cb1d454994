"""Summarise a catalogue of any size with DuckDB: counts, distributions, failures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from catalogues import statuses
from catalogues.bars import SCHEMA
from catalogues.queries.database import fetch
from catalogues.runs.files import CATALOGUE
from catalogues.sky import ORDER
from catalogues.statuses import HEALTHY, Status

_EXACT_MAX = 2_000_000
"""Number of values above which quantiles are approximate (t-digest), to bound the memory."""

_ALL_SHOWN_MAX = 1000


@dataclass(frozen=True, kw_only=True)
class Count:
    """Number of rows with a word, such as a status. `share`: among all rows that are counted."""

    word: str
    count: int
    share: float
    meaning: str
    healthy: bool = True


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """Distribution of a column's finite values.

    Attributes
    ----------
    column, unit, description : name, unit and description of the column.
    n : number of values.
    quantiles : 5, 16, 50, 84 and 95 %.
    edges : (B + 1,), edges of the histogram's bins.
    counts : (B,), values per bin.
    below, above : numbers of values beyond the outer edges.
    """

    column: str
    unit: str
    description: str
    n: int
    quantiles: tuple[float, float, float, float, float]
    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    below: int
    above: int


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A row without votes."""

    object_id: int | None
    shard: str
    shard_row: int
    status: str
    message: str


def row_count(con: duckdb.DuckDBPyConnection) -> int:
    """Count the rows of the catalogue."""
    return int(fetch(con, f"SELECT count(*) AS n FROM {CATALOGUE}")["n"][0].as_py())


def status_counts(con: duckdb.DuckDBPyConnection) -> tuple[Count, ...]:
    """Count rows by status: healthy ones in the order of Status, then the others by frequency."""
    found = _counts(con, "status", "TRUE")
    total = sum(found.values())
    order = [str(s) for s in Status if s in HEALTHY and s in found]
    order += sorted(set(found) - HEALTHY, key=lambda word: (-found[word], word))
    known: dict[str, str] = {str(s): text for s, text in statuses.STATUS.items()}
    return tuple(
        Count(
            word=word,
            count=found[word],
            share=found[word] / total,
            meaning=known.get(word, "unknown status"),
            healthy=word in HEALTHY,
        )
        for word in order
    )


def stop_counts(con: duckdb.DuckDBPyConnection) -> tuple[Count, ...]:
    """Count rows with a saliency map by stop_reason, the most frequent first.

    `healthy`: the measurement gave a length.
    """
    found = _counts(con, "stop_reason", "stop_reason IS NOT NULL")
    measured = _counts(con, "stop_reason", f"status = '{Status.MEASURED}'")
    total = sum(found.values())
    return tuple(
        Count(
            word=word,
            count=n,
            share=n / total,
            meaning=statuses.STOP_REASON.get(word, "unknown reason"),
            healthy=word in measured,
        )
        for word, n in sorted(found.items(), key=lambda item: -item[1])
    )


def _counts(con: duckdb.DuckDBPyConnection, column: str, where: str) -> dict[str, int]:
    table = fetch(
        con, f"SELECT {column} AS word, count(*) AS n FROM {CATALOGUE} WHERE {where} GROUP BY 1"
    )
    return dict(zip(table["word"].to_pylist(), table["n"].to_pylist(), strict=True))


def distribution(
    con: duckdb.DuckDBPyConnection,
    column: str,
    *,
    where: str = "TRUE",
    bins: int = 24,
    bounds: tuple[float, float] | None = None,
) -> Distribution | None:
    """Compute the distribution of a column's finite values in the rows `where` (SQL).

    None if there are no values. By default, the `bounds` of the histogram are the extremes, or, for
    more than a thousand values, the 0.5 and 99.5 % quantiles.
    """
    if bins < 1:
        raise ValueError(f"bins={bins} must be at least 1")
    values = f"SELECT {column}::DOUBLE AS v FROM {CATALOGUE} WHERE isfinite({column}) AND ({where})"
    n = int(fetch(con, f"SELECT count(*) AS n FROM ({values})")["n"][0].as_py())
    if n == 0:
        return None
    tail = 0.005 if n > _ALL_SHOWN_MAX else 0.0
    levels = (tail, 0.05, 0.16, 0.5, 0.84, 0.95, 1 - tail)
    low, *middle, high = _quantiles(con, values, n, levels)
    edges = _edges(*(bounds or (low, high)), bins)
    counts = _histogram(con, values, edges)
    field = SCHEMA.field(column)
    metadata = {k.decode(): v.decode() for k, v in (field.metadata or {}).items()}
    return Distribution(
        column=column,
        unit=metadata.get("unit", ""),
        description=metadata.get("description", ""),
        n=n,
        quantiles=(middle[0], middle[1], middle[2], middle[3], middle[4]),
        edges=edges,
        counts=counts[1:-1],
        below=int(counts[0]),
        above=int(counts[-1]),
    )


def _quantiles(
    con: duckdb.DuckDBPyConnection, values: str, n: int, levels: Sequence[float]
) -> list[float]:
    function = "quantile_cont" if n <= _EXACT_MAX else "approx_quantile"
    found = fetch(con, f"SELECT {function}(v, {list(levels)}) AS q FROM ({values})")
    return [float(q) for q in found["q"][0].as_py()]


def _edges(low: float, high: float, bins: int) -> NDArray[np.float64]:
    """Return edges of `bins` equal bins over [low, high]; over one unit around a single value."""
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, bins + 1)


def _histogram(
    con: duckdb.DuckDBPyConnection, values: str, edges: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Count values, (B + 2,): below, per bin (the last bin includes its upper edge), above."""
    low, high, bins = float(edges[0]), float(edges[-1]), edges.size - 1
    bin_number = (
        f"CASE WHEN v < {low!r} THEN 0 WHEN v > {high!r} THEN {bins + 1} ELSE "
        f"least({bins - 1}, floor((v - {low!r}) / {(high - low) / bins!r}))::INTEGER + 1 END"
    )
    table = fetch(con, f"SELECT {bin_number} AS b, count(*) AS n FROM ({values}) GROUP BY 1")
    counts = np.zeros(bins + 2, dtype=np.int64)
    counts[table["b"].to_numpy()] = table["n"].to_numpy()
    return counts


def sky_counts(
    con: duckdb.DuckDBPyConnection, order: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count galaxies per nested HEALPix cell of `order`. Returns non-empty cells and counts."""
    table = fetch(
        con,
        f"SELECT _healpix_29 >> {2 * (ORDER - order)} AS cell, count(*) AS n FROM {CATALOGUE} "
        "WHERE _healpix_29 IS NOT NULL GROUP BY 1 ORDER BY 1",
    )
    return table["cell"].to_numpy(), table["n"].to_numpy()


def failures(con: duckdb.DuckDBPyConnection, most: int = 50) -> tuple[Failure, ...]:
    """Fetch the first `most` rows without votes, by shard and row."""
    healthy = ", ".join(f"'{s}'" for s in sorted(HEALTHY))
    table = fetch(
        con,
        f"SELECT object_id, shard, shard_row, status, coalesce(status_message, '') AS message "
        f"FROM {CATALOGUE} WHERE status NOT IN ({healthy}) ORDER BY shard, shard_row LIMIT ?",
        [most],
    )
    return tuple(Failure(**row) for row in table.to_pylist())
