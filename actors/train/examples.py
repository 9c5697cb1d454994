"""Make training examples of shards with known answers: canvases with votes or a bar length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from catalogues import storage
from catalogues.images.decode import decode
from catalogues.shards.params import TOLERANCE
from catalogues.shards.reading import Shard, read_shard, shard_fields
from catalogues.shards.splits import SplitFractions, parts_of
from catalogues.shards.votes import VOTES, VoteTally, checked_votes, votes_of
from catalogues.truth.columns import TRUE_ANGLE_DEG, TRUE_AXIS_RATIO, TRUE_LENGTH_PX
from catalogues.truth.training_lengths import BarLengthColumn
from models.preprocess import Canvas, canvas
from models.view_params import FieldSpec

PARTS = ("train", "validation")
FIELDS = ("pixels", "sky", "scale", "votes")
ELLIPSES = "ellipses"
BAR_TRUTH = (TRUE_LENGTH_PX, TRUE_ANGLE_DEG, TRUE_AXIS_RATIO)
"""Columns of galaxies with known bars (catalogues.mocks.table); the bar is centred on the image."""

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class ExamplePlan:
    """How a shard's rows become examples.

    Attributes
    ----------
    split
        Fractions of validation and test galaxies.
    field
        What canvases show.
    target
        Column of bar lengths, to train a control; None to train on votes.
    tolerance
        Tolerance of the checks of votes (catalogues.shards.votes.checked_votes).
    guided
        Whether examples also have known bars (models.training.guidance). A shard without the
        columns BAR_TRUTH has none.
    """

    split: SplitFractions = field(default_factory=SplitFractions)
    field: FieldSpec = field(default_factory=FieldSpec)
    target: BarLengthColumn | None = None
    tolerance: float = TOLERANCE
    guided: bool = False

    @property
    def answers(self) -> tuple[str, ...]:
        """Names of the columns with the answers."""
        return VOTES if self.target is None else (self.target.name,)

    @property
    def width(self) -> int:
        """Number of answers per galaxy."""
        return len(self.answers)


@dataclass(frozen=True, kw_only=True)
class ShardScan:
    """What a shard contains for training.

    `counts` is the number of galaxies with a known answer or bar, by part (test included).
    """

    url: str
    shard: Shard
    counts: dict[str, int]
    tally: VoteTally


def scan_shard(url: str, shard: Shard, plan: ExamplePlan) -> ShardScan:
    """Count and check a shard's answers; no image is read.

    Raises StorageError, and ValueError if the columns are missing.
    """
    _require(url, shard, plan)
    counts, tally = dict.fromkeys((*PARTS, "test"), 0), VoteTally()
    for table, answers, told in _read_answers(url, shard, plan, ("object_id",), 4096):
        tally += told
        which = _parts(table, plan)[_has_answer(table, answers)]
        for part in counts:
            counts[part] += int((which == part).sum())
    return ShardScan(url=url, shard=shard, counts=counts, tally=tally)


def shard_examples(scan: ShardScan, plan: ExamplePlan) -> dict[str, Arrays]:
    """Return canvases and answers of the shard's training and validation galaxies, by part."""
    return {
        part: stacked([a for some in part_examples(scan, plan, part) for a in some], plan)
        for part in PARTS
    }


def part_examples(scan: ShardScan, plan: ExamplePlan, part: str) -> Iterator[list[Arrays]]:
    """Yield the examples of one part in the shard's order, as many as `scan.counts` says.

    A galaxy whose image cannot be read keeps its place, with unknown answers: it teaches nothing.
    """
    if not scan.counts[part]:
        return
    for rows, answers in part_rows(scan, plan, part):
        yield [_example(r, a, plan) for r, a in zip(rows.to_pylist(), answers, strict=True)]


def part_rows(scan: ShardScan, plan: ExamplePlan, part: str) -> Iterator[tuple[pa.Table, NDArray[np.float32]]]:  # noqa: E501  # fmt: skip
    """Yield the rows of one part with a known answer or bar, and their answers, (N, plan.width)."""
    besides = () if plan.target is None else plan.target.besides
    columns = ("object_id", "image", *besides, *(("north_deg",) if plan.guided else ()))
    for table, answers, _ in _read_answers(scan.url, scan.shard, plan, columns, 64):
        mine = (_parts(table, plan) == part) & _has_answer(table, answers)
        yield table.filter(pa.array(mine)), answers[mine]


def _require(url: str, shard: Shard, plan: ExamplePlan) -> None:
    fs, _ = storage.filesystem(url)
    names = shard_fields(fs, shard.path).names
    if absent := [name for name in plan.answers if name not in names]:
        remedy = "write them with `ansae ingest --votes`"
        if plan.target is not None:
            remedy = "choose another column"
        raise ValueError(
            f"shard {shard.path!r} lacks {len(absent)} of {plan.width} columns of answers "
            f"({', '.join(absent[:3])}{', ...' if absent[3:] else ''}): {remedy}. The shard has "
            f"{', '.join(n for n in names if n not in VOTES)}"
        )


def _has_answer(table: pa.Table, answers: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Flag the rows with a known answer, or with a known bar if the table has the lengths."""
    known = np.asarray(np.isfinite(answers).any(axis=1))
    if BAR_TRUTH[0] in table.column_names:
        lengths = table[BAR_TRUTH[0]].cast(pa.float64()).to_numpy()
        known |= np.isfinite(lengths)
    return known


def _parts(table: pa.Table, plan: ExamplePlan) -> NDArray[np.str_]:
    return parts_of(table["object_id"].fill_null(-1).to_pylist(), plan.split)


def _read_answers(
    url: str, shard: Shard, plan: ExamplePlan, columns: Sequence[str], rows: int
) -> Iterator[tuple[pa.Table, NDArray[np.float32], VoteTally]]:
    fs, _ = storage.filesystem(url)
    extra = plan.answers
    if plan.guided and set(BAR_TRUTH) <= set(shard_fields(fs, shard.path).names):
        extra = (*extra, *BAR_TRUTH)
    for table in read_shard(fs, shard.path, columns=columns, extra=extra, batch_rows=rows):
        if plan.target is None:
            yield table, *checked_votes(votes_of(table), plan.tolerance)
            continue
        raw = np.asarray(table[plan.target.name].to_numpy(), dtype=np.float32)
        known = np.isfinite(raw) & (raw > 0)
        tally = VoteTally(rows=len(raw), unknown=int((~known).sum()))
        yield table, np.where(known, raw, np.nan)[:, None].astype(np.float32), tally


def _example(row: dict[str, Any], answers: NDArray[np.float32], plan: ExamplePlan) -> Arrays:
    decoded = decode((row["image"] or {}).get("bytes"))
    if decoded.pixels is None:
        side = plan.field.canvas_px
        blank = np.zeros((side, side, 3), np.uint8)
        unknown = _arrays(blank, (0.0, 0.0, 0.0), 1.0, np.full_like(answers, np.nan))
        return unknown | ({ELLIPSES: np.full(5, np.nan, np.float32)} if plan.guided else {})
    seen = canvas(decoded.pixels, plan.field)
    if plan.target is not None:
        length = plan.target.length_px(row, decoded.pixel_scale_arcsec, decoded.pixels.shape[1])
        answers = np.array([length / seen.radius_px], np.float32)
    arrays = _arrays(seen.pixels, seen.sky, seen.scale, answers)
    return arrays | ({ELLIPSES: bar_ellipse(row, decoded.pixels, seen)} if plan.guided else {})


def bar_ellipse(
    row: dict[str, Any], pixels: NDArray[np.uint8], seen: Canvas
) -> NDArray[np.float32]:
    """Return the row's known bar on its canvas, (5,), as in models.training.guidance.KnownBars.

    All five are NaN if the bar is not known.
    """
    length, angle, ratio = (np.nan if row.get(n) is None else float(row[n]) for n in BAR_TRUTH)
    high, wide = pixels.shape[:2]
    x = (0.5 * wide - seen.x0) / seen.factor_x - 0.5
    y = (0.5 * high - seen.y0) / seen.factor_y - 0.5
    major = 0.5 * length / seen.factor_x
    found = np.array([x, y, major, major * ratio, angle + float(row.get("north_deg") or 0.0)])
    return np.where(np.isfinite(found).all(), found, np.nan).astype(np.float32)


def _arrays(
    pixels: NDArray[np.uint8], sky: tuple[float, ...], scale: float, answers: NDArray[np.float32]
) -> Arrays:
    return {
        "pixels": pixels,
        "sky": np.array(sky, dtype=np.float32),
        "scale": np.array(scale, dtype=np.float32),
        "votes": answers,
    }


def shapes(count: int, plan: ExamplePlan) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the arrays of `count` examples."""
    side = plan.field.canvas_px
    found: dict[str, tuple[int, ...]] = {
        "pixels": (count, side, side, 3),
        "sky": (count, 3),
        "scale": (count,),
        "votes": (count, plan.width),
    }
    return {**found, ELLIPSES: (count, 5)} if plan.guided else found


def stacked(rows: list[Arrays], plan: ExamplePlan) -> Arrays:
    """Stack examples into one array of each kind."""
    if rows:
        return {name: np.stack([row[name] for row in rows]) for name in shapes(0, plan)}
    return {name: np.zeros(shape, kind_of(name)) for name, shape in shapes(0, plan).items()}


def kind_of(name: str) -> type[np.generic]:
    """Return the dtype of the array `name`."""
    return np.uint8 if name == "pixels" else np.float32


def length_samples(scan: ShardScan, plan: ExamplePlan, count: int) -> NDArray[np.float64]:
    """Return length / galaxy radius and length / image diagonal of up to `count` galaxies, (N, 2).

    Raises ValueError if the plan trains on votes.
    """
    target = plan.target
    if target is None:
        raise ValueError("a plan for votes has no lengths: give a plan with a target column")
    found: list[tuple[float, float]] = []
    for rows, _ in part_rows(scan, plan, "train"):
        for row in rows.slice(0, count - len(found)).to_pylist():
            decoded = decode((row["image"] or {}).get("bytes"))
            if decoded.pixels is None:
                continue
            high, wide = decoded.pixels.shape[:2]
            length = target.length_px(row, decoded.pixel_scale_arcsec, wide)
            radius = canvas(decoded.pixels, plan.field).radius_px
            found.append((length / radius, length / float(np.hypot(high, wide))))
        if len(found) >= count:
            break
    return np.array(found, dtype=np.float64).reshape(-1, 2)
