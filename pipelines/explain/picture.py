"""Draw the picture of an explained galaxy: image with bar, saliency maps, votes."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from models.barlength.placement import Line, bar_line, image_angle_deg
from models.spiral_and_bulge import SpiralArms
from pipelines.explain.one_image import ARMS_MAP, BAR_MAP, ExplainedImage
from pipelines.explain.votes import BAR_COLOUR, INK, MUTED, PANEL, draw_votes
from pipelines.pages.cards import with_error

GROUND, DOUBTED = "#0f1216", "#d7b26d"

_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": INK,
    "figure.facecolor": GROUND,
    "savefig.facecolor": GROUND,
    "axes.facecolor": PANEL,
    "axes.edgecolor": PANEL,
    "xtick.color": MUTED,
    "ytick.color": INK,
}
_SCALE_BARS_ARCSEC = (120, 60, 30, 20, 10, 5, 2, 1)


def picture(galaxy: ExplainedImage, name: str, title: str) -> bytes:
    """Draw a PNG of 1950 x 990 px; `title` is the result in words."""
    with rc_context(_STYLE):
        figure = Figure(figsize=(13, 6.6))
        figure.text(0.02, 0.953, name, fontsize=10.5, color=MUTED, va="center")
        size = min(14.0, 1500 / len(title))  # a long title must fit, too
        figure.text(0.02, 0.905, title, fontsize=size, weight="bold", va="center")
        _galaxy(figure.add_axes((0.02, 0.06, 0.4077, 0.803)), galaxy)
        for number, (what, values) in enumerate(galaxy.maps.items()):
            _map(
                figure.add_axes((0.445 + 0.1837 * number, 0.497, 0.1681, 0.331)),
                galaxy,
                what,
                values,
            )
        draw_votes(figure.add_axes((0.61, 0.06, 0.293, 0.365)), galaxy.row)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=150)
    return buffer.getvalue()


def result_words(galaxy: ExplainedImage) -> str:
    """Return the result in one line."""
    row, fraction = galaxy.row, galaxy.row["bar_fraction"]
    votes = "no voter reaches the bar question"
    if fraction is not None and math.isfinite(fraction):
        votes = f"{100 * fraction:.0f} % of those asked see a bar"
    if row["bar_length_px"] is None:
        reason = (row["stop_reason"] or "unknown").replace("_", " ")
        return f"no bar in the map ({reason}); {votes}"
    lengths = [
        f"{with_error(row[f'bar_length_{unit}'], row[f'bar_length_{unit}_err'])} {unit}"
        for unit in ("px", "arcsec", "kpc")
        if row[f"bar_length_{unit}"] is not None
    ]
    frame = "from north to east" if row["bar_position_angle_frame"] == "sky" else "from image up"
    bar = f"bar {lengths[0]}"
    bar += f" ({', '.join(lengths[1:])})" if lengths[1:] else ""
    bar += f" at {row['bar_position_angle_deg']:.0f}° {frame}"
    if galaxy.selected:
        return f"{bar}; {votes}"
    reached = 100 * row["disk_edge_on_no"]
    return f"no bar by the votes: {reached:.0f} % are asked, {votes}; the map would read: {bar}"


def _frame(axes: Axes, galaxy: ExplainedImage, side: int) -> None:
    """Set the axes to the canvas's field, in pixels of the stored image."""
    p = galaxy.place
    axes.set_xlim(p.x0 - 0.5, p.x0 - 0.5 + side * p.factor_x)
    axes.set_ylim(p.y0 - 0.5 + side * p.factor_y, p.y0 - 0.5)
    axes.set(xticks=[], yticks=[], aspect="equal", anchor="C", facecolor="black")


def _side(galaxy: ExplainedImage) -> int:
    return int(next(iter(galaxy.maps.values())).shape[0])


def _galaxy(axes: Axes, galaxy: ExplainedImage) -> None:
    axes.imshow(galaxy.pixels, interpolation="lanczos")
    _frame(axes, galaxy, _side(galaxy))
    _draw_bar(axes, galaxy, 2.2)
    _scale_bar(axes, galaxy)
    _north(axes, galaxy)
    if galaxy.row["bar_length_px"] is not None:
        told = "measured bar, full length; the pale ends show the error"
        if not galaxy.selected:
            told = "bar that the map would give; the votes do not select this galaxy"
        place: dict[str, Any] = {"transform": axes.transAxes, "va": "top"}
        axes.text(0, -0.018, told, color=_bar_colour(galaxy), fontsize=9, **place)


def _bar(galaxy: ExplainedImage, length_px: float) -> Line:
    """Return the measured bar with another length, in pixels of the stored image."""
    row, p = galaxy.row, galaxy.place
    angle = image_angle_deg(
        row["bar_position_angle_deg"], row["bar_position_angle_frame"], row["north_deg"]
    )
    stored = type(p)(x0=0.5, y0=0.5, factor_x=1.0, factor_y=1.0)  # pixel centres, as imshow has
    return bar_line(
        stored,
        x_px=row["bar_x_px"],
        y_px=row["bar_y_px"],
        length_px=length_px,
        position_angle_deg=angle,
    )


def _bar_colour(galaxy: ExplainedImage) -> str:
    return BAR_COLOUR if galaxy.selected else DOUBTED


def _draw_bar(axes: Axes, galaxy: ExplainedImage, width: float, ends_alone: bool = False) -> None:
    """Draw the bar with strokes across its ends and its error; `ends_alone`: only the strokes."""
    row = galaxy.row
    if row["bar_length_px"] is None:
        return
    length, error = row["bar_length_px"], row["bar_length_px_err"] or 0.0
    line, outer = _bar(galaxy, length), _bar(galaxy, length + error)
    inner = _bar(galaxy, max(length - error, 0.0))
    tick = 0.018 * abs(np.diff(axes.get_xlim())[0])
    dark = [withStroke(linewidth=width + 2.2, foreground="#000000aa")]
    style: dict[str, Any] = {"color": _bar_colour(galaxy), "solid_capstyle": "butt"}
    for stroke in (line.tick(0, tick), line.tick(1, tick)):
        axes.plot(*_points(stroke), lw=width, path_effects=dark, **style)
    if ends_alone:
        return
    (xs, ys), (xs_out, ys_out) = _points(inner), _points(outer)
    for end in (0, 1):
        along = (xs[end], xs_out[end]), (ys[end], ys_out[end])
        axes.plot(*along, lw=4.5 * width, alpha=0.5, **style)
    if galaxy.selected:
        axes.plot(*_points(line), lw=width, path_effects=dark, **style)
    else:
        axes.plot(*_points(line), lw=width, ls=(0, (4, 3)), **style)


def _points(line: Line) -> tuple[tuple[float, float], tuple[float, float]]:
    return (line.x1, line.x2), (line.y1, line.y2)


def _scale_bar(axes: Axes, galaxy: ExplainedImage) -> None:
    scale = galaxy.row["pixel_scale_arcsec"]
    x0, x1 = axes.get_xlim()
    y1, y0 = axes.get_ylim()
    width = x1 - x0
    if scale:
        arcsec = next((a for a in _SCALE_BARS_ARCSEC if a / scale <= width / 4), 1)
        length, label = arcsec / scale, f"{arcsec}″"
    else:
        length = float(next(p for p in (200, 100, 50, 20, 10, 5, 1) if p <= width / 4 or p == 1))
        label = f"{length:.0f} px"
    x, y = x0 + 0.05 * width, y1 - 0.05 * (y1 - y0)
    dark = [withStroke(linewidth=4, foreground="#000000aa")]
    axes.plot([x, x + length], [y, y], color=INK, lw=2, solid_capstyle="butt", path_effects=dark)
    axes.text(
        x + length / 2, y - 0.015 * width, label, ha="center", va="bottom", fontsize=10,
        path_effects=dark,
    )  # fmt: skip


def _north(axes: Axes, galaxy: ExplainedImage) -> None:
    """Draw arrows to north and east, if the image's orientation is known."""
    north = galaxy.row["north_deg"]
    if north is None:
        return
    x0, x1 = axes.get_xlim()
    y1, y0 = axes.get_ylim()
    reach = 0.07 * (x1 - x0)
    x, y = x1 - 0.12 * (x1 - x0), y0 + 0.14 * (y1 - y0)
    for name, angle, length in (("N", north, reach), ("E", north + 90, 0.7 * reach)):
        dx, dy = -math.sin(math.radians(angle)), -math.cos(math.radians(angle))
        arrow = {"arrowstyle": "-|>", "color": INK, "lw": 1.4, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", (x + length * dx, y + length * dy), (x, y), arrowprops=arrow)
        axes.text(
            x + 1.35 * length * dx, y + 1.35 * length * dy, name, ha="center", va="center",
            fontsize=9,
        )  # fmt: skip


def _map(axes: Axes, galaxy: ExplainedImage, what: str, values: NDArray[np.float64]) -> None:
    """Draw the map as light on top of the dimmed galaxy."""
    p, side = galaxy.place, values.shape[0]
    left, top = p.x0 - 0.5, p.y0 - 0.5
    extent = (left, left + side * p.factor_x, top + side * p.factor_y, top)
    axes.imshow(_dimmed(galaxy.pixels), interpolation="bilinear")
    colours = colormaps["inferno"](values)
    colours[..., 3] = np.clip(1.6 * values, 0, 1)
    axes.imshow(colours, extent=extent, interpolation="bilinear")
    _frame(axes, galaxy, side)
    if what == BAR_MAP:
        _draw_bar(axes, galaxy, 1.3, ends_alone=True)
    axes.set_title(f"evidence for {what}", fontsize=10, loc="left", pad=5)
    if what == ARMS_MAP and galaxy.arms is not None:
        place: dict[str, Any] = {"transform": axes.transAxes, "va": "bottom"}
        axes.text(0.03, 0.025, arms_words(galaxy.arms), color=INK, fontsize=8, **place)


def arms_words(arms: SpiralArms) -> str:
    """Say in a short line what the map shows of the arms."""
    sense = "counter-clockwise" if arms.pitch_deg > 0 else "clockwise"
    if arms.is_clear:
        return f"{arms.arms} arms, {sense} outward"
    return f"unsure: {arms.arms} arms, {sense}"


def _dimmed(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    grey = pixels.mean(axis=2) * 0.55
    return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=-1)
