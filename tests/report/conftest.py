"""The sample report and its renderings, each made once."""

from __future__ import annotations

import pytest
from sample import bare_svgs, sample_document

from tariffimpact.report.content import Document
from tariffimpact.report.html import render_html
from tariffimpact.report.pdf import render_pdf


@pytest.fixture(scope="session")
def document() -> Document:
    return sample_document()


@pytest.fixture(scope="session")
def svgs(document: Document) -> dict[str, str]:
    return bare_svgs(document)


@pytest.fixture(scope="session")
def html(document: Document, svgs: dict[str, str]) -> str:
    return render_html(document, svgs)


@pytest.fixture(scope="session")
def pdf(document: Document, svgs: dict[str, str]) -> bytes:
    return render_pdf(document, svgs)
