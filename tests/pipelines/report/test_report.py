"""The report of a run whose every number is known."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import itertools
import json
import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from catalogues import storage
from catalogues.bars import SCHEMA
from catalogues.queries import database
from catalogues.runs.pictures import encode_map, encode_picture
from models import statistics
from pipelines.pages import render as page
from pipelines.pages.cards import with_error
from pipelines.report import command as report
from pipelines.report import gallery as thumbnails
from pipelines.report.__main__ import main as report_main
from pipelines.report.gallery import gallery
from pipelines.report.options import ReportOptions
from tests.pipelines.synthetic_run import BAD, SyntheticRun
from tests.s3server import S3Server

VOID = {"meta", "img", "link", "br", "input"}


class Page(HTMLParser):
    """Tags with their attributes, the text, and whether every tag is closed."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.scripts: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        if self.open[-1:] == ["script"]:
            self.scripts.append(data)
        elif data.strip() and self.open[-1:] != ["style"]:
            self.texts.append(data.strip())

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.texts))

    @property
    def galaxies(self) -> list[dict[str, Any]]:
        """The gallery's, as the page's script reads them."""
        kinds = [attributes.get("type") for attributes in self.named("script")]
        return json.loads(self.scripts[kinds.index("application/json")])["galaxies"]

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def written(synthetic_run: SyntheticRun, tmp_path_factory) -> tuple[str, Page]:
    folder = tmp_path_factory.mktemp("report")
    pq.write_table(synthetic_run.truth, folder / "truth.parquet")
    path = report.run(
        ReportOptions(
            output=str(synthetic_run.folder),
            html=str(folder / "report.html"),
            truth=str(folder / "truth.parquet"),
            galaxies=3,
        )
    )
    source = Path(path).read_text()
    return source, Page(source)


def test_page_is_well_formed_and_asks_nothing_of_the_network(written) -> None:
    source, parsed = written
    assert parsed.open == []
    addresses = set(re.findall(r"[a-z]+://[^\s\"'<>]*", source))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    names = {tag for tag, _ in parsed.tags}
    assert not names & {"link", "iframe", "object", "video", "base"}
    for tag, attributes in parsed.tags:
        for name in ("src", "href", "xlink:href"):
            if target := attributes.get(name):
                assert target.startswith(("data:image/", "#")), (tag, target[:40])
    assert "@import" not in source
    policy = next(m["content"] for m in parsed.named("meta") if "http-equiv" in m)
    assert policy.startswith("default-src 'none'; ")
    kinds = [attributes.get("type") for attributes in parsed.named("script")]
    assert kinds == [None, "application/json", "module"]
    for text in (parsed.scripts[0], parsed.scripts[2]):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert not re.search(r"url\((?!#)", source)


def test_page_can_be_read_without_eyes(written) -> None:
    _, parsed = written
    images = parsed.named("img")
    assert len(images) == 3 * 3 * 2  # three pictures, three galaxies, best and worst
    for field in parsed.named("input"):
        assert "aria-label" in field or field.get("id", field.get("name")), field
    assert all(image["alt"] and len(image["alt"]) > 15 for image in images)
    levels = [int(tag[1]) for tag, _ in parsed.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    plots = [a for a in parsed.named("div") if a.get("role") == "img"]
    assert len(plots) == 8 + 3
    assert all(plot["aria-label"] for plot in plots)
    assert parsed.named("html")[0]["lang"] == "en"
    identities = [a["id"] for _, a in parsed.tags if "id" in a]
    assert len(identities) == len(set(identities))


def test_links_within_the_page_lead_somewhere(written) -> None:
    _, parsed = written
    identities = {a["id"] for _, a in parsed.tags if "id" in a}
    for _, attributes in parsed.tags:
        for name in ("href", "xlink:href"):
            if (attributes.get(name) or "").startswith("#"):
                assert attributes[name][1:] in identities


def test_counts_are_the_catalogue_s(written, synthetic_run) -> None:
    _, parsed = written
    for status, count in Counter(synthetic_run.rows()["status"].to_pylist()).items():
        share = page.percent(count / synthetic_run.rows().num_rows)
        assert f"{status} {count} {share}" in parsed.text


def test_distributions_are_the_catalogue_s(written, synthetic_run) -> None:
    _, parsed = written
    for column, unit in (("bar_length_kpc", " kpc"), ("bar_length_over_r90", "")):
        values = synthetic_run.rows()[column].drop_null().to_numpy()
        low, middle, high = np.quantile(values.astype(float), [0.16, 0.5, 0.84])
        said = f"{column}: {values.size} galaxies, median {middle:.3g}{unit}, 68 %: {low:.3g}"
        assert f"{said} to {high:.3g}." in parsed.text


def test_cards_show_length_error_and_votes(written, synthetic_run) -> None:
    _, parsed = written
    rows = [r for r in synthetic_run.rows().to_pylist() if r["status"] == "measured"]
    longest = max(rows, key=lambda r: r["bar_length_kpc"])
    (shown,) = (g for g in parsed.galaxies if g["id"] == str(longest["object_id"]))  # 18 digits
    lengths = [(u, longest[f"bar_length_{u}"]) for u in ("kpc", "arcsec", "px")]
    assert shown["lengths"] == [
        f"{with_error(value, longest[f'bar_length_{unit}_err'])} {unit}" for unit, value in lengths
    ]
    assert shown["length"] == max(g["length"] or 0 for g in parsed.galaxies)
    assert shown["error"] == pytest.approx(0.08, rel=1e-3)
    votes = f"{longest['bar_yes']:.2f} ± {longest['bar_yes_std']:.2f}"
    assert dict(shown["facts"])["votes for a bar"] == votes


def test_failures_are_listed_and_harmless(written) -> None:
    source, parsed = written
    for status, message in BAD:
        assert f"{status} {message}" in parsed.text
    assert html.escape("<script>") in source
    assert "All 4 rows without votes" in parsed.text


def test_run_s_facts_are_there(written) -> None:
    _, parsed = written
    for fact in ("seed of the noise 7", "input.rows 64", "estimator.map.samples 64", "device cpu"):
        assert fact in parsed.text


def test_truth_numbers_are_right(written, synthetic_run) -> None:
    _, parsed = written
    measured = {r["object_id"]: r for r in synthetic_run.rows().to_pylist()}
    known = [(t, measured[t["object_id"]]) for t in synthetic_run.truth.to_pylist()]
    barred = [t["true_class"] == "barred" for t, _ in known]
    area = statistics.auc([m["bar_fraction"] for _, m in known], barred)
    both = [(t, m) for (t, m), b in zip(known, barred, strict=True) if b]
    truth = [t["true_bar_length_px"] for t, _ in both]
    length = [m["bar_length_px"] for _, m in both]
    angles = [m["bar_position_angle_deg"] for _, m in both]
    true_angles = [t["true_bar_position_angle_deg"] for t, _ in both]
    error = float(np.median(statistics.angle_difference_deg(angles, true_angles)))
    assert f"lengths compared {len(both)} " in parsed.text
    assert f"AUC, all bars {area:.3f}" in parsed.text
    assert f"Pearson ρ {statistics.pearson(truth, length):.3f}" in parsed.text
    assert f"Spearman ρ {statistics.spearman(truth, length):.3f}" in parsed.text
    slope = statistics.slope_through_origin(truth, length)
    assert f"slope through the origin {slope:.3f}" in parsed.text
    assert f"median |error| {statistics.median_absolute_error(truth, length):.2f} px" in parsed.text
    assert f"median angle error {error:.1f}°" in parsed.text
    assert error < 3  # half the angles are in the sky's frame, north 30 deg from up


def test_drawn_bars_are_measured_and_true_ones(written) -> None:
    _, parsed = written
    groups = [a["class"] for a in parsed.named("g") if a.get("class")]
    assert groups.count("true") == groups.count("measured") == 2 * 3  # best and worst
    assert groups.count("halo") == 2 * 2 * 3
    for galaxy in parsed.galaxies:
        kinds = [bar["kind"] for bar in galaxy["bars"]]
        assert kinds == (["true", "measured"] if galaxy["status"] == "measured" else [])
        assert all(0 < end < 100 for bar in galaxy["bars"] for end in bar["line"])


def test_gallery_holds_every_kept_picture_once(written, synthetic_run) -> None:
    _, parsed = written
    pictures = pq.read_table(synthetic_run.folder / "pictures")
    identities = [int(g["id"]) for g in parsed.galaxies]
    assert sorted(identities) == sorted(pictures["object_id"].to_pylist())
    kept = {p["object_id"]: p["map"] for p in pictures.to_pylist()}
    for galaxy in parsed.galaxies:
        assert base64.b64decode(galaxy["map"].partition(",")[2]) == kept[int(galaxy["id"])]


def test_small_gallery_has_the_extremes_and_a_sample(synthetic_run) -> None:
    with database.opened(str(synthetic_run.folder)) as con:
        small = gallery(con, 33, None, truth=False)
        assert gallery(con, 0, None, truth=False) is None
    assert small.size == 33
    assert small.introduction.startswith("33 of 64 galaxies: the extremes")
    rows = [r for r in synthetic_run.rows().to_pylist() if r["status"] == "measured"]
    ranked = sorted(rows, key=lambda r: r["bar_length_kpc"])
    shown = {int(g["id"]) for g in small.data["galaxies"]}
    assert {r["object_id"] for r in ranked[:6] + ranked[-6:]} <= shown
    assert all(g["sky"] is None and g["off"] is None for g in small.data["galaxies"])


def test_large_pictures_become_small(tmp_path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (424, 424, 3), np.uint8)
    address, side = thumbnails.galaxy_thumbnail(encode_picture(noise))
    assert side == 424  # the canvas's, in which bars are placed
    for text in (address, thumbnails.map_thumbnail(encode_map(noise[..., 0] / 255))):
        with Image.open(io.BytesIO(base64.b64decode(text.partition(",")[2]))) as image:
            assert image.size == (160, 160)
    assert thumbnails.galaxy_thumbnail(b"nothing") == ("", 1)
    assert thumbnails.map_thumbnail(b"nothing") == ""


def test_hostile_words_stay_words(hostile_report) -> None:
    path, hostile = hostile_report
    source = path.read_text()
    parsed = Page(source)
    assert parsed.open == []
    assert len(parsed.scripts) == 3
    assert all(dict(g["facts"])["survey"] == hostile for g in parsed.galaxies)
    assert "<img src=x" not in source
    assert "</script><script>alert" not in source


def test_sky_map_counts_every_position(written, synthetic_run) -> None:
    source, parsed = written
    cells = set((np.array(synthetic_run.rows()["_healpix_29"].drop_null()) >> 50).tolist())
    assert f"60 galaxies with a position in {len(cells)} HEALPix cells" in parsed.text
    paths = [a for a in parsed.named("path") if a.get("class") == "sky-level"]
    outlines = sum(a["d"].count("M") for a in paths)
    assert len(cells) <= outlines <= len(cells) + 3  # a cell on the cut is drawn at both edges
    by_id = {r["object_id"]: r for r in synthetic_run.rows().to_pylist()}
    middle = 0 if ">0°<" in source and ">180°<" not in source else 180
    for galaxy in parsed.galaxies:
        row = by_id[int(galaxy["id"])]
        x, y = galaxy["sky"]
        assert ((x - 200) / 196) ** 2 + ((y - 102) / 98) ** 2 <= 1.001
        assert (y < 102) == (row["dec"] > 0)  # north is up
        assert (x < 200) == ((row["ra"] - middle) % 360 < 180)  # east is left


def test_no_positions_no_sky(tmp_path) -> None:
    rows = [{"object_id": 1, "status": "not_selected", "shard": "a", "shard_row": 0, "run_id": "r"}]
    (tmp_path / "catalogue").mkdir()
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), tmp_path / "catalogue" / "a.parquet")
    parsed = Page(Path(report.run(ReportOptions(output=str(tmp_path)))).read_text())
    assert "On the sky" not in parsed.text


def test_run_without_pictures_truth_or_record(synthetic_run, tmp_path) -> None:
    shutil.copytree(synthetic_run.folder / "catalogue", tmp_path / "catalogue")
    path = report.run(ReportOptions(output=str(tmp_path)))
    assert path == str(tmp_path / "report.html")
    parsed = Page(Path(path).read_text())
    assert "this run kept no pictures" in parsed.text
    assert "The run has no run.json" in parsed.text
    assert "Comparison with the truth" not in parsed.text
    assert parsed.named("img") == []


def test_broken_picture_spoils_no_page(synthetic_run, tmp_path) -> None:
    shutil.copytree(synthetic_run.folder, tmp_path, dirs_exist_ok=True)
    for path in (tmp_path / "pictures").iterdir():
        table = pq.read_table(path)
        for name in ("canvas", "map"):
            index = table.schema.get_field_index(name)
            broken = [value[:50] for value in table[name].to_pylist()]
            table = table.set_column(index, table.schema.field(name), [broken])
        pq.write_table(table, path)
    parsed = Page(Path(report.run(ReportOptions(output=str(tmp_path)))).read_text())
    assert parsed.named("img") == []
    assert {(g["image"], g["map"], len(g["bars"])) for g in parsed.galaxies} == {("", "", 0)}


def test_report_on_s3(s3_env: S3Server, synthetic_run, capsys) -> None:
    url = f"s3://{s3_env.bucket}/report-run"
    fs, root = storage.filesystem(url)
    fs.put(str(synthetic_run.folder), root, recursive=True)
    assert report_main([url, "--galaxies", "1"]) == 0
    assert capsys.readouterr().out == f"report: {url}/report.html\n"
    assert Page(fs.cat_file(f"{root}/report.html").decode()).open == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{tmp}/absent"], r"holds no catalogue/\*\.parquet: give the output folder"),
        (["{run}", "--truth", "{tmp}/absent"], r"holds no \.parquet and 0 \.csv files: give a"),
        (["ftp://host/x"], r"has the scheme 'ftp': only local paths"),
    ],
)
def test_mistakes_are_one_line(arguments, message, synthetic_run, tmp_path, capsys) -> None:
    filled = [a.format(tmp=tmp_path, run=synthetic_run.folder) for a in arguments]
    assert report_main(filled) == 2
    error = capsys.readouterr().err
    assert re.search(message, error)
    assert error.count("\n") == 1


def test_options_are_checked() -> None:
    with pytest.raises(ValueError, match=r"galaxies -1 must lie in 0\.\.1000"):
        ReportOptions(output="x", galaxies=-1)
    with pytest.raises(ValueError, match=r"gallery 5001 must lie in 0\.\.5000"):
        ReportOptions(output="x", gallery=5001)
    with pytest.raises(ValueError, match=r"memory_mb=0 must be at least 1"):
        ReportOptions(output="x", memory_mb=0)


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (12.34, 1.43, "12.3 ± 1.4"),
        (12.34, 0.143, "12.34 ± 0.14"),
        (123.4, 14.3, "123 ± 14"),
        (1234.0, 143.0, "1234 ± 143"),
        (12.34, 0.0, "12.3"),
        (12.34, None, "12.3"),
        (12.34, float("nan"), "12.3"),
    ],
)
def test_errors_say_how_many_digits_matter(value, error, text) -> None:
    assert with_error(value, error) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0.0 %"), (1, "100.0 %"), (0.1234, "12.3 %"), (1e-6, "< 0.1 %"), (1 - 1e-6, "> 99.9 %")],
)
def test_percentages_do_not_round_to_nothing(share, text) -> None:
    assert page.percent(share) == text
