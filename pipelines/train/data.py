"""Data of a training: check answers or classes before anything starts, and store the canvases."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from catalogues import storage
from catalogues.shards.reading import list_shards
from catalogues.shards.votes import VoteTally
from catalogues.truth.training_lengths import BarLengthColumn, check_on_images
from models.networks.spec import ClassSpec
from pipelines.train.options import TrainOptions

_OTHERS_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class ClassTally:
    """Numbers of rows.

    Attributes
    ----------
    rows
        All rows.
    others
        Rows of other classes, by class, the most frequent first.
    unknown
        Rows without a class.
    """

    rows: int
    others: dict[str, int] = field(default_factory=dict)
    unknown: int = 0

    def words(self) -> list[str]:
        """Return lines about rows that are left out; empty if all rows are used."""
        lines = []
        if self.others:
            shown = [f"{name!r} {count}" for name, count in self.others.items()]
            more = ", ..." if shown[_OTHERS_SHOWN:] else ""
            lines.append(
                f"{sum(self.others.values())} sources of other classes are left out "
                f"({', '.join(shown[:_OTHERS_SHOWN])}{more})"
            )
        if self.unknown:
            lines.append(f"{self.unknown} sources without a class are left out")
        return lines


def look_through_classes(
    options: TrainOptions, spec: ClassSpec, cpus: int, console: Console
) -> tuple[Any, Sequence[Any], dict[str, int], ClassTally]:
    """Read the classes of all rows and check them. No image is read.

    Returns (ClassPlan, scans, sources by class, tally).

    Raises StorageError; ValueError if a column is missing, if no row has one of the classes, or if
    there are too few sources to train or to test.
    """
    from actors.train.class_examples import ClassPlan, scan_item
    from actors.train.gathering import bounded

    plan = ClassPlan(spec=spec, field=options.field_and_view[0])
    shards = [(url, shard) for url in options.data for shard in list_shards(url)]
    work = bounded(scan_item, list(enumerate(shards)), cpus + 2, plan)
    found = {
        place: scan
        for (place, _), scan in track(work, "checking shards", len(shards), console=console)
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
    _enough_sources(by_class, counts.sum(axis=0).tolist(), options, tally)
    return plan, scans, by_class, tally


def _enough_sources(
    by_class: dict[str, int], by_fold: list[int], options: TrainOptions, tally: ClassTally
) -> None:
    if absent := [name for name, count in by_class.items() if not count]:
        there = ", ".join([*(n for n, c in by_class.items() if c), *tally.others][:20]) or "none"
        raise ValueError(
            f"no row has {absent[0]!r} in the column {options.target_column!r}: it holds {there}; "
            "give --classes from these"
        )
    least, batch = min(by_fold), options.params.batch_size
    if not least or sum(by_fold) - max(by_fold) < batch:
        raise ValueError(
            f"{sum(by_fold)} sources fall into {options.folds} folds as {by_fold}: each fold needs "
            f"at least one source, and the other folds together a batch of {batch}; give more "
            "sources, fewer --folds or a smaller --batch-size"
        )


COMPLETE = "complete.json"
VALIDATION_MIN = 2
_LENGTH_SAMPLES = 100


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """Shards with answers.

    Attributes
    ----------
    plan
        How examples are made from rows (ExamplePlan or ClassPlan).
    scans
        What was found in each shard.
    counts
        Number of galaxies with a known answer by part; for a classifier, sources by class.
    tally
        Numbers of rows that are left out.
    digest
        Digest of the shards' names, rows and bytes.
    """

    plan: Any
    scans: Sequence[Any]
    counts: Mapping[str, int]
    tally: VoteTally | ClassTally
    digest: str


def look_through(options: TrainOptions, cpus: int, console: Console) -> TrainingData:
    """Read the answers of all shards and check them. No image is read.

    Raises StorageError; ValueError if columns are missing, if votes or lengths cannot be right, or
    if there are too few galaxies.
    """
    from actors.train.examples import ExamplePlan
    from actors.train.gathering import bounded, scan_item

    if options.class_spec is not None:
        plan, scans, counts, rows = look_through_classes(options, options.class_spec, cpus, console)
        return TrainingData(
            plan=plan, scans=scans, counts=counts, tally=rows, digest=_digest(scans)
        )
    plan = ExamplePlan(
        split=options.split, field=options.field_and_view[0], target=options.column,
        tolerance=options.votes_tolerance, guided=options.params.guide is not None,
    )  # fmt: skip
    shards = [(url, shard) for url in options.data for shard in list_shards(url)]
    found: dict[int, Any] = {}
    work = bounded(scan_item, list(enumerate(shards)), cpus + 2, plan)
    for (place, _), scan in track(work, "checking shards", len(shards), console=console):
        found[place] = scan
    scans = [found[place] for place in range(len(shards))]
    tally = sum((scan.tally for scan in scans), VoteTally())
    counts = {part: sum(scan.counts[part] for scan in scans) for part in scans[0].counts}
    for words in tally.words():
        console.print(words)
    console.print("galaxies: " + ", ".join(f"{n} {part}" for part, n in counts.items()))
    if plan.target is None:
        tally.check()
    _enough(counts, options)
    data = TrainingData(
        plan=plan, scans=scans, counts=counts, tally=tally, digest=_digest(scans)
    )  # fmt: skip
    if plan.target is not None:
        _lengths(data, plan.target, cpus)
    return data


def _enough(counts: Mapping[str, int], options: TrainOptions) -> None:
    """Raise ValueError if a part is too small to train on, or to choose the best epoch by."""
    batch = options.params.batch_size * (2 if options.search else 1)  # largest of the search
    for part, least in (("train", batch), ("validation", VALIDATION_MIN)):
        if counts[part] < least:
            raise ValueError(
                f"{counts[part]} galaxies with known answers fall into the {part} part, at least "
                f"{least} are needed: give more data, or other fractions "
                f"(--split.validation {options.split.validation}, --split.test "
                f"{options.split.test}){' or a smaller --batch-size' if part == 'train' else ''}"
            )


def _digest(scans: Sequence[Any]) -> str:
    listing = [(s.shard.name, s.shard.rows, s.shard.size_bytes) for s in scans]
    return hashlib.sha256(json.dumps(listing).encode()).hexdigest()


def _lengths(data: TrainingData, target: BarLengthColumn, cpus: int) -> None:
    """Raise ValueError if lengths of a few galaxies contradict the unit in the column's name."""
    from actors.train.examples import length_samples
    from actors.train.gathering import bounded

    full = [scan for scan in data.scans if scan.counts["train"]]
    some = full[:: -(-len(full) // 3)]
    samples = bounded(length_samples, some, cpus + 2, data.plan, _LENGTH_SAMPLES)
    found = np.concatenate([array for _, array in samples])
    check_on_images(target, found[:, 0], found[:, 1])


def gather(data: TrainingData, folder: Path, cpus: int, console: Console) -> None:
    """Write the canvases and answers of all shards to `folder`.

    Nothing is done if the folder already has them, made of the same data by the same plan.
    """
    from actors.train.class_examples import ClassPlan, gather_class_examples
    from actors.train.gathering import gather_examples

    fs, root = storage.filesystem(str(folder))
    marker = storage.join(root, COMPLETE)
    made_of = {"data": data.digest, "plan": json.loads(json.dumps(asdict(data.plan)))}
    if storage.exists(fs, marker) and json.loads(storage.read_whole(fs, marker)) == made_of:
        console.print("examples: already made")
        return
    write = gather_class_examples if isinstance(data.plan, ClassPlan) else gather_examples
    work = write(folder, data.scans, data.plan, cpus + 2)
    for _ in track(work, "decoding", len(data.scans), console=console):
        pass
    storage.write_whole(fs, marker, json.dumps(made_of).encode())
