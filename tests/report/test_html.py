"""The page is sealed, whole, and says literally what the data says."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
import shutil
import subprocess
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from sample import HOSTILE, JAPANESE, LONG_URL, LONG_WORD

from tariffimpact.report.content import Document, Paragraph
from tariffimpact.report.html import render_html

_VOID = {"meta", "link", "br"}


class Page(HTMLParser):
    """A page read back: its elements in order, and the text a reader sees."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"style": [], "script": []}
        self.open: list[str] = []
        self.seen: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)
        if tag in self.raw:
            self.raw[tag].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in self.raw:
            self.raw[self.open[-1]][-1] += data
        else:
            self.seen.append(data)

    @property
    def text(self) -> str:
        return "".join(self.seen)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]

    @property
    def ids(self) -> list[str]:
        return [attrs["id"] or "" for _, attrs in self.elements if "id" in attrs]


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


@pytest.mark.parametrize("words", [*HOSTILE, JAPANESE, LONG_WORD, LONG_URL])
def test_hostile_words_are_text(page: Page, words: str) -> None:
    assert words in page.text


def test_only_the_pages_own_style_and_script_are_there(page: Page) -> None:
    assert len(page.all("style")) == len(page.all("script")) == 1
    assert not page.all("iframe") + page.all("object") + page.all("embed") + page.all("base")
    for tag, attrs in page.elements:
        assert "style" not in attrs, tag
        assert not [name for name in attrs if name.startswith("on")], tag


def test_the_policy_names_style_and_script_by_their_hash(page: Page) -> None:
    policy = next(
        m["content"] or ""
        for m in page.all("meta")
        if m.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    for kind in ("style", "script"):
        digest = hashlib.sha256(page.raw[kind][0].encode()).digest()
        assert rules[f"{kind}-src"] == f"'sha256-{base64.b64encode(digest).decode()}'"
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in policy


def test_nothing_is_loaded_from_anywhere(page: Page) -> None:
    for tag, attrs in page.elements:
        for name in ("src", "srcset", "poster", "data", "xlink:href", "href"):
            if name in attrs and tag != "a":
                assert re.match(r"data:|#", attrs[name] or ""), (tag, attrs[name])
    style = page.raw["style"][0]
    assert "@import" not in style
    assert all(found == "data:" for found in re.findall(r"url\(['\"]?(\w+:|.)", style))


def test_links_lead_to_something_on_the_page_or_to_a_source(page: Page, document: Document) -> None:
    known = set(page.ids)
    outside = set()
    for attrs in page.all("a"):
        href = attrs["href"] or ""
        if href.startswith("#"):
            assert href[1:] in known, href
        else:
            outside.add(href)
    files = {f"figures/{f.name}.{end}" for f in document.figures for end in ("png", "svg", "csv")}
    assert outside == files | {str(r.source.url) for r in document.references}


def test_a_shared_link_has_its_words_and_no_picture_of_half_an_address(
    page: Page, document: Document
) -> None:
    told = {a["property"]: a["content"] for a in page.all("meta") if "property" in a}
    first = document.figures[0]
    assert told["og:title"] == f"{document.title}: {first.title}"
    assert told["og:description"] == document.findings[0].text
    assert "og:image" not in told
    assert not [a for a in page.all("link") if a.get("rel") == "canonical"]


def test_a_page_that_knows_its_address_gives_whole_ones(document: Document) -> None:
    site = "https://example.org/tariffs/"
    figures = {
        figure.name: "<svg xmlns='http://www.w3.org/2000/svg'/>" for figure in document.figures
    }
    page = Page(render_html(dataclasses.replace(document, site=site), figures))
    told = {a["property"]: a["content"] for a in page.all("meta") if "property" in a}
    assert told["og:image"] == f"{site}figures/{document.figures[0].name}.png"
    (home,) = [a["href"] for a in page.all("link") if a.get("rel") == "canonical"]
    assert home == told["og:url"] == f"{site}tariff-impact.html"


def test_ids_are_unique_and_labels_resolve(page: Page) -> None:
    assert len(page.ids) == len(set(page.ids))
    for _, attrs in page.elements:
        for label in (attrs.get("aria-labelledby") or "").split():
            assert label in page.ids


def test_headings_go_down_one_level_at_a_time(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_citation_has_its_number_and_its_way_back(html: str, document: Document) -> None:
    for finding in document.findings:
        start = html.index(finding.text.replace("'", "&#39;"), html.index('id="findings"'))
        marks = re.findall(r'href="#ref-(\d+)"', html[start : html.index("</p>", start)])
        assert tuple(map(int, marks)) == document.numbers(finding.cites)
    anchors = set(re.findall(r'id="(cite-[^"]+)"', html))
    assert anchors == set(re.findall(r'href="#(cite-[^"]+)"', html))


def test_charts_are_pictures_with_words_and_numbers(
    page: Page, html: str, document: Document
) -> None:
    words = [(a.get("role"), a.get("aria-label")) for a in page.all("svg")]
    assert words == [("img", figure.alt) for figure in document.figures]
    for figure in document.figures:
        start = html.index(f'id="figure-{figure.name}"')
        behind = Page(html[html.index("<details>", start) : html.index("</details>", start)])
        for value in figure.frame.select_dtypes("number").to_numpy().ravel():
            assert f"{value:.6g}" in behind.text


def test_tables_have_captions_and_scoped_headers(page: Page, document: Document) -> None:
    assert len(page.all("caption")) == len(page.all("table"))
    assert {attrs["scope"] for attrs in page.all("th")} == {"col", "row"}
    assert all(attrs.get("lang") == document.language for attrs in page.all("html"))
    assert [tag for tag, _ in page.elements if tag in {"header", "main", "nav", "footer"}] == [
        "header", "main", "nav", "footer",
    ]  # fmt: skip


def test_same_report_same_page(document: Document, svgs: dict[str, str], html: str) -> None:
    assert render_html(document, svgs) == html


def test_a_page_carries_only_so_many_rows_of_a_figure(
    document: Document, svgs: dict[str, str]
) -> None:
    figure = dataclasses.replace(
        document.figures[0], frame=pd.DataFrame({"row": range(5000), "name": "x"})
    )
    section = dataclasses.replace(document.sections[0], blocks=(figure,))
    page = render_html(dataclasses.replace(document, sections=(section,)), svgs)
    assert "First 300 of 5,000 rows of console-prices.csv" in page
    assert page.count("<tr>") == 301


def test_an_unknown_source_is_not_cited_in_silence(
    document: Document, svgs: dict[str, str]
) -> None:
    stray = (Paragraph("Nobody said so.", ("no-such-source",)),)
    with pytest.raises(KeyError, match="no-such-source"):
        render_html(dataclasses.replace(document, findings=stray), svgs)


def _colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z]+): (#[0-9a-f]{3,6})", block))


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def test_every_text_colour_is_readable_in_light_and_dark(page: Page) -> None:
    """Contrast as WCAG 2.2 defines it, at least 4.5 to 1 on the paper."""
    light, dark = (
        _colours(b) for b in re.findall(r":root \{(.*?)\}", page.raw["style"][0], re.S)[:2]
    )
    for colours in (light, dark):
        for name in ("ink", "quiet", "link", "evidence", "accounting", "model", "assumption"):
            for ground in (
                (colours["paper"], colours["mark"]) if name == "quiet" else (colours["paper"],)
            ):
                low, high = sorted((_luminance(colours[name]), _luminance(ground)))
                assert (high + 0.05) / (low + 0.05) >= 4.5, (name, colours[name], ground)


@pytest.mark.skipif(
    shutil.which("chromium") is None, reason="no browser: chromium is not installed"
)
def test_a_browser_runs_the_page_without_complaint(html: str, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(html, encoding="utf-8")
    run = subprocess.run(
        [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr",
            "--window-size=500,800", "--virtual-time-budget=2000", "--dump-dom", file.as_uri(),
        ],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    complaints = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
    assert not complaints
    assert re.search(r'class="picture[^>]* tabindex="0"', run.stdout), "the script did not run"
