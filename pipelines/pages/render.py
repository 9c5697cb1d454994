"""Fill an HTML template; the page is one file that works offline."""

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
    """Fill a template of the folder templates and return the HTML.

    `styles` and `scripts` are further files of that folder, beside the files that every page has.
    The scripts are joined to one module, in the given order. Strings are escaped, except these
    files and values that pass the filter `figure`. The page's Content-Security-Policy allows only
    its own scripts, identified by their digests.

    Raises jinja2.UndefinedError if a value that the template names is missing.
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
    """Return the text of files of the folder templates, one after the other."""
    folder = files("pipelines.pages") / "templates"
    return Markup("\n".join((folder / name).read_text(encoding="utf-8") for name in names))


def _digest(script: str) -> str:
    """Return a script's digest as a Content-Security-Policy writes it."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def percent(share: float) -> str:
    """Format 0.1234 as "12.3 %"; "< 0.1 %" and "> 99.9 %" where rounding would give 0 or 100."""
    if 0 < share < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= share < 1:
        return "> 99.9 %"
    return f"{100 * share:.1f} %"


def count(number: int) -> str:
    """Format 1234567 as "1,234,567"."""
    return f"{number:,}"


def words(name: str) -> str:
    """Format not_selected as "not selected"."""
    return name.replace("_", " ")
