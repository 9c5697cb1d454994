"""Real galaxies through the whole program: a real S3 server in, catalogue on it out, DuckDB.

    python -m tests.benchmarks.real_galaxies [--data FOLDER] [--samples N] [--json FILE]

EFIGI's thumbnails that were kept apart by the hash of their PGC number, and the Galaxy Zoo example
images, are ingested into shards on a SeaweedFS server, measured from there, and queried there.
Prints AUC(bar) and Spearman's rho of length with EFIGI's grade, each with a bootstrap interval, and
what became of the images that volunteers called barred and unbarred.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from catalogues import storage
from catalogues.layouts.published.efigi import efigi_table
from catalogues.queries import database
from catalogues.shards.splits import parts_of
from catalogues.shards.writing import write_shards
from models import statistics
from pipelines.ingest import command as ingest
from pipelines.measure import command as measure
from tests import s3server

EFIGI_QUERY = """
SELECT c.*, t.efigi_bar_length AS grade, t.efigi_inclination AS inclination
FROM catalogue c JOIN truth t USING (object_id)
"""
EXAMPLES_QUERY = """
SELECT survey_id, status, bar_fraction, bar_yes, bar_length_px, bar_length_px_err, stop_reason
FROM catalogue WHERE survey_id LIKE '%-2\\_a-%' ESCAPE '\\' ORDER BY survey_id
"""


def with_interval(statistic: statistics.Statistic, *arrays: Any) -> dict[str, float]:
    """A statistic with its central 95 % bootstrap interval and the number of galaxies."""
    low, high = statistics.bootstrap_interval(statistic, *arrays, level=0.95)
    return {"value": statistic(*arrays), "low": low, "high": high, "n": len(arrays[0])}


def efigi_scores(rows: dict[str, np.ndarray]) -> dict[str, Any]:
    """AUC(grade >= 0.5 against 0) and rho(length / galaxy radius, grade), inclination <= 0.5."""
    face_on = rows["inclination"] <= 0.5
    clear = face_on & ((rows["grade"] == 0) | (rows["grade"] >= 0.5))
    barred = (rows["grade"] >= 0.5)[clear]
    out: dict[str, Any] = {
        f"auc_{name}": with_interval(statistics.auc, np.nan_to_num(rows[name][clear]), barred)
        for name in ("bar_fraction", "bar_yes")
    }
    relative = rows["bar_length_px"] / rows["galaxy_radius_px"]
    for name, least in (("rho_0.25", 0.25), ("rho_0.5", 0.5)):
        kept = face_on & (rows["grade"] >= least) & np.isfinite(relative)
        out[name] = with_interval(statistics.spearman, relative[kept], rows["grade"][kept])
        out[name]["of_barred"] = int((face_on & (rows["grade"] >= least)).sum())
    return out


def columns(relation: Any) -> dict[str, np.ndarray]:
    """A DuckDB answer as arrays, NaN for null numbers."""
    frame = relation.df()
    return {name: frame[name].to_numpy() for name in frame.columns}


def measure_efigi(data: Path, url: str, options: dict[str, Any]) -> dict[str, Any]:
    """Shards of the test part on the store, measured there, scored by a join."""
    table = efigi_table(data / "efigi")
    table = table.filter(parts_of(table["object_id"].to_pylist()) == "test")
    fs, root = storage.filesystem(f"{url}/efigi/shards")
    list(write_shards([table], fs, root))
    measure.run(measure.MeasureOptions(input=f"{url}/efigi/shards", output=f"{url}/efigi/run", **options))  # noqa: E501  # fmt: skip
    with database.opened(f"{url}/efigi/run") as con:
        con.register("truth", table.drop_columns(["image"]))
        return efigi_scores(columns(con.sql(EFIGI_QUERY)))


def measure_examples(data: Path, url: str, options: dict[str, Any]) -> list[dict[str, Any]]:
    """The 390 example images; the answers for those of the bar question."""
    ingest.run(ingest.IngestOptions(source=str(data / "galaxyzoo_examples"), output=f"{url}/gz/shards"))  # noqa: E501  # fmt: skip
    measure.run(measure.MeasureOptions(input=f"{url}/gz/shards", output=f"{url}/gz/run", **options))
    with database.opened(f"{url}/gz/run") as con:
        print(con.sql("SELECT status, count(*) FROM catalogue GROUP BY ALL ORDER BY ALL"))
        return con.sql(EXAMPLES_QUERY).df().to_dict("records")  # type: ignore[no-any-return]


def main() -> None:
    """Run it all, print, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = os.environ.get("ANSAE_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--samples", type=int)
    parser.add_argument("--ensemble", default="compact")
    parser.add_argument("--estimator")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    options = {"ensemble": given.ensemble, "samples": given.samples, "estimator": given.estimator}
    with tempfile.TemporaryDirectory() as folder, s3server.serve(Path(folder)) as server:
        os.environ.update(server.environment)
        url = f"s3://{server.bucket}"
        scores = measure_efigi(given.data, url, options)
        examples = measure_examples(given.data, url, options)
    print(json.dumps(scores, indent=1))
    for row in examples:
        said = "barred  " if "-2_a-0" in row["survey_id"] else "unbarred"
        print(f"{said} {row['survey_id']:<32} bar {row['bar_fraction']:.2f} {row['status']}")
    if given.json:
        given.json.write_text(json.dumps({"efigi": scores, "examples": examples}, indent=1))


if __name__ == "__main__":
    main()
