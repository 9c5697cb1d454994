"""Page of a validation: the values that fill templates/validation.html."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import numpy as np

from catalogues import storage
from catalogues.runs import provenance
from models.validation.numbers import Number
from pipelines.pages import run_facts
from pipelines.pages.elements import Plot
from pipelines.pages.render import count, percent
from pipelines.validate import figures as validation_figures
from pipelines.validate import plots as validation_plots
from pipelines.validate.contents import ValidationContents
from pipelines.validate.labels import NumberLine, line
from pipelines.validate.numbers import NumberGroup
from pipelines.validate.options import ValidateOptions
from pipelines.validate.sample import ValidationSample

TITLES = {
    "hoyle": "Hoyle et al. 2011",
    "efigi": "EFIGI (Baillard et al. 2011)",
    "mock": "mock galaxies",
    "table": "a table",
}
_HEADLINE = (
    ("paper", "rho", "ρ, as in the paper"),
    ("honest", "scaled_rho", "ρ of scaled lengths"),
    ("honest", "median_relative_error", "median |error| / length"),
    ("honest", "coverage_1_sigma", "within 1 σ"),
    ("detection", "auc_bar_fraction", "AUC of bar_fraction"),
    ("grades", "auc_bar_fraction", "AUC of bar_fraction"),
    ("grades", "spearman_clear", "Spearman’s ρ with the grade"),
    ("table", "null_constant_rho", "ρ of constant × petroR90"),
    ("table", "null_constant_rmse", "its RMSE, paper’s units"),
    ("table", "null_shuffled_rho", "ρ of shuffled lengths"),
)
_LEGEND = (
    "Left: the galaxy as the networks saw it. Middle: the mean saliency map of the members, from "
    "dark to bright. Right: the measured bar (solid line) and, if its angle is known, the true bar "
    "beside it (dashed line)."
)
_ABSENT = (
    "A run keeps only the maps of the bar question. Use --explained to make maps of bulge and "
    "spiral arms, as in figures 1 and A1 of paper 1."
)


def values(c: ValidationContents) -> dict[str, Any]:
    """Return the values of all names in the template."""
    lengths = c.lengths
    if c.of is not None:
        lengths = validation_figures.length_plots(c.of) + validation_figures.decile_plot(c.groups)
    trends, curves = validation_figures.trend_plots(c.bins), _curves(c)
    sections = [
        ("lengths", "Measured and true", lengths),
        ("trends", "What the error depends on", trends),
        ("pictures", "Pictures", c.galleries),
        ("questions", "Bar, bulge, spiral arms", c.explained),
        ("learning", "Learning curves", curves),
    ]
    written = datetime.now(UTC).strftime("%-d %B %Y, %H:%M UTC")
    return {
        "title": f"Validation against {TITLES[c.truth.kind]}",
        "lead": _lead(c),
        "contents": [("compared", "What was compared"), ("numbers", "Numbers")]
        + [(anchor, name) for anchor, name, what in sections if what]
        + [("run", "The run")],
        "headline": _headline(c.groups),
        "compared": compared(c),
        "intervals": _intervals(c.options),
        "beside": beside(c.groups),
        "groups": [
            {"name": g.name, "title": g.title, "note": g.note,
             "lines": [line(n) for n in table_numbers(g)]}
            for g in c.groups
        ],
        "lengths": lengths,
        "density": _density(c),
        "trends": trends,
        "galleries": c.galleries,
        "legend": _LEGEND,
        "explained": c.explained,
        "curves": curves,
        "facts": _facts(c),
        "absent": _ABSENT if c.of and not c.explained else "",
        "footer": f"Written by ansae on {written}. This file works offline.",
    }  # fmt: skip


_BESIDE = (
    ("Pearson’s ρ", ("paper", "rho"), "rho"),
    ("RMSE", ("paper", "rmse"), "rmse"),
    ("median |error| / length", ("honest", "median_relative_error"), "median_relative_error"),
    ("ρ of scaled lengths", ("honest", "scaled_rho"), None),
    ("partial ρ, given the size", ("honest", "partial_rho"), None),
)


def beside(groups: list[NumberGroup]) -> list[tuple[str, list[NumberLine | None]]]:
    """Return (label, [measured, constant x size, shuffled]) of the main numbers.

    Cells are None for numbers that only a measurement has. The list is empty without the null
    predictors.
    """
    by_name = {(g.name, n.name): n for g in groups for n in g.numbers}
    if ("null", "null_shuffled_rho") not in by_name:
        return []
    found = []
    for label, measured, null in _BESIDE:
        names = [measured, *(("null", f"null_{p}_{null}") for p in ("constant", "shuffled"))]
        cells = [line(by_name[n]) if n in by_name else None for n in names]
        if cells[0] is not None:
            found.append((label, cells))
    return found


def table_numbers(group: NumberGroup) -> list[Number]:
    """Return the numbers of a group's table: all but the numbers in bins, which are plotted."""
    return [n for n in group.numbers if "[" not in n.name]


def compared(c: ValidationContents) -> list[str]:
    """Say in sentences what was compared, for the page and the terminal."""
    t = c.truth
    what = "with grades" if t.kind == "efigi" else "with votes"
    what = f"{count(t.lengths)} with a bar length" if t.unit else what
    sentences = [f"The truth, {t.place}, has {count(t.rows)} galaxies, {what}."]
    if c.of is not None:
        sentences.append(_matched(c.of, c.options))
        if c.of.matched.apart:
            sentences.append(
                f"{count(c.of.matched.apart)} of them are more than "
                f"{c.options.tolerance_arcsec:g} arcsec from their position in the truth. If the "
                "catalogue’s identifiers are not those of the truth, give --join position."
            )
    return sentences + [f"{note[0].upper()}{note[1:]}." for note in t.notes]


def _matched(of: ValidationSample, options: ValidateOptions) -> str:
    p, m = of.pairs, of.matched
    shown, measured = p.truth.size, int(np.isfinite(m.columns["bar_length_px"]).sum())
    how = "by object_id" if m.joined == "id" else f"within {options.tolerance_arcsec:g} arcsec"
    text = f"{count(m.pairs)} of them are in the catalogue (matched {how})"
    if options.part != "all":
        text += f", in the {options.part} part"
    if shown < m.pairs:
        text += f"; {count(shown)} of these, chosen by hash, are compared"
    both = p.both().truth.size
    text += f". {count(measured)} ({percent(measured / shown)}) have a measured length"
    return text + (f"; {count(both)} have a measured and a true length." if of.truth.unit else ".")


def _intervals(options: ValidateOptions) -> str:
    b = options.bootstrap
    return (
        f"Intervals contain the central {100 * b.level:g} % of {count(b.resamples)} bootstrap "
        "resamples of the galaxies. Intervals of shares are Wilson intervals."
    )


def _density(c: ValidationContents) -> str:
    drawn = c.truth.lengths if c.of is None else c.of.pairs.both().truth.size
    enough = drawn >= validation_plots.CONTOURS_MIN
    return "The contours contain 30, 60 and 90 % of the galaxies." if enough else ""


def _lead(c: ValidationContents) -> str:
    if c.of is None:
        return f"The table alone: {c.truth.place}"
    return f"{c.of.run[0].upper()}{c.of.run[1:]} in {storage.redact(str(c.options.catalogue))}"


def _headline(groups: list[NumberGroup]) -> list[tuple[str, str, str]]:
    by_name = {(g.name, n.name): n for g in groups for n in g.numbers}
    found = [
        (label, line(number).value, line(number).interval)
        for group, name, label in _HEADLINE
        if (number := by_name.get((group, name))) is not None and np.isfinite(number.value)
    ]
    return found[:5]


def record_of(folder: str, options: ValidateOptions) -> dict[str, Any]:
    """Read run.json in a run's output folder. Returns an empty dict if there is none."""
    fs, root = storage.filesystem(folder, options.store)
    record = provenance.read_record(fs, root)
    return dict(json.loads(record.to_json())) if record is not None else {}


def run_name(record: Mapping[str, Any]) -> str:
    """Return the name of the run in texts and sources."""
    return f"run {record['run_id']}" if "run_id" in record else "run without a record"


def _curves(c: ValidationContents) -> list[Plot]:
    """Draw figure 2 of paper 1: the losses of each member by epoch."""
    record = _training(c)
    out = []
    for i, (name, curve) in enumerate(record.get("curves", {}).items()):
        if curve:
            best = min(point["validation_rmse"] for point in curve)
            text = (
                f"{name}: {len(curve)} epochs, best RMSE of the validation part’s votes {best:.3f}"
            )
            svg = validation_plots.learning(f"learning-{i}", curve)
            out.append(Plot(svg=svg, alt=f"Learning curve of {text}.", caption=f"{text}."))
    return out


def _training(c: ValidationContents) -> dict[str, Any]:
    if c.options.training is not None:
        fs, path = storage.filesystem(c.options.training, c.options.store)
        data = storage.read_whole(fs, path)
    else:
        name = c.record.get("facts", {}).get("ensemble", {}).get("name")
        beside = files("models") / "weights" / str(name) / "training.json"
        if name != "compact" or not beside.is_file():
            return {}
        data = beside.read_bytes()
    try:
        return dict(json.loads(data))
    except ValueError as error:
        raise ValueError(
            f"{storage.redact(str(c.options.training))!r} is not the record of a training "
            f"({error}): give the training.json that `ansae train` wrote"
        ) from error


def _facts(c: ValidationContents) -> list[tuple[str, str]]:
    own = [
        ("truth", c.truth.place),
        ("unit of lengths", c.truth.unit or "none"),
        ("bootstrap seed", str(c.options.bootstrap.seed)),
    ]
    return own + list(run_facts.main_facts(c.record))
