"""A real browser, and the report it opens. Skipped where there is none, never in CI."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from opened_page import Opened
from sample import sample_document

from tariffimpact.cases import read_case
from tariffimpact.facts import read_facts
from tariffimpact.report.content import Document
from tariffimpact.report.explorer import explorer_of
from tariffimpact.report.html import render_html
from tariffimpact.tariffs import shipped_schedule

if TYPE_CHECKING:
    from playwright.sync_api import Browser

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


def page_of(document: Document) -> str:
    """Return a report's page with empty charts, for charts are tested alone."""
    blank = "<svg xmlns='http://www.w3.org/2000/svg'/>"
    return render_html(document, {figure.name: blank for figure in document.figures})


@pytest.fixture(scope="session")
def report_file(tmp_path_factory: pytest.TempPathFactory, shipped_report: Document) -> Path:
    """The page of the shipped facts and cases."""
    file = tmp_path_factory.mktemp("page") / "tariff-impact.html"
    file.write_text(page_of(shipped_report), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def whole_file(tmp_path_factory: pytest.TempPathFactory, shipped_report: Document) -> Path:
    """The page of the shipped facts, its charts drawn for both widths."""
    from tariffimpact.report.write import write_report

    write_report(shipped_report, folder := tmp_path_factory.mktemp("whole"), formats=("html",))
    return folder / "tariff-impact.html"


@pytest.fixture
def opened(browser: Browser, report_file: Path) -> Iterator[Opened]:
    found = Opened(browser, report_file, viewport={"width": 1280, "height": 900})
    yield found
    found.page.context.close()
    assert found.complaints == []


@pytest.fixture(scope="session")
def sample_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page that stays as it is when the facts change: a sample and the textbook's explorer."""
    facts = read_facts()
    explorer = explorer_of([read_case("textbook", facts=facts)], shipped_schedule(facts))
    document = replace(sample_document(), explorer=explorer)
    file = tmp_path_factory.mktemp("sample") / "sample.html"
    file.write_text(page_of(document), encoding="utf-8")
    return file
