"""Elements of a page: a plot and a gallery."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.pages.cards import Card


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A figure of a page. `alt` says in words what the drawing shows."""

    svg: str
    alt: str
    caption: str


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """A group of galaxies. `why` says how they were chosen."""

    name: str
    title: str
    why: str
    cards: tuple[Card, ...]
