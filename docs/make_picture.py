"""The README's picture: real galaxies, their saliency maps, and the bars that were measured.

    python docs/make_picture.py FOLDER README.png [--run RUN]

FOLDER holds the example images of Galaxy Zoo (https://github.com/zooniverse/Galaxy-Zoo,
Apache-2.0). Without --run the galaxies are ingested and measured first, which takes minutes.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import numpy as np
from matplotlib import colormaps
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont

SHOWN = {
    "decals-2_a-0_1.jpg": "DECaLS",
    "decals-2_a-0_3.jpg": "DECaLS",
    "decals-2_a-0_4.jpg": "DECaLS",
    "sloan-2_a-0_1.jpg": "SDSS",
    "sloan-2_a-0_2.jpg": "SDSS",
    "sloan-2_a-0_4.jpg": "SDSS",
}
"""Files of the galaxies from left to right, and their survey."""

SIDE_PX, GAP_PX, LABEL_PX = 208, 4, 22
SHOWN_SHARE = 0.7  # middle of what the networks saw
FINER = 4  # lines are drawn this much larger, then reduced
GREEN = (125, 240, 166)

QUERY = """
    SELECT p.map, p.x0, p.y0, p.factor_x, p.factor_y, b.bar_x_px, b.bar_y_px, b.bar_length_px,
           b.bar_length_px_err, b.bar_position_angle_deg
    FROM '{run}/pictures/*.parquet' p JOIN '{run}/catalogue/*.parquet' b USING (shard, shard_row)
    WHERE b.survey_id = '{name}' AND b.status = 'measured'
"""


def measured(folder: Path, scratch: Path) -> Path:
    """A run of `ansae measure` on the galaxies of SHOWN."""
    (scratch / "images").mkdir()
    for name in SHOWN:
        shutil.copy(folder / name, scratch / "images")
    for words in (("ingest", "images", "shards"), ("measure", "shards", "run")):
        command, *places = words
        paths = [str(scratch / place) for place in places]
        subprocess.run([sys.executable, "-m", "pipelines", command, *paths], check=True)
    return scratch / "run"


def ends(row: dict, corner: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """x and y of the bar's two ends on a panel: `corner` and `scale` of it in stored pixels."""
    angle = np.radians(row["bar_position_angle_deg"])  # from image up: the files tell no north
    along = np.array([-np.sin(angle), -np.cos(angle)])
    centre = np.array([row["bar_x_px"], row["bar_y_px"]]) + 0.5
    half = row["bar_length_px"] / 2
    return (np.stack([centre - half * along, centre + half * along]) - corner) / scale


def with_lines(panel: Image.Image, lines: list[np.ndarray], width: float) -> Image.Image:
    """The panel with smooth lines; each line holds two ends in the panel's pixels."""
    mask = Image.new("L", (panel.width * FINER, panel.height * FINER))
    draw = ImageDraw.Draw(mask)
    for line in lines:
        draw.line(list(map(tuple, line * FINER)), fill=255, width=round(width * FINER))
    panel.paste(GREEN, mask=mask.resize(panel.size, Image.Resampling.LANCZOS))
    return panel


def ticks(bar: np.ndarray, length: float = 14) -> list[np.ndarray]:
    """A short line across each end of the bar."""
    along = (bar[1] - bar[0]) / np.hypot(*(bar[1] - bar[0]))
    across = np.array([-along[1], along[0]]) * length / 2
    return [np.stack([end - across, end + across]) for end in bar]


def panels(image: Path, row: dict) -> tuple[Image.Image, Image.Image]:
    """The galaxy with ticks at the bar's ends, and its map with the bar."""
    found = Image.open(io.BytesIO(row["map"])).convert("L")
    size, edge = (SIDE_PX, SIDE_PX), found.width * (1 - SHOWN_SHARE) / 2
    inner = (edge, edge, found.width - edge, found.height - edge)
    values = found.resize(size, Image.Resampling.BICUBIC, box=inner)
    colours = colormaps["inferno"](np.asarray(values) / 255)[..., :3]
    saliency = Image.fromarray((colours * 255).astype(np.uint8))

    factor = np.array([row["factor_x"], row["factor_y"]])
    corner = np.array([row["x0"], row["y0"]]) + edge * factor
    width = found.width * SHOWN_SHARE * factor
    stored = Image.open(image).convert("RGB")
    box = (*corner, *(corner + width))
    galaxy = stored.resize(size, Image.Resampling.LANCZOS, box=box)
    bar = ends(row, corner, width / SIDE_PX)
    return with_lines(galaxy, ticks(bar), 2), with_lines(saliency, [bar, *ticks(bar)], 2)


def picture(folder: Path, run: Path) -> Image.Image:
    """All galaxies: image above, map below, the measured length under it."""
    step = SIDE_PX + GAP_PX
    size = (step * len(SHOWN) - GAP_PX, 2 * step + LABEL_PX)
    page = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(page), ImageFont.truetype(findfont("DejaVu Sans"), 14)
    for i, (name, survey) in enumerate(SHOWN.items()):
        table = duckdb.sql(QUERY.format(run=run, name=name)).to_arrow_table()
        (row,) = table.to_pylist()
        for j, panel in enumerate(panels(folder / name, row)):
            page.paste(panel, (i * step, j * step))
        words = f"{survey}: {row['bar_length_px']:.0f} ± {row['bar_length_px_err']:.0f} px"
        draw.text((i * step + SIDE_PX / 2, 2 * step + 1), words, "black", font, anchor="ma")
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="the example images of Galaxy Zoo")
    parser.add_argument("output", type=Path, help="PNG file to write")
    parser.add_argument("--run", type=Path, help="a finished run of `ansae measure` on them")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        run = words.run or measured(words.folder, Path(scratch))
        picture(words.folder, run).save(words.output, optimize=True)


if __name__ == "__main__":
    main()
