"""The search for secrets finds them wherever they are hidden."""

from __future__ import annotations

import base64
import io
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.leaks import leaks

SECRET = "hush+hush/this=is%secret"
DAMAGED = Path(__file__).parent / "faults" / "corpus_shards"


def parquet(rows: list[str], metadata: dict[str, str]) -> bytes:
    file = io.BytesIO()
    table = pa.table({"a": rows}).replace_schema_metadata(metadata)
    pq.write_table(table, file, compression="zstd")
    return file.getvalue()


def archive(text: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("inside.txt", text * 9)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        f"a{SECRET}b".encode(),
        SECRET.encode().hex().encode(),
        b"?key=hush%2Bhush%2Fthis%3Dis%25secret",
        *(base64.b64encode(f"{'x' * n}{SECRET} and more".encode()) for n in range(4)),
        parquet(["nothing"], {"note": SECRET}),
        parquet(["nothing", SECRET, "x"], {}),
        archive(f"-{SECRET}-"),
    ],
)
def test_found(content: bytes) -> None:
    assert leaks([SECRET, "other"], [("place", content)])
    assert not leaks(["other"], [("place", content)])


@pytest.mark.parametrize(
    "content",
    [
        *(pytest.param(path.read_bytes(), id=path.name) for path in sorted(DAMAGED.iterdir())),
        pytest.param(parquet(["nothing"], {})[:-9], id="parquet cut short"),
        pytest.param(archive("nothing")[:-9], id="archive cut short"),
    ],
)
def test_a_damaged_file_is_searched_by_its_raw_bytes(content: bytes) -> None:
    assert leaks([SECRET], [("place", content + SECRET.encode())]) == ["place"]
    assert leaks([SECRET], [("place", content)]) == []
