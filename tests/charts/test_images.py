"""What a figure becomes as SVG, and which characters a label may hold."""

import re
from xml.etree import ElementTree as ET

import matplotlib
import pandas as pd
import pytest
from matplotlib.ft2font import FT2Font

from tariffimpact import charts
from tariffimpact.charts.style import (
    BLUE,
    DARK,
    GREY_TEXT,
    INK,
    PAPER,
    TEXT_INSIDE,
    TEXT_ON_WHITE,
)

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def unknown_to_pyplot():
    with charts.drawn_for(shown=False):
        yield


@pytest.fixture
def figure():
    frame = pd.DataFrame({"label": ["<b>&", 'id="x" url(#y)'], "low": [1, 2], "high": [2, 2]})
    return charts.range_bars(frame).figure


def test_ids_carry_the_charts_name_and_every_reference_resolves(figure):
    root = ET.fromstring(charts.svg(figure, name="Duty & price", alt="x"))
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert all(name.startswith("duty-price-") for name in ids)
    used = set()
    for element in root.iter():
        for key, value in element.attrib.items():
            if key.endswith("href"):
                used.add(value.removeprefix("#"))
            used |= set(re.findall(r"^url\(#(.+)\)$", value))
        used |= set(element.get("aria-labelledby", "").split())
    assert used
    assert used <= set(ids)


def test_svg_goes_inside_a_page_under_a_strict_policy(figure):
    text = charts.svg(figure, name="x", alt="y")
    assert text.startswith("<svg ")
    assert "<style" not in text
    assert " style=" not in text
    assert "<?xml" not in text
    assert "<!DOCTYPE" not in text
    assert "<metadata" not in text


def test_labels_stay_text_and_literal(figure):
    root = ET.fromstring(charts.svg(figure, name="x", alt="y"))
    printed = ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]
    assert {"<b>&", 'id="x" url(#y)'} <= set(printed)


def test_picture_is_named_and_described(figure):
    root = ET.fromstring(charts.svg(figure, name="x", alt="Prices < rose\x00", title="Prices"))
    by_id = {element.get("id"): element for element in root.iter()}
    label, description = root.get("aria-labelledby").split()
    assert root.get("role") == "img"
    assert (by_id[label].tag, by_id[label].text) == (f"{SVG}title", "Prices")
    assert (by_id[description].tag, by_id[description].text) == (f"{SVG}desc", "Prices < rose")
    alone = ET.fromstring(charts.svg(figure, name="x", alt="Prices rose"))
    assert alone.find(f"{SVG}title").text == "Prices rose"
    assert alone.find(f"{SVG}desc") is None


def test_png_has_the_size_asked_for(figure):
    picture = charts.png(figure, dpi=100)
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[16:20]) == pytest.approx(670, abs=1)
    assert b"Software" not in picture


def test_font_files_hold_the_family_and_are_used():
    files = charts.font_files()
    assert [FT2Font(file).family_name for file in files] == ["Source Sans Pro"] * 4
    with charts.theme():
        found = matplotlib.font_manager.findfont(matplotlib.font_manager.FontProperties())
    assert found == str(files[0])


@pytest.mark.parametrize("text", ["Sony", "Estée Lauder", "$5_a^b", "−10% → ≥ €1 ¥2 £3", "Ωμέγα"])
def test_what_the_font_has_is_left_alone(text):
    assert charts.legible(text) == text
    assert charts.unprintable(text) == set()


def test_what_the_font_lacks_becomes_a_sign_that_it_has():
    assert charts.unprintable("任天堂 Co.") == set("任天堂")
    assert charts.legible("任天堂 Co.") == "??? Co."
    assert charts.legible("a\x07b\u202ec") == "a?b?c"
    assert charts.legible("  two\nlines\t ") == "two lines"
    assert charts.legible("E\u0301") == "É"
    assert charts.legible(None) == "None"
    assert charts.legible("") == ""


def luminance(colour):
    """Return the relative luminance of WCAG 2."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def on_paper():
    texts = {INK, GREY_TEXT, *TEXT_ON_WHITE.values()}
    return [(text, PAPER) for text in sorted(texts)] + [
        (text, mark) for mark, text in TEXT_INSIDE.items()
    ]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("text", "ground"), on_paper())
def test_every_label_is_readable_in_both_schemes(text, ground, dark):
    """4.5 to 1, as WCAG 2 asks of text."""
    shades = DARK if dark else {colour: colour for colour in DARK}
    assert contrast(shades[text], shades[ground]) >= 4.5


def test_each_role_has_a_colour_of_its_own_in_the_light_scheme():
    assert len(DARK) == len({colour.upper() for colour in DARK})


def test_a_themed_picture_follows_the_page_and_keeps_the_light_colour(figure):
    picture = charts.svg(figure, name="x", alt="y")
    assert f'fill="{BLUE.lower()}"' in picture
    themed = charts.themed(picture)
    roles = dict(rule.split(":") for rule in charts.scheme_rules(dark=True).split(";"))
    used = dict(re.findall(r"var\((--c\d+),(#[0-9a-f]{6})\)", themed))
    assert roles[next(role for role, colour in used.items() if colour == BLUE.lower())] == (
        DARK[BLUE].lower()
    )
    assert re.sub(r"var\(--c\d+,(#[0-9a-f]{6})\)", r"\1", themed) == picture
    left = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{6})"', themed))
    assert left == set()  # no colour without a role


def test_the_bare_picture_of_a_pair_is_the_chart_without_its_frame(figure):
    """The bare figure drawn by itself, before it is framed, is the second method."""
    alone = ET.fromstring(charts.svg(figure, name="x", alt="y"))
    words = {"title": "The finding", "subtitle": "The measure", "source": "Somebody"}
    framed = charts.framed(figure.axes[0], **words)
    bare, whole = (
        ET.fromstring(text)
        for text in charts.svg_pair(framed, name="x", alt="y", title="The finding")
    )

    def places(root):
        left, top, *size = (float(number) for number in root.get("viewBox").split())
        found = [
            (text.text, float(text.get("x", 0)) - left, float(text.get("y", 0)) - top)
            for text in root.iter(f"{SVG}text")
            if not text.get("transform")
        ]
        return size, found

    (size, inside), (same, expected) = places(bare), places(alone)
    assert size == pytest.approx(same, abs=0.01)
    assert [text for text, *_ in inside] == [text for text, *_ in expected]
    for (_, *here), (_, *there) in zip(inside, expected, strict=True):
        assert here == pytest.approx(there, abs=0.2)  # 0.2 points: what `fit` calls still
    printed = {text.text for text in whole.iter(f"{SVG}text")}
    assert {"The finding", "The measure", "Source: Somebody"} <= printed
