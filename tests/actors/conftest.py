"""Fixtures of the stages' tests: a tiny ensemble and canvases that have been decoded."""

from __future__ import annotations

import pyarrow as pa
import pytest

from actors.measure.decoder import Decoder
from actors.measure.shard_source import read_rows
from catalogues.images.limits import ImageLimits
from catalogues.shards.reading import list_shards
from catalogues.storage import StorageOptions
from models.view_params import FieldSpec
from tests.survey import CANVAS_PX, galaxy_rows, tiny_ensemble, write_shard


@pytest.fixture(scope="session")
def ensemble(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_ensemble(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def canvases(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """Six galaxies as the Decoder leaves them; the third is no image, the last has no id."""
    folder = tmp_path_factory.mktemp("canvases")
    rows = galaxy_rows(6)
    rows[2]["image"]["bytes"] = b"<html>gone</html>"
    rows[5]["object_id"] = None
    write_shard(folder / "a.parquet", rows)
    shard = list_shards(str(folder))[0]
    tables = read_rows(shard, None, str(folder), StorageOptions())
    decoder = Decoder(field=FieldSpec(canvas_px=CANVAS_PX), limits=ImageLimits(), scale="given")
    return decoder(pa.concat_tables(tables))
