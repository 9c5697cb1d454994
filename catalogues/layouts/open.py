"""Open a source as one stream of rows: its layout, with tables joined and votes converted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalogues import storage
from catalogues.layouts.detect import find_base
from catalogues.layouts.formats.pieces import Layout
from catalogues.layouts.formats.tables import table_columns
from catalogues.layouts.joined.join import join
from catalogues.layouts.joined.votes import VoteScheme, WithVotes, find_scheme
from catalogues.layouts.params import LayoutSource, VoteTable
from catalogues.storage import StorageOptions


@dataclass(frozen=True, kw_only=True)
class Opened:
    """An opened source. `passed_over`: files that are not read. `unmatched`: number of rows without
    a match in a joined table, by the table's address."""

    layout: Layout
    passed_over: list[str]
    unmatched: Mapping[str, int]


def open_layout(source: LayoutSource, options: StorageOptions | None = None) -> Opened:
    """Open a source. With joins this reads the source's keys. Raises StorageError, ValueError."""
    base = find_base(source, options)
    tables = [storage.filesystem(url, options) for url in source.joins]
    names = [base.names, *(table_columns(fs, path) for fs, path in tables)]
    scheme, votes = _find_votes(names, source.votes)
    keep: list[list[str]] = [[] for _ in names]
    for name in source.keep:
        keep[_holder(name, names)].append(name)
    if scheme is not None:
        keep[votes] += [name for name in scheme.columns if name not in keep[votes]]
    chosen = [
        {
            ours: theirs
            for ours, theirs in source.chosen.items()
            if theirs in held or i == _holder(theirs, names)
        }
        for i, held in enumerate(names)
    ]
    layout, passed_over = base.open(chosen[0], tuple(keep[0]))
    unmatched = {}
    for i, (fs, path) in enumerate(tables, 1):
        joined = join(layout, fs, path, source.join, chosen[i], tuple(keep[i]), source.hash_ids)
        layout = joined
        unmatched[storage.redact(source.joins[i - 1])] = joined.rows - joined.matched
    if scheme is not None:
        layout = WithVotes(layout=layout, scheme=scheme, keep=source.keep)
    return Opened(layout=layout, passed_over=passed_over, unmatched=unmatched)


def _find_votes(names: Sequence[Sequence[str]], wanted: VoteTable) -> tuple[VoteScheme | None, int]:
    """Find the vote scheme of the first table that has one. Returns it and the table's number.

    Raises ValueError if no table has the wanted scheme.
    """
    refusal: ValueError | None = None
    for i, held in enumerate(names):
        try:
            if scheme := find_scheme(held, wanted):
                return scheme, i
        except ValueError as error:
            refusal = error if refusal is None or not names[0] else refusal
    if refusal is not None:
        raise refusal
    return None, 0


def _holder(name: str, names: Sequence[Sequence[str]]) -> int:
    """Return the number of the first table that has a column.

    If no table has it, return the first table with any columns, whose error message then says so.
    """
    having = [i for i, held in enumerate(names) if name in held]
    return (having or [i for i, held in enumerate(names) if held] or [0])[0]
