"""Elements of a page: plots and galleries."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.pages.cards import Card


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A figure of the page. `alt` says in words what the drawing shows."""

    svg: str
    alt: str
    caption: str


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """Galaxies chosen in one way."""

    name: str
    title: str
    why: str
    cards: tuple[Card, ...]
