"""The page as it looks: accessible, within its width, light and dark, on paper, and as before."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from opened_page import Opened

pytestmark = pytest.mark.whole

WIDTHS = (375, 768, 1280)
LOOKS = Path(__file__).with_name("looks")


def opened_at(browser, file, width, scheme="light", **more):
    return Opened(
        browser, file, viewport={"width": width, "height": 900}, color_scheme=scheme, **more
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_axe_finds_nothing(browser, report_file, sample_file, width, scheme, whole):
    """The sample has every kind of block, and names of every kind; the whole report takes long."""
    page = opened_at(browser, report_file if whole else sample_file, width, scheme).go()
    page.evaluate("document.querySelectorAll('details').forEach((item) => (item.open = true))")
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    told = [
        f"{item['id']}: {node['target']} {node['failureSummary'][:200]}"
        for item in found.response["violations"]
        for node in item["nodes"]
    ]
    assert told == []
    page.context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_page(browser, report_file, width):
    page = opened_at(browser, report_file, width).go()
    page.evaluate("document.querySelectorAll('details').forEach((item) => (item.open = true))")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


def test_the_answer_is_on_a_telephones_first_screen(browser, report_file):
    """Whoever opens the explorer sees the answer and the three inputs at once, and it stays."""
    page = opened_at(browser, report_file, 375, reduced_motion="reduce").go("#explorer")
    for selector in (".headline", "#x-main-old_price", "#x-main-tariff"):
        box = page.locator(f"#explorer-tool {selector}").bounding_box()
        assert box["y"] >= 0, selector
        assert box["y"] + box["height"] <= 900, selector
    page.locator(".profits").scroll_into_view_if_needed()
    box = page.locator("#explorer-tool .headline").bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 901
    page.context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_no_picture_is_wider_than_its_box_and_no_table_scrolls(browser, whole_file, width):
    page = opened_at(browser, whole_file, width).go()
    page.evaluate("document.querySelectorAll('details').forEach((item) => (item.open = true))")
    wide = page.evaluate("""() => [...document.querySelectorAll('.scroll, .picture')]
      .filter((box) => box.scrollWidth > box.clientWidth + 1)
      .map((box) => `${box.dataset.label ?? box.closest('figure').id} ${box.scrollWidth}`)""")
    assert wide == []
    pictures = page.evaluate("""() => [...document.querySelectorAll('.picture')]
      .map((box) => [box.closest('figure').id, box.checkVisibility()])""")
    shown = [name for name, visible in pictures if visible]
    assert len(shown) == len(set(shown)) == len({name for name, _ in pictures})
    page.context.close()


def test_a_narrow_screen_has_letters_of_a_readable_size(browser, whole_file):
    """No label of a chart below 11 pixels on a telephone."""
    page = opened_at(browser, whole_file, 375).go()
    small = page.evaluate("""() => [...document.querySelectorAll('.picture text')]
      .filter((text) => text.checkVisibility())
      .map((text) => [text.textContent, text.getBoundingClientRect().height])
      .filter(([, height]) => height > 0 && height < 11)""")
    assert small == []
    page.context.close()


def test_a_value_is_told_to_pointer_and_keyboard(browser, whole_file):
    page = opened_at(browser, whole_file, 1280, reduced_motion="reduce").go()
    mark = page.locator("#figure-prices-and-duty .picture.wide [data-value*='145%']").first
    mark.hover()
    assert "145%" in page.locator(".tip").inner_text()
    picture = page.locator("#figure-prices-and-duty .picture.wide")
    picture.focus()
    page.keyboard.press("ArrowRight")
    first = page.locator(".tip").inner_text()
    assert first
    page.keyboard.press("ArrowRight")
    assert page.locator(".tip").inner_text() != first
    page.keyboard.press("Escape")
    assert page.locator(".tip").is_hidden()
    page.context.close()


def test_dark_mode_draws_dark_charts(browser, whole_file):
    shades = {}
    for scheme in ("light", "dark"):
        page = opened_at(browser, whole_file, 1280, scheme).go()
        shades[scheme] = page.evaluate("""() => {
          const ground = document.querySelector('.picture.wide svg path[fill*="var"]');
          const page = getComputedStyle(document.documentElement);
          return [getComputedStyle(ground).fill, page.backgroundColor];
        }""")
        page.context.close()
    assert shades["light"][0] == shades["light"][1] == "rgb(255, 255, 255)"
    assert shades["dark"][0] == shades["dark"][1]
    assert shades["dark"] != shades["light"]


def test_a_long_table_is_searched_and_sorted(browser, whole_file):
    page = opened_at(browser, whole_file, 1280).go()
    table = page.locator("table[data-searchable]").first
    search = page.get_by_role("searchbox").first
    search.fill("sony")
    rows = table.locator("tbody tr:not([hidden])")
    assert {"Sony" in text for text in rows.all_inner_texts()} == {True}
    search.fill("")
    head = table.locator("thead button", has_text="Of sales")
    head.click()
    assert table.locator("thead [aria-sort=descending]").count() == 1
    ends = table.evaluate("""(table) => [...table.tBodies[0].rows]
      .map((row) => parseFloat(row.cells[4].textContent)).filter(Number.isFinite)""")
    assert ends == sorted(ends, reverse=True)
    page.context.close()


def test_paper_shows_the_answer_and_no_controls(browser, report_file):
    page = opened_at(browser, report_file, 1280).go()
    page.emulate_media(media="print")
    assert page.locator("#explorer-tool .headline").is_visible()
    assert page.locator("#explorer-tool .controls").is_hidden()
    assert page.locator("#explorer-tool .buttons").is_hidden()
    page.context.close()


def test_nothing_moves_for_whoever_asks_for_that(browser, report_file):
    for motion, behaviour in (("reduce", "auto"), ("no-preference", "smooth")):
        page = opened_at(browser, report_file, 1280, reduced_motion=motion).go()
        style = page.evaluate("getComputedStyle(document.documentElement).scrollBehavior")
        assert style == behaviour
        page.context.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("view", ["top", "explorer"])
def test_the_main_views_look_as_they_did(browser, sample_file, view, width):
    """A shrunken grey picture against the kept one: layout shows, the drawing of letters does not.

    After a change that is meant, delete the picture, run this test, and look at the new one.
    """
    page = opened_at(browser, sample_file, width, reduced_motion="reduce").go()
    part = page.locator("section.what-if" if view == "explorer" else "body > header, .findings")
    shot = part.first.screenshot() if view == "explorer" else page.screenshot()
    found = shrunken(shot)
    kept = LOOKS / f"{view}-{width}.png"
    if not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        image(found).save(kept)
        pytest.fail(f"{kept.name} was missing; it is made now: look at it and keep it")
    before = pixels(kept)
    page.context.close()
    assert abs(before.shape[0] - found.shape[0]) <= 3, "the view grew or shrank"
    rows = min(before.shape[0], found.shape[0])
    apart = np.abs(before[:rows].astype(float) - found[:rows])
    assert apart.mean() < 6, f"{apart.mean():.1f} of 255 apart on average"


def shrunken(shot: bytes):
    """Return a screenshot as grey blocks of 8 by 8."""
    from PIL import Image

    picture = Image.open(io.BytesIO(shot)).convert("L")
    return np.asarray(
        picture.resize((picture.width // 8, picture.height // 8), Image.Resampling.BOX)
    )


def image(grey):
    from PIL import Image

    return Image.fromarray(grey)


def pixels(path: Path):
    from PIL import Image

    with Image.open(path) as picture:
        return np.asarray(picture.convert("L"))
