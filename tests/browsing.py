"""A real Chromium, for the tests of pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def chromium() -> str | None:
    """Where a Chromium is installed."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


@contextmanager
def browser() -> Iterator[Any]:
    """A browser of playwright's; the test is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: dev extra")
    if (path := chromium()) is None:
        pytest.skip("no Chromium on this machine: install one to test pages in a real browser")
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=path, args=list(_FLAGS))
        yield running
        running.close()


@contextmanager
def visited(running: Any, path: Path, **context: Any) -> Iterator[Any]:
    """A page opened from a file, which must ask for nothing and complain of nothing all the while.

    context: of playwright's new_context.
    """
    own, faults = running.new_context(reduced_motion="reduce", **context), []
    page, asked = own.new_page(), []
    page.on("console", lambda message: faults.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (faults.append("alert"), dialog.dismiss()))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    yield page
    own.close()
    faults += [url for url in asked if url != path.as_uri() and not url.startswith("data:image/")]
    assert not faults, faults


def inaccessible(page: Any) -> list[str]:
    """What axe-core finds against WCAG 2.2 A and AA and good practice: rule, place, reason."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page).response["violations"]
    return [
        f"{rule['id']}: {node['target']}: {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]


def check_page(path: Path) -> None:
    """A page is quiet, accessible in both themes, and fits a phone."""
    with browser() as running:
        for scheme in ("light", "dark"):
            with visited(running, path, color_scheme=scheme) as page:
                assert inaccessible(page) == []
        with visited(running, path, viewport={"width": 360, "height": 780}) as page:
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
