"""A small survey for tests: drawn galaxies in image shards, and a tiny ensemble, random weights."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from PIL import Image

from catalogues import storage
from catalogues.manifest import SCHEMA
from models.barlength.estimator import EstimatorParams
from models.networks.length_regressor import control_member
from models.networks.member import Member
from models.networks.spec import EnsembleSpec, MemberSpec
from models.networks.weights import dump_member
from models.recipe import Recipe
from models.saliency.params import SmoothGradParams
from models.view_params import FieldSpec, ViewParams
from tests.s3server import S3Server

CANVAS_PX = 32


def tiny_ensemble(folder: Path, *, samples: int = 2) -> str:
    """Two members of random weights for canvases of 32 px; returns the path of ensemble.json."""
    folder.mkdir(parents=True, exist_ok=True)
    specs = tuple(tiny_member(name) for name in ("first", "second"))
    recipe = Recipe(maps=SmoothGradParams(samples=samples, chunk=2), estimator=EstimatorParams())
    (folder / "estimator.json").write_text(json.dumps(recipe.to_dict()))
    return _write(folder, specs, "votes")


def tiny_control(folder: Path, canvas_px: int = CANVAS_PX) -> str:
    """One network of random weights that predicts lengths; returns the path of ensemble.json."""
    folder.mkdir(parents=True, exist_ok=True)
    return _write(folder, (control_member(tiny_member("only", canvas_px)),), "control")


def tiny_member(name: str, input_px: int = CANVAS_PX) -> MemberSpec:
    return MemberSpec(name=name, architecture="narrow_vgg", input_px=input_px, options={"width": 4})


def _write(folder: Path, specs: tuple[MemberSpec, ...], kind: Literal["votes", "control"]) -> str:
    torch.manual_seed(5)
    weights = [dump_member(Member(spec)) for spec in specs]
    spec = EnsembleSpec(
        name="tiny",
        kind=kind,
        members=specs,
        weights=tuple(f"{s.name}.safetensors" for s in specs),
        sha256=tuple(hashlib.sha256(w).hexdigest() for w in weights),
        field=FieldSpec(canvas_px=specs[0].input_px),
        votes_view=ViewParams(),
        vote_views=1,
    )
    for name, data in zip(spec.weights, weights, strict=True):
        (folder / name).write_bytes(data)
    (folder / "ensemble.json").write_text(json.dumps(spec.to_dict()))
    return str(folder / "ensemble.json")


def galaxy_jpeg(seed: int, side: int = 48) -> bytes:
    """A disc with a bar at some angle, and noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    angle = rng.uniform(0, np.pi)
    along = -x * np.sin(angle) - y * np.cos(angle)
    across = x * np.cos(angle) - y * np.sin(angle)
    light = 90 * np.exp(-np.hypot(x, y) / (side / 8)) + rng.normal(15, 2, (side, side))
    light += 100 * ((abs(along) < side / 6) & (abs(across) < side / 24))
    pixels = np.clip(light[..., None] * [1.0, 0.9, 0.7], 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def galaxy_rows(count: int, first_id: int = 0) -> list[dict[str, Any]]:
    """Rows of the manifest with everything known."""
    rng = np.random.default_rng(first_id)
    return [
        {
            "object_id": first_id + i,
            "image": {"bytes": galaxy_jpeg(first_id + i), "path": None},
            "ra": float(rng.uniform(0, 360)),
            "dec": float(rng.uniform(-90, 90)),
            "pixel_scale_arcsec": 0.4,
            "z": 0.05,
            "petro_r90_arcsec": 8.0,
            "north_deg": 30.0 if i % 2 else None,
            "survey": "drawn",
        }
        for i in range(count)
    ]


def write_shard(path: Path, rows: list[dict[str, Any]], schema: pa.Schema | None = None) -> None:
    """Rows as one shard of row groups of five."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = [field.with_nullable(True) for field in schema or SCHEMA]
    table = pa.Table.from_pylist(rows, schema=pa.schema(fields))
    pq.write_table(table, path, row_group_size=5)


def write_survey(folder: Path, shards: int = 3, rows: int = 12) -> str:
    """`shards` shards of `rows` galaxies each; returns the folder."""
    for number in range(shards):
        write_shard(folder / f"shard-{number}.parquet", galaxy_rows(rows, 1000 * number))
    return str(folder)


def survey_and_ensemble(folder: Path, shards: int, rows: int) -> dict[str, str]:
    """Where a survey ("shards") and an ensemble ("ensemble") were written."""
    return {
        "shards": write_survey(folder / "shards", shards, rows),
        "ensemble": tiny_ensemble(folder / "tiny"),
    }


def stored_survey(server: S3Server, folder: Path, shards: int, rows: int) -> str:
    """A survey (shards/) and an ensemble (tiny/) in a store, made in `folder`; returns their URL.
    The server's environment must be set."""
    survey_and_ensemble(folder, shards, rows)
    url = f"s3://{server.bucket}/{folder.name}"
    for name in ("shards", "tiny"):
        put(folder / name, f"{url}/{name}")
    return url


def put(folder: str | Path, url: str) -> None:
    """A folder's files into a store."""
    fs, root = storage.filesystem(url)
    for path in Path(folder).iterdir():
        storage.write_whole(fs, storage.join(root, path.name), path.read_bytes())
