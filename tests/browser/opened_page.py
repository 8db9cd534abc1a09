"""A page opened in the browser, and everything it complained of or asked the network for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


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
