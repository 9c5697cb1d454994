"""The report in a real browser: clicked, typed at, and looked at by rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipelines.report import command as report
from pipelines.report.options import ReportOptions
from tests.browsing import browser, inaccessible, visited
from tests.pipelines.report.test_report import Page
from tests.pipelines.synthetic_run import SyntheticRun

FIRST = 30
PHONE = {"width": 360, "height": 780}

pytestmark = pytest.mark.browser

Galaxies = list[dict[str, Any]]


@pytest.fixture(scope="module")
def report_file(synthetic_run: SyntheticRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gallery")
    pq.write_table(synthetic_run.truth, folder / "truth.parquet")
    where = {"output": str(synthetic_run.folder), "html": str(folder / "report.html")}
    return Path(report.run(ReportOptions(truth=str(folder / "truth.parquet"), galaxies=2, **where)))


@pytest.fixture(scope="module")
def galaxies(report_file: Path) -> Galaxies:
    return Page(report_file.read_text()).galaxies


@pytest.fixture(scope="module")
def running(report_file: Path, hostile_report: tuple[Path, str]) -> Iterator[Any]:
    # the pages are there before the browser, whose event loop then runs in this thread
    with browser() as started:
        yield started


@pytest.fixture
def page(running: Any, report_file: Path) -> Iterator[Any]:
    with visited(running, report_file, viewport={"width": 1200, "height": 900}) as opened:
        yield opened


def titles(page: Any) -> list[str]:
    """What stands under the galaxies shown."""
    return page.locator(".tile-title").all_inner_texts()


def identities(page: Any) -> list[str]:
    """Of the galaxies shown, by their images' words."""
    alts = page.eval_on_selector_all("#tiles img.light", "all => all.map((img) => img.alt)")
    return [alt.split()[3].rstrip(",") for alt in alts]


def ordered(galaxies: Galaxies, key: str, falling: bool) -> list[str]:
    known = [g for g in galaxies if g[key] is not None]
    known = sorted(known, key=lambda g: -g[key] if falling else g[key])
    return [g["id"] for g in known + [g for g in galaxies if g[key] is None]]


def told(page: Any) -> str:
    return page.locator("#told").inner_text()


def test_gallery_shows_some_and_then_all(page, galaxies) -> None:
    assert len(galaxies) == 50
    assert told(page) == "50 of 50 galaxies"
    assert page.locator(".tile").count() == FIRST
    page.get_by_role("button", name="Show 20 more").click()
    assert page.locator(".tile").count() == 50
    assert page.locator(".tile").nth(FIRST).evaluate("tile => tile === document.activeElement")
    assert not page.locator("#more").is_visible()
    loaded = "all => all.every((img) => img.decode().then(() => img.naturalWidth === 144))"
    assert page.eval_on_selector_all("#tiles img", loaded)


@pytest.mark.parametrize("key", ["vote", "length", "error", "spread", "off"])
def test_order_is_by_the_catalogue_s_numbers(key, page, galaxies) -> None:
    page.get_by_label("Sort by").select_option(key)
    assert identities(page) == ordered(galaxies, key, falling=True)[:FIRST]
    page.get_by_role("button", name="largest first").click()
    assert identities(page) == ordered(galaxies, key, falling=False)[:FIRST]


def test_sliders_narrow_by_value_and_keyboard(page, galaxies) -> None:
    page.get_by_label("Minimum bar fraction").fill("140")
    high = [g for g in galaxies if g["vote"] >= 0.7]
    assert told(page) == f"{len(high)} of 50 galaxies"
    assert page.locator("[data-range=vote] output").inner_text() == "0.70 to 1.00"
    page.get_by_label("Maximum bar length").focus()
    for _ in range(60):
        page.keyboard.press("ArrowLeft")
    limit = max(g["length"] or 0 for g in galaxies) * 0.7
    kept = [g for g in high if g["length"] is not None and g["length"] <= limit]
    assert told(page) == f"{len(kept)} of 50 galaxies"
    words = page.get_by_label("Maximum bar length").get_attribute("aria-valuetext")
    assert words == f"{limit:#.3g} kpc"
    page.get_by_label("Minimum bar fraction").fill("0")
    page.get_by_label("Maximum bar fraction").fill("0")
    assert told(page).startswith("No galaxy matches")
    page.get_by_role("button", name="All galaxies").click()
    assert told(page) == "50 of 50 galaxies"


def test_thumbs_do_not_pass_each_other(page) -> None:
    page.get_by_label("Maximum bar fraction").fill("50")
    page.get_by_label("Minimum bar fraction").fill("120")
    assert page.get_by_label("Minimum bar fraction").input_value() == "50"


def test_status_and_ways_of_looking(page, galaxies) -> None:
    page.locator("[value=measured]").uncheck()
    without = [g for g in galaxies if g["status"] == "no_bar_found"]
    assert told(page) == f"{len(without)} of 50 galaxies"
    assert set(titles(page)) == {"no bar found"}
    measured = [g for g in galaxies if g["status"] == "measured"]
    for name, key, falling in (
        ("Longest bars", "length", True),
        ("Shortest bars", "length", False),
        ("Most certain", "error", False),
        ("Members disagree most", "spread", True),
    ):
        button = page.get_by_role("button", name=name)
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        assert identities(page) == ordered(measured, key, falling)[:FIRST]
    page.get_by_role("button", name="Promising").click()
    assert identities(page) == ordered(without, "vote", True)[:FIRST]


def test_maps_and_bars_are_laid_over(page) -> None:
    opacity = "img => getComputedStyle(img).opacity"
    first = page.locator("#tiles .map").first
    assert first.evaluate(opacity) == "0"
    page.locator("[name=map]").check()
    assert first.evaluate(opacity) == "1"
    assert page.locator("#tiles .bar-measured").first.is_visible()
    page.locator("[name=bars]").uncheck()
    assert not page.locator("#tiles .bar-measured").first.is_visible()


def test_dialog_goes_through_the_galaxies_and_closes(page, galaxies) -> None:
    order = ordered(galaxies, "vote", True)
    page.locator(".tile").nth(2).click()
    title = page.locator("#galaxy-title")
    assert title.inner_text() == f"Galaxy {order[2]}"
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Next").click()
    assert title.inner_text() == f"Galaxy {order[4]}"
    assert page.locator(".position").inner_text() == "5 of 50"
    galaxy = next(g for g in galaxies if g["id"] == order[4])
    for name, value in galaxy["facts"]:
        assert page.locator(f"dialog dt:text-is('{name}') + dd").inner_text() == value
    page.get_by_label("saliency map", exact=True).last.fill("25")
    assert page.locator("dialog .map").evaluate("m => getComputedStyle(m).opacity") == "0.25"
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()
    assert page.locator(".tile").nth(4).evaluate("tile => tile === document.activeElement")
    page.keyboard.press("Enter")
    assert title.inner_text() == f"Galaxy {order[4]}"
    page.get_by_role("button", name="Close").click()
    assert not page.locator("dialog").is_visible()


def test_bars_lie_where_the_catalogue_says(page, galaxies, synthetic_run) -> None:
    """Length and angle as drawn on the screen, on images of known scale and orientation."""
    rows = {r["object_id"]: r for r in synthetic_run.rows().to_pylist()}
    kept = pq.read_table(synthetic_run.folder / "pictures").to_pylist()
    factor = {str(p["object_id"]): p["factor_x"] for p in kept}
    drawn = page.eval_on_selector_all("#tiles li:has(.bar-measured)", MEASURED_ON_SCREEN)
    assert len(drawn) == FIRST
    for alt, length, angle in drawn:
        identity = alt.split()[3].rstrip(",")
        row = rows[int(identity)]
        north = 30 if row["bar_position_angle_frame"] == "sky" else 0
        expected = (row["bar_position_angle_deg"] + north) % 180
        assert length * 144 * factor[identity] == pytest.approx(row["bar_length_px"], rel=0.01)
        assert abs((angle - expected + 90) % 180 - 90) < 0.5


MEASURED_ON_SCREEN = """all => all.map((li) => {
  const side = li.querySelector("img.light").getBoundingClientRect().width;
  const line = li.querySelector("g.measured:not(.error) line");
  const at = line.getScreenCTM();
  const end = (n) => new DOMPoint(line[`x${n}`].baseVal.value, line[`y${n}`].baseVal.value)
    .matrixTransform(at);
  const [a, b] = [end(1), end(2)];
  const angle = (Math.atan2(a.x - b.x, a.y - b.y) * 180) / Math.PI;
  return [li.querySelector("img.light").alt, Math.hypot(a.x - b.x, a.y - b.y) / side, angle];
})"""


def test_points_on_the_sky_follow_the_choice(page, galaxies) -> None:
    points = page.locator("#sky-points circle:visible")
    assert points.count() == 50
    page.locator("[value=measured]").uncheck()
    left = [g for g in galaxies if g["status"] == "no_bar_found"]
    assert points.count() == len(left)
    points.first.dispatch_event("click")
    assert page.locator("#galaxy-title").inner_text() in {f"Galaxy {g['id']}" for g in left}


def test_every_control_is_reached_by_keyboard_and_shows_it(page) -> None:
    wanted = set(page.evaluate(f"({CONTROLS}).map((c) => c.dataset.n)"))
    seen, bare = set(), []
    for _ in range(len(wanted) + 5):
        page.keyboard.press("Tab")
        number, outline, name = page.evaluate(FOCUSED)
        seen.add(number)
        if outline == "none" and number is not None and not looks_focused(page):
            bare.append(name)
    assert wanted <= seen
    assert bare == []


def looks_focused(page: Any) -> bool:
    """Whether the slider with the focus looks otherwise without: its thumb's outline has no name
    that a script could ask for."""
    slider = page.locator(":focus").element_handle()
    focused = slider.screenshot()
    slider.evaluate("s => s.blur()")
    blurred = slider.screenshot()
    slider.focus()
    return focused != blurred


CONTROLS = """[...document.querySelectorAll("a, button, input, select, summary")]
  .filter((c) => c.checkVisibility() && !c.disabled)
  .map((c, n) => { c.dataset.n = n; return c; })"""
FOCUSED = """(() => {
  const c = document.activeElement;
  return [c.dataset.n, getComputedStyle(c).outlineStyle, c.outerHTML.slice(0, 80)];
})()"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_themes_are_legible(scheme, running, report_file) -> None:
    with visited(running, report_file, color_scheme=scheme) as page:
        assert inaccessible(page) == []
        page.locator(".tile").nth(1).click()
        assert inaccessible(page) == []
        page.keyboard.press("Escape")
        contrast = page.evaluate(CONTRASTS)
        assert min(contrast[f"{n} {g}"] for n in TEXTS for g in GROUNDS) >= 4.5
        assert min(contrast[f"edge {g}"] for g in GROUNDS) >= 3


TEXTS, GROUNDS = ("ink", "muted", "accent", "truth", "bad"), ("paper", "card")
CONTRASTS = """(() => {
  const probe = document.body.appendChild(document.createElement("i"));
  const light = (name) => {
    probe.style.color = `var(--${name})`;
    const parts = getComputedStyle(probe).color.match(/[0-9.]+/g).slice(0, 3).map((v) => v / 255);
    const [r, g, b] = parts.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const found = {};
  for (const name of ["ink", "muted", "accent", "truth", "bad", "edge"]) {
    for (const ground of ["paper", "card"]) {
      const [a, b] = [light(name), light(ground)];
      found[`${name} ${ground}`] = Math.max(a, b) / Math.min(a, b);
    }
  }
  return found;
})()"""


def test_theme_is_chosen_and_remembered(page) -> None:
    def ground() -> str:
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    light, button = ground(), page.get_by_role("button", name="Dark theme")
    assert button.get_attribute("aria-pressed") == "false"
    button.click()
    dark = ground()
    assert dark != light
    page.reload()
    assert (ground(), button.get_attribute("aria-pressed")) == (dark, "true")
    page.emulate_media(color_scheme="light")
    button.click()
    assert ground() == light


def test_phone_needs_no_sideways_scroll(running, report_file) -> None:
    width = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
    with visited(running, report_file, viewport=PHONE, has_touch=True, is_mobile=True) as page:
        assert page.evaluate(width) <= 360
        assert page.locator(".tile").first.bounding_box()["width"] > 130
        assert not page.locator("#key").is_visible()
        page.get_by_text("Filter and sort").tap()
        assert page.evaluate(width) <= 360
        sizes = page.eval_on_selector_all("#choose button", "b => b.map((e) => e.offsetHeight)")
        assert min(sizes) >= 24  # WCAG 2.2: smallest target
        page.locator(".tile").first.tap()
        box = page.locator("dialog").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        assert page.locator("dialog").evaluate("d => d.scrollWidth - d.clientWidth") <= 0


def test_controls_are_unfolded_where_there_is_room(running, report_file) -> None:
    with visited(running, report_file, viewport=PHONE) as page:
        page.set_viewport_size({"width": 1200, "height": 900})
        page.locator("#key").wait_for(state="visible", timeout=5000)
        assert not page.get_by_text("Filter and sort").is_visible()


def test_without_scripts_the_rest_stands(running, report_file) -> None:
    with visited(running, report_file, java_script_enabled=False) as page:
        assert "The gallery needs JavaScript" in page.locator("#gallery").inner_text()
        assert not page.locator("#choose").is_visible()
        assert not page.locator("#theme").is_visible()
        assert page.locator(".sky-level").count() > 0


def test_hostile_words_are_shown_and_not_obeyed(running, hostile_report) -> None:
    path, hostile = hostile_report
    with visited(running, path) as page:
        assert page.locator("h1").inner_text().split() == hostile.split()
        page.locator(".tile").first.click()
        assert hostile in page.locator("dialog .facts-table").evaluate("d => d.textContent")
        assert page.evaluate("document.scripts.length") == 3


def test_injected_scripts_do_not_run(running, report_file, tmp_path) -> None:
    """What the policy is for: a script that got into the page all the same is refused."""
    path = tmp_path / "tampered.html"
    tampered = "<script>document.title = 'owned'</script>"
    path.write_text(report_file.read_text().replace("</body>", f"{tampered}</body>"))
    page = running.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(path.as_uri())
    assert page.title() != "owned"
    assert any("Content Security Policy" in text for text in said)
    page.close()
