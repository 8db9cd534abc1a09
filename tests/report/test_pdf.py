"""The printed report is tagged, archivable, and says literally what the data says."""

from __future__ import annotations

import dataclasses
import io
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from sample import FORMULA, HOSTILE, JAPANESE, LONG_WORD, READ

from tariffimpact.errors import TariffImpactError
from tariffimpact.report.content import MOST_ROWS, Document, Table
from tariffimpact.report.pdf import MOST_PRINTED, _column_widths, render_pdf

needs_pdftotext = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="no text extraction: pdftotext is not installed"
)


@pytest.fixture(scope="module")
def opened(pdf: bytes) -> Iterator[pikepdf.Pdf]:
    with pikepdf.open(io.BytesIO(pdf)) as file:
        yield file


@pytest.fixture(scope="module")
def text(pdf: bytes) -> str:
    """The words of the file in reading order, line breaks and break points taken out."""
    run = subprocess.run(
        ["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True
    )
    return _bare(run.stdout.decode("utf-8"))


def _bare(text: str) -> str:
    return re.sub(r"[\s\u200b\u2060]+", "", text)


def _elements(node: Any) -> Iterator[Any]:
    """Walk the structure tree of a tagged file."""
    for kid in (
        node.get("/K", []) if isinstance(node.get("/K"), pikepdf.Array) else [node.get("/K")]
    ):
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield kid
            yield from _elements(kid)


def test_it_is_tagged_and_says_its_language(opened: pikepdf.Pdf, document: Document) -> None:
    assert bool(opened.Root.MarkInfo.Marked)
    assert str(opened.Root.Lang) == document.language
    assert str(opened.docinfo["/Title"]) == document.title
    for name in ("/CreationDate", "/ModDate"):
        assert str(opened.docinfo[name]) == f"D:{document.data_date:%Y%m%d}000000Z"
    assert bool(opened.Root.ViewerPreferences.DisplayDocTitle)


def test_it_declares_ua_1_and_a_2a(opened: pikepdf.Pdf) -> None:
    with opened.open_metadata() as metadata:
        assert metadata["pdfuaid:part"] == "1"
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "A")


def test_the_outline_holds_sections_and_figures(opened: pikepdf.Pdf, document: Document) -> None:
    with opened.open_outline() as outline:
        titles = {item.title: [kid.title for kid in item.children] for item in outline.root}
    assert list(titles) == ["Findings", *(s.title for s in document.sections), "References"]
    assert list(chain(*titles.values())) == [f.title for f in document.figures]


def test_every_chart_has_its_words(opened: pikepdf.Pdf, document: Document) -> None:
    figures = [e for e in _elements(opened.Root.StructTreeRoot) if e.S == "/Figure"]
    assert [str(figure.Alt) for figure in figures] == [f.alt for f in document.figures]


def test_tables_are_tables(opened: pikepdf.Pdf) -> None:
    kinds = [str(e.S) for e in _elements(opened.Root.StructTreeRoot)]
    assert kinds.count("/Table") == kinds.count("/THead") == kinds.count("/Caption") == 2
    assert kinds.count("/TH") == 7 + 11


def test_every_font_is_embedded(opened: pikepdf.Pdf) -> None:
    names = set()
    for font in opened.objects:
        if isinstance(font, pikepdf.Dictionary) and font.get("/Type") == "/FontDescriptor":
            names.add(str(font.FontName).split("+")[-1])
            assert {"/FontFile2", "/FontFile3"} & set(font.keys())
    assert names
    assert all(name.startswith("SourceSansPro-") for name in names), names


def test_sources_are_linked(opened: pikepdf.Pdf, document: Document) -> None:
    links = {
        str(note.A.URI)
        for page in opened.pages
        for note in page.get("/Annots", [])
        if "/A" in note and "/URI" in note.A
    }
    assert links == {str(r.source.url) for r in document.references}


@needs_pdftotext
@pytest.mark.parametrize("words", [*HOSTILE, LONG_WORD])
def test_hostile_words_are_text(text: str, words: str) -> None:
    assert _bare(words) in text


@needs_pdftotext
def test_it_names_the_program_and_the_data(text: str, document: Document) -> None:
    assert _bare(document.made_with) in text


@needs_pdftotext
def test_no_file_was_read(text: str) -> None:
    assert "root:" not in text


@needs_pdftotext
def test_what_the_font_lacks_is_shown_and_said(text: str) -> None:
    assert JAPANESE not in text
    assert _bare("Characters this font cannot print are shown as ?") in text


@needs_pdftotext
def test_without_such_characters_nothing_is_said(document: Document, svgs: dict[str, str]) -> None:
    plain = dataclasses.replace(document, sections=document.sections[2:], references=())
    plain = dataclasses.replace(plain, findings=())
    run = subprocess.run(
        ["pdftotext", "-", "-"], input=render_pdf(plain, svgs), capture_output=True, check=True
    )
    assert b"cannot print" not in run.stdout


@needs_pdftotext
def test_a_table_without_end_is_cut_and_says_so(document: Document, svgs: dict[str, str]) -> None:
    table = Table(caption="Rows", columns=("Row",), rows=tuple((f"r{n}",) for n in range(2000)))
    section = dataclasses.replace(document.sections[0], blocks=(table,))
    printed = render_pdf(dataclasses.replace(document, sections=(section,)), svgs)
    run = subprocess.run(["pdftotext", "-", "-"], input=printed, capture_output=True, check=True)
    assert f"and {2000 - MOST_ROWS:,} more rows, which the data holds." in run.stdout.decode()
    assert f"and {MOST_ROWS - MOST_PRINTED} more rows, on the page." in run.stdout.decode()
    last, cut = (f"r{n}".encode() in run.stdout for n in (MOST_PRINTED - 1, MOST_PRINTED))
    assert (last, cut) == (True, False)


def test_same_report_same_bytes(document: Document, svgs: dict[str, str], pdf: bytes) -> None:
    assert render_pdf(document, svgs) == pdf


def test_a_name_that_is_code_is_only_a_name(document: Document, svgs: dict[str, str]) -> None:
    """Code in every place a text can stand; the compiler would fail on it if it read it."""
    nasty = f'{READ} #panic("run") $ * _ ` <label> @label // {FORMULA} \\ #{{'
    named = dataclasses.replace(document, title=nasty, lead=nasty, made_with=nasty)
    assert render_pdf(named, svgs).startswith(b"%PDF")


def test_a_chart_that_is_none_is_an_error_in_words(
    document: Document, svgs: dict[str, str]
) -> None:
    with pytest.raises(TariffImpactError, match="the PDF could not be set"):
        render_pdf(document, dict.fromkeys(svgs, "no picture"))


@pytest.mark.parametrize("columns", [1, 2, 5, 9, 14])
def test_a_table_is_as_wide_as_the_page(columns: int) -> None:
    rows = [["head"] * columns, ["word " * n + "x" * 40 for n in range(columns)]]
    widths, _ = _column_widths(rows, 8.0)
    assert sum(widths) == pytest.approx(481.8, abs=0.1)  # 170 mm; widths are rounded
    assert min(widths) > 9.0


@pytest.mark.whole
def test_no_page_of_the_whole_report_is_a_third_empty_and_it_is_short(
    shipped_report: Document, tmp_path: Path
) -> None:
    """Looked at as pictures: rows of pixels with ink between head and foot of each page."""

    import numpy as np
    from PIL import Image

    if shutil.which("pdftoppm") is None:
        pytest.skip("pdftoppm is not there: install poppler-utils")
    from tariffimpact.report.write import write_report

    write_report(shipped_report, tmp_path, formats=("pdf",))
    subprocess.run(
        ["pdftoppm", "-r", "24", "-gray", str(tmp_path / "tariff-impact.pdf"), str(tmp_path / "p")],
        check=True,
    )
    pages = sorted(tmp_path.glob("p-*.pgm"))
    assert len(pages) <= 16
    for page in pages[:-1]:
        with Image.open(page) as picture:
            grey = np.asarray(picture)
        body = grey[: int(0.94 * len(grey))]
        inked = np.flatnonzero((body < 250).any(axis=1))
        edges = np.array([int(0.05 * len(grey)), *inked, len(body)])
        assert np.diff(edges).max() < len(grey) / 3, page.name
