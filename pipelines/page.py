"""Pages: one HTML file each that asks nothing of the network."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup


def render(values: Mapping[str, Any], template: str = "report.html") -> str:
    """Fill a template of the folder templates.

    Strings are escaped; only the style sheet and what passes the filter `figure` are not.

    Raises jinja2.UndefinedError where a value that the template names is missing.
    """
    environment = Environment(
        loader=PackageLoader("pipelines", "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(figure=Markup, percent=percent, count=count, words=words)
    style = Markup((files("pipelines") / "templates" / "report.css").read_text())
    return environment.get_template(template).render(style=style, **values).lstrip()


def percent(share: float) -> str:
    """0.1234 as "12.3 %"; what would round to nothing, or to all, says so."""
    if 0 < share < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= share < 1:
        return "> 99.9 %"
    return f"{100 * share:.1f} %"


def count(number: int) -> str:
    """1234567 as "1,234,567"."""
    return f"{number:,}"


def words(name: str) -> str:
    """not_selected as "not selected"."""
    return name.replace("_", " ")
