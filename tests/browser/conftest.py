"""A real browser, and the report it opens. Skipped where there is none, never in CI."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tariffimpact.report import read_report
from tariffimpact.report.html import render_html

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        said = "no browser found: install chromium to run the tests of the page"
        if os.environ.get("TARIFFIMPACT_BROWSER_REQUIRED"):
            pytest.fail(said)
        pytest.skip(said)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def report_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the shipped facts and cases; its charts are tested alone."""
    document = read_report()
    drawn = {
        figure.name: "<svg xmlns='http://www.w3.org/2000/svg'/>" for figure in document.figures
    }
    file = tmp_path_factory.mktemp("page") / "tariff-impact.html"
    file.write_text(render_html(document, drawn), encoding="utf-8")
    return file


class Opened:
    """A page, and everything it complained of or asked the network for."""

    def __init__(self, browser: Browser, file: Path, **options: object) -> None:
        self.file = file
        self.complaints: list[str] = []
        context = browser.new_context(**options)  # type: ignore[arg-type]
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.page: Page = context.new_page()
        self.page.on("console", lambda said: self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._asked)

    def _asked(self, request: object) -> None:
        url = str(request.url)  # type: ignore[attr-defined]
        if not url.startswith(("file:", "data:")):
            self.complaints.append(f"asked for {url}")

    def go(self, fragment: str = "") -> Page:
        self.page.goto("about:blank")
        self.page.goto(f"file://{self.file}{fragment}")
        return self.page


@pytest.fixture
def opened(browser: Browser, report_file: Path) -> Iterator[Opened]:
    found = Opened(browser, report_file, viewport={"width": 1280, "height": 900})
    yield found
    found.page.context.close()
    assert found.complaints == []
