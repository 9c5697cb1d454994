"""A run's output folder made by hand: galaxies drawn from known bars, bad rows, pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from catalogues.bars import SCHEMA
from catalogues.runs.pictures import SCHEMA as PICTURES
from catalogues.runs.pictures import encode_map, encode_picture
from catalogues.runs.provenance import new_record, new_session
from catalogues.sky import healpix_29
from models.preprocess import canvas, galaxy_frame
from models.view_params import FieldSpec

SIDE = 212
SCALE_ARCSEC = 0.4
SHARD_ROWS = 40

BAD: tuple[tuple[str, str], ...] = (
    ("not_an_image", "begins with '<!DOCTYPE html>': 512 bytes of HTML, not JPEG, PNG or FITS"),
    ("truncated_image", "JPEG ends after 3,012 bytes; <script>alert('x')</script> is no remedy"),
    ("truncated_image", "JPEG ends after 17 bytes"),
    ("bad_id", "object_id 1.5 is not an integer"),
)


@dataclass(frozen=True, kw_only=True)
class SyntheticRun:
    """Where it lies, and the truth about its galaxies."""

    folder: Path
    truth: pa.Table

    def rows(self) -> pa.Table:
        """The catalogue, read without the product's help."""
        return pq.read_table(self.folder / "catalogue")


def draw_galaxy(length_px: float, angle_deg: float, x: float, y: float) -> np.ndarray:
    """(SIDE, SIDE, 3) uint8: a round disc with a straight bar, angle counter-clockwise from up."""
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(float)
    dx, dy = columns - x, rows - y
    angle = np.radians(angle_deg)
    along = -dx * np.sin(angle) - dy * np.cos(angle)
    across = dx * np.cos(angle) - dy * np.sin(angle)
    disc = 90 * np.exp(-np.hypot(dx, dy) / 26)
    bar = 130 * _inside(along, length_px / 2) * _inside(across, 0.12 * length_px)
    bulge = 90 * np.exp(-(dx**2 + dy**2) / 60)
    light = disc + bar + bulge
    rgb = np.stack([light + 14, 0.86 * light + 13, 0.7 * light + 16], axis=-1)
    return np.clip(rgb, 0, 255).astype(np.uint8)


def _inside(distance: np.ndarray, half: float) -> np.ndarray:
    return np.clip(half - np.abs(distance) + 0.5, 0, 1)


def write_run(folder: Path, galaxies: int = 60, seed: int = 1) -> pa.Table:
    """Write run.json, catalogue/ and pictures/ below `folder`; returns the truth table.

    Every third galaxy has no bar; of those every second one is explained all the same. The rows of
    BAD come last. Rows of the first shard have angles in the sky's frame, north 30 deg from up.
    """
    rng = np.random.default_rng(seed)
    rows, pictures, truth = [], [], []
    for i in range(galaxies):
        row, picture, known = _galaxy(i, rng)
        rows.append(row)
        pictures += [picture] if picture else []
        truth.append(known)
    for j, (status, message) in enumerate(BAD):
        identity = None if status == "bad_id" else 10_000 + j
        rows.append({"object_id": identity, "status": status, "status_message": message})
    for i, row in enumerate(rows):
        row |= {"shard": f"shard-{i // SHARD_ROWS:05d}.parquet", "shard_row": i % SHARD_ROWS}
        row |= {"run_id": "synthetic"}
    _write(folder / "catalogue", rows, SCHEMA)
    _write(folder / "pictures", pictures, PICTURES)
    facts = {"seed": 7, "input": {"shards": 2, "rows": 64}, "estimator": {"map": {"samples": 64}}}
    record = new_record(facts, {"input": "survey", "output": str(folder)}, "synthetic")
    (folder / "run.json").write_bytes(record.with_session(new_session("cpu")).to_json())
    return pa.Table.from_pylist(truth)


def _galaxy(i: int, rng: np.random.Generator) -> tuple[dict[str, Any], Any, dict[str, Any]]:
    barred, place = i % 3 != 0, {"shard": f"shard-{i // SHARD_ROWS:05d}.parquet"}
    place["shard_row"] = i % SHARD_ROWS
    explained = barred or i % 2 == 0
    length, angle = rng.uniform(30, 70), rng.uniform(0, 180)
    x, y = (SIDE - 1) / 2 + rng.uniform(-4, 4, 2)
    z, r90 = rng.uniform(0.01, 0.1), rng.uniform(5, 20)
    fraction = rng.uniform(0.6, 0.98) if barred else rng.uniform(0.02, 0.5)
    north = 30.0 if i < SHARD_ROWS else None
    row = {
        "object_id": 587722981741363200 + i,
        "ra": rng.uniform(0, 360),
        "dec": rng.uniform(-60, 60),
    }
    row |= {"z": z, "petro_r90_arcsec": r90, "pixel_scale_arcsec": SCALE_ARCSEC, "survey": "mock"}
    row |= {
        "_healpix_29": healpix_29([row["ra"]], [row["dec"]])[0].as_py(),
        "bar_fraction": fraction,
    }
    row |= {
        "smooth_or_featured_featured_or_disk": 0.9,
        "disk_edge_on_no": 0.85,
        "galaxy_radius_px": 50.0,
    }
    row |= {"bar_yes": 0.85 * fraction, "bar_no": 0.85 * (1 - fraction), "bar_yes_std": 0.04}
    row["status"] = "measured" if barred else ("no_bar_found" if explained else "not_selected")
    if explained:
        row |= {"stop_reason": "profile" if barred else ["round", "faint"][i % 4 // 2]}
    if barred:
        measured = length * rng.normal(1, 0.06)
        sky = (angle + rng.normal(0, 2) - (north or 0)) % 180
        row |= _units(measured, 0.08 * measured, z, r90)
        row |= {
            "bar_position_angle_deg": sky,
            "bar_position_angle_frame": "sky" if north else "image",
        }
        row |= {
            "bar_axis_ratio": 0.24,
            "bar_x_px": x,
            "bar_y_px": y,
            "threshold": 0.4,
            "pixels": 300,
        }
        row |= {"bar_length_px_members": list(measured * rng.normal(1, 0.25 * rng.random(), 3))}
    picture = None
    if explained:
        pixels = draw_galaxy(length if barred else 0.0, angle, x, y)
        picture = {"object_id": row["object_id"], "north_deg": north} | place
        picture |= _picture(pixels, length if barred else 0.0, angle, x, y)
    known = {"object_id": row["object_id"], "true_class": "barred" if barred else "unbarred"}
    known |= {"true_bar_length_px": length if barred else None}
    known |= {"true_bar_position_angle_deg": (angle - (north or 0)) % 180 if barred else None}
    return row, picture, known


def _units(length_px: float, error_px: float, z: float, r90: float) -> dict[str, float]:
    kpc_per_arcsec = 20.0 * z
    out = {}
    for end, value in (("", length_px), ("_err", error_px)):
        out[f"bar_length_px{end}"] = value
        out[f"bar_length_arcsec{end}"] = value * SCALE_ARCSEC
        out[f"bar_length_kpc{end}"] = value * SCALE_ARCSEC * kpc_per_arcsec
        out[f"bar_length_over_r90{end}"] = value * SCALE_ARCSEC / r90
    return out


def _picture(pixels: np.ndarray, length: float, angle: float, x: float, y: float) -> dict[str, Any]:
    """Canvas and map as a run keeps them; the map is the canvas's bar, blurred."""
    spec = FieldSpec(canvas_px=144)
    frame = galaxy_frame(pixels)
    cut = canvas(pixels, spec, frame)
    light = draw_galaxy(length, angle, x, y).mean(axis=2) - draw_galaxy(0, 0, x, y).mean(axis=2)
    shown = canvas(
        np.repeat(np.clip(2 * light, 0, 255).astype(np.uint8)[..., None], 3, -1), spec, frame
    )
    return {
        "canvas": encode_picture(cut.pixels),
        "map": encode_map(shown.pixels[..., 0] / 255),
        "x0": cut.x0,
        "y0": cut.y0,
        "factor_x": cut.factor_x,
        "factor_y": cut.factor_y,
    }


def _write(folder: Path, rows: list[dict[str, Any]], schema: pa.Schema) -> None:
    folder.mkdir(parents=True)
    for name in sorted({row["shard"] for row in rows}):
        part = [row for row in rows if row["shard"] == name]
        pq.write_table(pa.Table.from_pylist(part, schema=schema), folder / name)
