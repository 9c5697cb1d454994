"""First stages of a grid on Ray: select the galaxies and make their saliency maps."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.console import Console
from rich.progress import track

from actors.calibrate.map_maker import MapperActor, Rows
from actors.calibrate.paper_grid_trial import GALAXIES
from catalogues import storage
from catalogues.columns import column
from catalogues.runs.array_cache import MapCache
from catalogues.shards.reading import ROW
from catalogues.storage import Place
from catalogues.truth.known_lengths import SCHEMA, check_sizes, require_enough, unit_per_px
from pipelines.calibrate.grid_plan import GridPlan, Options
from pipelines.cluster.actor_pool import OnEach, on_actors
from pipelines.cluster.failures import RunFailed, cause

_LOOKED_AT, _DRAWN = 50, 4
"""Number of galaxies that a process gets at a time."""

_LOOKED = [
    column("image_px", pa.int32(), "side of the stored image", "pixel"),
    column("map_px", pa.float64(), "pixels of the stored image in one of the map", "pixel"),
    column("unit_per_map_px", pa.float64(), "the length's unit in one pixel of the map"),
    column("position_angle_deg", pa.float64(), "known, counter-clockwise from image up", "deg"),
    column("bar_fraction", pa.float64(), "bar fraction by the networks' votes, if votes select"),
    column("note", pa.string(), "why the galaxy is not compared; null where it is"),
]


def galaxies_and_maps(plan: GridPlan[Options], console: Console) -> pa.Table:
    """Select the galaxies, store them in the output, and make all their maps.

    Returns the table of `look_at_galaxies`. Raises what the called functions raise.
    """
    with mappers(plan) as on_each:
        galaxies = look_at_galaxies(plan, on_each, console)
        plan.begin()
        keep_galaxies(plan, galaxies)
        draw_maps(plan, galaxies, on_each, console)
    return galaxies


def look_at_galaxies(plan: GridPlan[Options], on_each: OnEach, console: Console) -> pa.Table:
    """Return the galaxies with known lengths and how each lies on its map.

    The columns are known_lengths.SCHEMA and _LOOKED. If the output already has the table, it is
    read. Raises ValueError if too few galaxies are left, or if their lengths are impossible.
    """
    fs, path = _galaxies_file(plan)
    if plan.begun and storage.exists(fs, path):
        with storage.open_random(fs, path) as file:
            return pq.read_table(file)
    work = [(rows,) for _, rows in _batches(plan, plan.known.table, _LOOKED_AT)]
    seen = track(on_each("look", work), "galaxies", len(work), console=console)
    looked = {row["object_id"]: row for rows in seen for row in rows}
    galaxies = _with_places(plan, looked)
    _check(plan, galaxies)
    return galaxies


def keep_galaxies(plan: GridPlan[Options], galaxies: pa.Table) -> None:
    """Write the galaxies into the output, for the trials and the next session."""
    fs, path = _galaxies_file(plan)

    def write(file: BinaryIO) -> None:
        pq.write_table(galaxies, file, compression="zstd")

    storage.write_whole(fs, path, write)


def draw_maps(
    plan: GridPlan[Options], galaxies: pa.Table, on_each: OnEach, console: Console
) -> int:
    """Make the missing maps. Returns the number of arrays made. Raises RunFailed."""
    usable = galaxies.filter(pc.is_null(galaxies["note"]))
    ids = usable["object_id"].to_pylist()
    kinds = plan.drawn
    missing = MapCache(plan.options.cache, plan.options.storage_options()).missing(kinds, ids)
    left, total = sum(map(len, missing.values())), len(ids) * len(kinds)
    others = ", ".join(f"{n} {why}" for why, n in sorted(_rows_left_out(plan, galaxies).items()))
    console.print(
        f"{len(ids)} galaxies" + (f" (left out: {others})" if others else "") + f": {total - left} "
        f"maps and grey images exist, {left} to make",
        soft_wrap=True,
    )
    if not left:
        return 0
    usable = usable.filter(pa.array([i in missing for i in ids]))
    work = [(rows, {i: missing[i] for i in some}) for some, rows in _batches(plan, usable, _DRAWN)]
    made: int = sum(track(on_each("draw", work), "maps", len(work), console=console))
    if made != left:
        raise RunFailed(
            f"only {made} of {left} maps could be made: check that the input has not changed "
            "since the grid began"
        )
    return made


def _batches(
    plan: GridPlan[Options], galaxies: pa.Table, most: int
) -> Iterator[tuple[list[int], Rows]]:
    """Yield ids and rows of at most `most` galaxies of one shard at a time."""
    fs_paths = {shard.name: shard for shard in plan.shards}
    places: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for shard, row, object_id in zip(
        *(galaxies[name].to_pylist() for name in ("shard", ROW, "object_id")), strict=True
    ):
        places[shard].append((row, object_id))
    for name, found in places.items():
        shard = fs_paths[name]
        for i in range(0, len(found), most):
            rows, ids = zip(*found[i : i + most], strict=True)
            yield list(ids), Rows(path=shard.path, shard_rows=shard.rows, wanted=rows)


@contextmanager
def mappers(plan: GridPlan[Options]) -> Iterator[OnEach]:
    """Provide a pool of MapMakers that starts at the first call. Raises RunFailed."""
    from ray.exceptions import RayError

    assert plan.have is not None
    try:
        with on_actors(MapperActor, (plan.mapper_params(),), plan.have.explainers) as on_each:
            yield on_each
    except RayError as error:
        raise RunFailed(
            f"making maps failed ({cause(error)}); the finished maps are kept: run the same "
            "command again"
        ) from error


def _with_places(plan: GridPlan[Options], looked: dict[int, dict[str, Any]]) -> pa.Table:
    """Return the table of known lengths with what the MapMakers found."""
    known, o = plan.known.table, plan.options
    rows = [looked.get(i, {"note": "row is missing"}) for i in known["object_id"].to_pylist()]
    scale = pa.array([row.get("pixel_scale_arcsec") for row in rows], pa.float64())
    known = known.set_column(
        known.column_names.index("pixel_scale_arcsec"), SCHEMA.field("pixel_scale_arcsec"), scale
    )
    map_px = np.array([row.get("map_px", np.nan) for row in rows], dtype=np.float64)
    unit = unit_per_px(known, o.known.unit, o.cosmology) * map_px
    notes = [row.get("note") for row in rows]
    for i in np.flatnonzero(~np.isfinite(unit)):
        notes[i] = notes[i] or "no pixel scale"
    found = [
        pa.array([row.get("image_px") for row in rows], pa.int32()),
        pa.array(map_px, from_pandas=True),
        pa.array(unit, from_pandas=True),
        pa.array([row.get("position_angle_deg") for row in rows], pa.float64()),
        pa.array([row.get("bar_fraction") for row in rows], pa.float64()),
        pa.array(notes, pa.string()),
    ]
    return pa.table([*known.columns, *found], schema=pa.schema([*SCHEMA, *_LOOKED]))


def _check(plan: GridPlan[Options], galaxies: pa.Table) -> None:
    """Raise ValueError if too few galaxies are left, or if their lengths make no sense."""
    o = plan.options
    usable = galaxies.filter(pc.is_null(galaxies["note"]))
    require_enough(usable, _rows_left_out(plan, galaxies), o.length, o.galaxies_min)
    length, per_map, map_px = (
        usable[name].to_numpy() for name in ("length", "unit_per_map_px", "map_px")
    )
    side = float(np.median(usable["image_px"].to_numpy()))
    check_sizes(o.known, length / per_map * map_px, side)


def _rows_left_out(plan: GridPlan[Options], galaxies: pa.Table) -> dict[str, int]:
    """Count the galaxies with a length that are not compared, by reason."""
    notes = Counter(f"({note})" for note in galaxies["note"].to_pylist() if note)
    return {**plan.known.left_out, **notes}


def _galaxies_file(plan: GridPlan[Options]) -> Place:
    place = storage.filesystem(plan.options.output, plan.options.storage_options())
    return Place(place.fs, place.path(GALAXIES))
