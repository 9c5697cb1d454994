"""The pages of the repository, taken apart: code, commands, tables, headings, links."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
README = REPOSITORY / "README.md"
DOCS = REPOSITORY / "docs"
PAGES = sorted([README, REPOSITORY / "CONTRIBUTING.md", *DOCS.glob("*.md"), *DOCS.glob("*.ipynb")])

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^(?:\$ )?(?:ansae |ray job submit .*-- python -m pipelines\.)(\w.*)$", re.M)
_LINK = re.compile(r"!?\[(?:[^\]]|\n)*?\]\(([^)\s]+)\)")


def text(page: Path) -> str:
    """What a page says; of a notebook its prose."""
    if page.suffix != ".ipynb":
        return page.read_text()
    cells = json.loads(page.read_text())["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def blocks(page: Path, language: str = "") -> list[str]:
    """Code of a language; without one, what is typed into a terminal."""
    return [code for marked, code in _BLOCK.findall(text(page)) if marked == language]


def prose(page: Path) -> str:
    """The page without its code blocks."""
    return _BLOCK.sub("", text(page))


def commands(page: Path) -> list[str]:
    """What stands after `ansae` in the page's terminals; variables that a block sets are filled."""
    found = []
    for block in blocks(page):
        joined = block.replace("\\\n", " ")
        for name, value in re.findall(r'^(\w+)="(.*)"', joined, re.MULTILINE):
            joined = re.sub(rf"\${name}\b", value, joined)
        found += _COMMAND.findall(joined)
    return found


def spans(page: Path) -> list[str]:
    """Code within the prose."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose(page))]


def links(page: Path) -> list[str]:
    """Where the page's links lead."""
    return _LINK.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """Names by which GitHub knows a page's headings."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]
    return set(plain)


def section(page: Path, anchor: str) -> str:
    """The part of a page below the heading of that name, up to the next of its level."""
    parts = re.split(r"^(#+) (.+)$", prose(page), flags=re.MULTILINE)
    found, level = "", 0
    for marks, title, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        name = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        if level and len(marks) <= level:
            break
        if name == anchor:
            level = len(marks)
        if level:
            found += body
    return found


def tables(page: Path) -> Iterator[list[dict[str, str]]]:
    """Rows of every table, by the names of its columns."""
    for lines in re.findall(r"(?:^\|.*\|\n)+", prose(page), re.MULTILINE):
        cells = [[c.strip() for c in line.strip("|\n").split("|")] for line in lines.splitlines()]
        head, _, *rows = cells
        yield [dict(zip(head, row, strict=True)) for row in rows]
