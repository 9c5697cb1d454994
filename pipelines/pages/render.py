"""Pages: one HTML file each that asks nothing of the network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

_STYLE, _THEME = "report.css", "theme.js"


def render(
    values: Mapping[str, Any],
    template: str = "report.html",
    styles: Sequence[str] = (),
    scripts: Sequence[str] = (),
) -> str:
    """Fill a template of the folder templates.

    styles, scripts: more files of that folder than every page has; the scripts are one module,
    in that order. Strings are escaped; only those files and what passes the filter `figure` are
    not. The browser is told to run the page's own scripts, known by their digests, and no others.

    Raises jinja2.UndefinedError where a value that the template names is missing.
    """
    environment = Environment(
        loader=PackageLoader("pipelines.pages", "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(figure=Markup, percent=percent, count=count, words=words)
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    theme, script = _joined([_THEME]), _joined(scripts)
    page = environment.get_template(template).render(
        style=_joined([_STYLE, *styles]),
        theme=theme,
        script=script,
        allowed_scripts=Markup(" ".join(_digest(s) for s in (theme, script) if s)),
        **values,
    )
    return page.lstrip()


def _joined(names: Iterable[str]) -> Markup:
    """Files of the folder templates, one after the other."""
    folder = files("pipelines.pages") / "templates"
    return Markup("\n".join((folder / name).read_text(encoding="utf-8") for name in names))


def _digest(script: str) -> str:
    """How a Content-Security-Policy names a script."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


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
