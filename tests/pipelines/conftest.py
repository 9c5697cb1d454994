"""Fixtures of the commands' tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.report import command as report
from pipelines.report.options import ReportOptions
from tests.pipelines.ingest.ingesting import FIRST_ID, jpeg
from tests.pipelines.synthetic_run import SyntheticRun

HOSTILE = "</script><script>alert('x')</script><img src=x onerror=alert(1)>\u2028 & <!--"
"""What a survey may be called by somebody who means harm."""


@pytest.fixture(scope="session")
def hostile_report(
    synthetic_run: SyntheticRun, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """A report with HOSTILE as its title, and as every galaxy's survey and stop reason; and it."""
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copytree(synthetic_run.folder, folder, dirs_exist_ok=True)
    for path in (folder / "catalogue").iterdir():
        table = pq.read_table(path)
        for name in ("survey", "stop_reason"):
            index = table.schema.get_field_index(name)
            table = table.set_column(index, table.schema.field(name), [[HOSTILE] * len(table)])
        pq.write_table(table, path)
    return Path(report.run(ReportOptions(output=str(folder), title=HOSTILE))), HOSTILE


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Six images under integer names, a seventh under another, and a note."""
    place = tmp_path / "images"
    (place / "deep").mkdir(parents=True)
    for number in range(6):
        (place / f"{FIRST_ID + number}.jpg").write_bytes(jpeg(number))
    (place / "deep" / "odd name.JPEG").write_bytes(jpeg(6))
    (place / "README.txt").write_text("about these images")
    return place
