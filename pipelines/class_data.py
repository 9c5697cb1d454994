"""The data of a classifier: its column of classes looked through before anything starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import track

from catalogues.shards import list_shards
from models.classes import ClassSpec
from pipelines.training_options import TrainOptions

_OTHERS_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class ClassTally:
    """Rows counted. others: of other classes, by class, the most frequent first; unknown: that
    name none."""

    rows: int
    others: dict[str, int] = field(default_factory=dict)
    unknown: int = 0

    def words(self) -> list[str]:
        """What to tell of it, nothing where all is well."""
        told = []
        if self.others:
            shown = [f"{name!r} {count}" for name, count in self.others.items()]
            more = ", ..." if shown[_OTHERS_SHOWN:] else ""
            told.append(
                f"{sum(self.others.values())} sources of other classes are left out "
                f"({', '.join(shown[:_OTHERS_SHOWN])}{more})"
            )
        if self.unknown:
            told.append(f"{self.unknown} sources without a class are left out")
        return told


def look_through_classes(
    options: TrainOptions, spec: ClassSpec, cpus: int, console: Console
) -> tuple[Any, Sequence[Any], dict[str, int], ClassTally]:
    """(ClassPlan, scans, sources by class, tally); no image is read.

    Raises ValueError, StorageError: a column that is not there, a class that no row names, too few
    sources to train on or to judge by.
    """
    from actors.class_examples import ClassPlan, scan_item
    from actors.gathering import bounded

    plan = ClassPlan(spec=spec, field=options.field_and_view[0])
    shards = [(url, shard) for url in options.data for shard in list_shards(url)]
    work = bounded(scan_item, list(enumerate(shards)), cpus + 2, plan)
    found = {
        place: scan
        for (place, _), scan in track(work, "looking through", len(shards), console=console)
    }
    scans = [found[place] for place in range(len(shards))]
    counts = sum(scan.counts for scan in scans)
    others = sum((scan.others for scan in scans), type(scans[0].others)())
    tally = ClassTally(
        rows=sum(scan.shard.rows for scan in scans),
        others=dict(others.most_common()),
        unknown=sum(scan.unknown for scan in scans),
    )
    by_class = dict(zip(spec.names, counts.sum(axis=1).tolist(), strict=True))
    for words in tally.words():
        console.print(words)
    console.print("sources: " + ", ".join(f"{n} {name}" for name, n in by_class.items()))
    _enough(by_class, counts.sum(axis=0).tolist(), options, tally)
    return plan, scans, by_class, tally


def _enough(
    by_class: dict[str, int], by_fold: list[int], options: TrainOptions, tally: ClassTally
) -> None:
    if absent := [name for name, count in by_class.items() if not count]:
        there = ", ".join([*(n for n, c in by_class.items() if c), *tally.others][:20]) or "none"
        raise ValueError(
            f"no row has {absent[0]!r} in the column {options.target_column!r}: it holds {there}; "
            "name classes that are there"
        )
    least, batch = min(by_fold), options.params.batch_size
    if not least or sum(by_fold) - max(by_fold) < batch:
        raise ValueError(
            f"{sum(by_fold)} sources fall into {options.folds} folds as {by_fold}: each needs one "
            f"at least, and its rest a batch of {batch}; give more sources, fewer --folds or a "
            "smaller --batch-size"
        )
