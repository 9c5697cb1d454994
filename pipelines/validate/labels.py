"""Labels and format of a validation's numbers."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from models.validation.grade_ceilings import RELATIVE_ERRORS
from models.validation.numbers import Number
from pipelines.pages.render import count

_SHUFFLED = "other galaxies’ scaled lengths × size"
_SWING = "amplitude of the relative error; noise alone is not 0"
_VOTES_ALONE = "how well the votes alone predict the length, clear bars"

_WORDS: dict[str, tuple[str, str]] = {
    "rho": ("Pearson’s ρ", "correlation of measured and true lengths"),
    "rmse": ("RMSE", "root mean square of measured − true"),
    "slope": ("slope", "regression through the origin, equal weights"),
    "slope_paper_weights": ("slope, the paper’s weights", "1 / (σ true + σ measured)"),
    "slope_inverse_variance": ("slope, inverse variance", "1 / (σ² true + σ² measured)"),
    "spearman": ("Spearman’s ρ", "correlation of ranks"),
    "scaled_rho": ("ρ of scaled lengths", "Pearson, both in units of the galaxy’s size"),
    "scaled_spearman": ("Spearman’s ρ of scaled lengths", "both in units of the galaxy’s size"),
    "partial_rho": ("partial ρ", "Pearson, given the galaxy’s size"),
    "median_relative_error": ("median |error| / length", "of measured − true over true"),
    "median_relative_bias": ("median error / length", "signed: below 0 is too short"),
    "median_absolute_error": ("median |error|", "of measured − true"),
    "coverage_1_sigma": ("within 1 σ", "0.683 if errors were Gaussian and correct"),
    "coverage_2_sigma": ("within 2 σ", "0.954 if errors were Gaussian and correct"),
    "pull_width": ("width of error / σ", "1 if errors are correct; above 1: errors are too small"),
    "null_constant_rho": ("constant × size: ρ", "knows only the size"),
    "null_constant_rmse": ("constant × size: RMSE", "with the best constant"),
    "null_constant_median_relative_error": (
        "constant × size: median |error| / length",
        "with the best constant",
    ),
    "null_shuffled_rho": ("shuffled lengths: ρ", _SHUFFLED),
    "null_shuffled_rmse": ("shuffled lengths: RMSE", _SHUFFLED),
    "null_shuffled_median_relative_error": (
        "shuffled lengths: median |error| / length",
        _SHUFFLED,
    ),
    "median_angle_error": ("median angle error", "between axes, 0 to 90°"),
    "angle_amplitude_2": ("variation with twice the angle", _SWING),
    "angle_amplitude_4": ("variation with four times the angle", _SWING),
    "angle_p_value": ("p of no variation", "F test; if small, lengths depend on the angle"),
    "auc_bar_fraction": ("AUC of bar_fraction", "barred against unbarred"),
    "auc_bar_yes": ("AUC of bar_yes", "barred against unbarred"),
    "measured_of_barred": ("barred with a length", "share of barred galaxies"),
    "measured_of_unbarred": ("unbarred with a length", "share of unbarred galaxies: false bars"),
    "measured_of_clear": ("clear bars with a length", "share of clear bars"),
    "spearman_clear": ("Spearman’s ρ, clear bars", "length / galaxy radius against grade ≥ 0.5"),
    "spearman_faint": ("Spearman’s ρ, all bars", "length / galaxy radius against grade ≥ 0.25"),
    "ceiling_auc": ("AUC that true bars could reach", "by the bounds of each grade"),
    "ceiling_exact": ("ρ that true lengths could reach", "by the bounds of each grade"),
    **{
        f"ceiling_error_{e:g}": (
            f"ρ of lengths with {100 * e:g} % error",
            "at most, by the bounds of each grade",
        )
        for e in RELATIVE_ERRORS
    },
    "null_bar_fraction_spearman": ("bar_fraction against grade", _VOTES_ALONE),
    "null_bar_yes_spearman": ("bar_yes against grade", _VOTES_ALONE),
    "votes_rmse": ("RMSE of votes", "37 cumulative fractions, table 1 of paper 1"),
}

_PREFIXES = (
    ("decile_error_", "error of decile {}", "mean |l₁ − l₂| of two runs"),
    ("misclassified_", "other answer: {}", "share of galaxies, section 5.2 of paper 1"),
    ("trend_", "trend with {}", "Spearman’s ρ of the relative error"),
)
_IN_UNIT = re.compile(r"(rho|spearman|slope)_(px|arcsec|kpc)")


@dataclass(frozen=True, kw_only=True)
class NumberLine:
    """A number as text for the page."""

    name: str
    label: str
    value: str
    interval: str
    n: str
    meaning: str


def line(number: Number) -> NumberLine:
    """Format a number."""
    label, meaning = _words(number.name)
    interval = ""
    if math.isfinite(number.low) and math.isfinite(number.high):
        interval = f"{shown(number.low)} to {shown(number.high)}"
    unit = f" {number.unit}" if number.unit and number.unit != "paper" else ""
    return NumberLine(
        name=number.name,
        label=label,
        value=f"{shown(number.value)}{unit}",
        interval=interval,
        n=count(number.n),
        meaning=meaning,
    )


def _words(name: str) -> tuple[str, str]:
    if name in _WORDS:
        return _WORDS[name]
    for prefix, label, meaning in _PREFIXES:
        if name.startswith(prefix):
            return label.format(name.removeprefix(prefix).replace("_", " ")), meaning
    if found := _IN_UNIT.fullmatch(name):
        return f"{_WORDS[found[1]][0]} in {found[2]}", _WORDS[found[1]][1]
    return name.replace("_", " "), ""


def shown(value: float) -> str:
    """Format a value: three decimals below 10, then fewer."""
    if not math.isfinite(value):
        return "not defined"
    size = abs(value)
    return f"{value:.3f}" if size < 10 else f"{value:.2f}" if size < 100 else f"{value:.4g}"
