"""What the pages say exists: commands, options, targets, files, links; and figures have dates."""

from __future__ import annotations

import importlib
import io
import re
import shlex
from contextlib import redirect_stdout
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image

from catalogues import bars, galaxyzoo
from catalogues.statuses import Status
from pipelines import console
from pipelines.__main__ import COMMANDS
from tests.docs.pages import (
    DOCS,
    PAGES,
    README,
    REPOSITORY,
    anchors,
    blocks,
    commands,
    links,
    prose,
    section,
    spans,
    tables,
    text,
)

README_BYTES_MAX, PICTURE_BYTES_MAX, MEASURED_ROWS_MAX = 10_000, 600_000, 12
PROGRAMS = {"ansae", *COMMANDS}
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


class Parsed(Exception):
    """Raised in place of running a command whose words are good."""


@pytest.fixture
def only_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands stop when their options are parsed."""
    parse = console.parse

    def parse_and_stop(*given: object) -> None:
        parse(*given)  # type: ignore[arg-type]
        raise Parsed

    monkeypatch.setattr(console, "parse", parse_and_stop)


@cache
def help_of(command: str) -> str:
    """What `ansae COMMAND --help` prints."""
    told = io.StringIO()
    grids = ([], ["--grid", "paper"], ["--grid", "maps"]) if command == "calibrate" else ([],)
    for words in grids:
        with redirect_stdout(told), pytest.raises(SystemExit):
            importlib.import_module(f"pipelines.{command}.__main__").main([*words, "--help"])
    return told.getvalue() + " ".join(word for words in grids for word in words)


def options(span: str) -> list[str]:
    """Names of options in a piece of code."""
    return re.findall(r"(?<!\S)(--[a-z][a-z0-9.-]*)", span)


def test_the_readme_is_short() -> None:
    assert README.stat().st_size <= README_BYTES_MAX


@EVERY_PAGE
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@EVERY_PAGE
def test_commands_of_the_pages_can_be_typed(page: Path, only_parsed: None) -> None:
    for line in commands(page):
        name, *words = shlex.split(line, comments=True)
        words = [re.sub(r"=hf_hub:.*", "=resnet18", word) for word in words]  # no hub is asked
        assert name in COMMANDS, line
        with pytest.raises(Parsed):
            importlib.import_module(f"pipelines.{name}.__main__").main(words)


def test_the_main_commands_are_shown() -> None:
    shown = {line.split()[0] for page in PAGES for line in commands(page)}
    assert shown >= set(COMMANDS) - {"demo"}
    assert {"ingest", "measure", "report", "explain"} <= {
        line.split()[0] for line in commands(DOCS / "tour.md")
    }


@EVERY_PAGE
def test_options_within_sentences_exist(page: Path) -> None:
    for span in spans(page):
        words = [word for word in span.split() if word != "ansae"]
        if span.split()[0] in PROGRAMS and words and words[0] in COMMANDS:
            known = help_of(words[0])
        elif span.startswith("--"):
            known = "".join(map(help_of, COMMANDS))
        else:
            continue
        for name in options(span):
            assert re.search(rf"{re.escape(name)}(?![\w-])", known), f"{name} in `{span}`"


@EVERY_PAGE
def test_targets_and_modules_exist(page: Path) -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    code = [*spans(page), *(line for block in blocks(page) for line in block.splitlines())]
    for span in code:
        if found := re.match(r"(?:\$ )?make ([a-z-]+)", span):
            assert re.search(rf"^{found[1]}:", makefile, re.MULTILINE), span
        for module in re.findall(r"python -m (tests[\w.]+)", span):
            assert find_spec(module), span


def test_every_measured_row_has_a_date_a_machine_and_a_command() -> None:
    rows = [row for table in tables(DOCS / "measured.md") for row in table]
    assert len(rows) > 100
    for row in rows:
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", row["date"]), row
        assert row["machine"], row
        assert row["command"], row


def test_the_readmes_figures_are_measured_ones() -> None:
    (rows,) = tables(README)
    assert 0 < len(rows) <= MEASURED_ROWS_MAX
    for row in rows:
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", row["date"]), row
        (link,) = re.findall(r"\]\(docs/measured\.md#([\w-]+)\)", row["what"])
        there = section(DOCS / "measured.md", link)
        assert row["value"].strip("*") in there, row
        assert row["interval"].removesuffix(" (95 %)") in there, row
        assert row["n"] in there, row
        assert row["date"] in there, row


def test_the_comparison_says_when_and_where() -> None:
    assert re.search(r"Date: 20\d\d-\d\d-\d\d\. Machine: ", text(DOCS / "comparison.md"))


def test_the_readmes_tree_is_that_of_the_repository() -> None:
    (tree,) = [block for block in blocks(README) if block.startswith("catalogues/")]
    room, named = "", set()
    for line in tree.splitlines():
        if line[0] != " ":
            room = line.split()[0]
        for word in re.findall(r"(?<!\S)([\w*]+/|[\w.*]+\.(?:py|yaml)|Makefile)(?=\s|$)", line):
            inside = word if word in (room, "Makefile") else f"{room}{word}"
            named.add(inside)
            assert [*REPOSITORY.glob(inside.rstrip("/"))], inside
    rooms = ("catalogues", "models", "actors", "pipelines")
    packages = {f"{p.parent.relative_to(REPOSITORY)}/" for r in rooms for p in REPOSITORY.glob(f"{r}/*/__init__.py")}  # noqa: E501  # fmt: skip
    assert packages <= named
    assert {f"{room}/" for room in (*rooms, "tests", "docs")} <= named


def test_every_column_and_status_is_explained() -> None:
    said = {word for span in spans(DOCS / "catalogue.md") for word in re.split(r"[, ]+", span)}
    votes = {f"{name}{end}" for name in galaxyzoo.COLUMNS for end in ("", "_std")}
    extra = {field.name for fields in bars.OPTIONAL.values() for field in fields}
    assert {*bars.SCHEMA.names, *extra} - votes <= said
    assert {status.value for status in Status} <= said


def test_the_picture_is_in_true_colour_and_credited() -> None:
    picture = REPOSITORY / "README.png"
    assert picture.stat().st_size < PICTURE_BYTES_MAX
    with Image.open(picture) as image:
        assert image.mode == "RGB"
    assert "via Galaxy Zoo examples (Zooniverse), Apache-2.0" in text(README)


def test_nothing_local_is_told() -> None:
    for page in PAGES:
        assert not re.search(r"/(home|tmp|root|work|Users)/", page.read_text()), page


def test_prose_is_not_empty() -> None:
    assert all(len(prose(page)) > 300 for page in PAGES)
