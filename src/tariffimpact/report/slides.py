"""Slides of a report: its title, its findings and each chart with its source, text to be edited."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator
from typing import Any, Final

from tariffimpact import units
from tariffimpact.facts import Source
from tariffimpact.report import wording
from tariffimpact.report.content import Brief, Document, Figure
from tariffimpact.writing.sheet_look import undated

_PER_SLIDE: Final = 4
"""Findings that one slide has room for."""
_SIZES: Final = (26, 22, 18, 15)
_WIDTH: Final = 11.7
"""Inches of text across a slide."""
_LEADING: Final = 1.25
_FONT: Final = "Source Sans Pro"


def slides_of(brief: Brief, document: Document | None) -> bytes:
    """Return a presentation: same input, same bytes.

    The first slide has the title and the answer, then come the findings, the five numbers, and
    each chart as a picture with its title and source as text.
    """
    import pptx

    deck = pptx.Presentation()
    deck.slide_width, deck.slide_height = pptx.util.Inches(13.333), pptx.util.Inches(7.5)
    _title(deck, brief)
    findings = [found.text for found in document.findings] if document is not None else []
    for start in range(0, len(findings), _PER_SLIDE):
        _bullets(deck, "Findings", findings[start : start + _PER_SLIDE])
    _bullets(deck, "The numbers", [f"{label}: {value}" for label, value in brief.numbers])
    _bullets(deck, "What would narrow them", list(brief.narrowing))
    for figure in _figures(brief, document):
        _chart(deck, figure)
    if brief.sources:
        told = [_cited(source) for source in brief.sources]
        for start in range(0, len(told), 8):
            _bullets(deck, "Sources", told[start : start + 8], size=14)
    out = io.BytesIO()
    deck.save(out)
    return undated(out.getvalue())


def _cited(source: Source) -> str:
    address = "" if source.url is None else f": {source.url}"
    return f"{source.publisher}, {source.title}, {units.day(source.published_on)}{address}"


def _figures(brief: Brief, document: Document | None) -> Iterator[Figure]:
    """Yield the page's chart, unless the report draws the same one, and those of the report."""
    drawn = document.figures if document is not None else ()
    first = brief.figure
    if first is not None and not any(first.frame.equals(figure.frame) for figure in drawn):
        yield first
    yield from drawn


def _title(deck: Any, brief: Brief) -> None:
    slide = _blank(deck)
    _text(slide, brief.title, left=0.8, top=1.6, width=11.7, height=1.6, size=40, bold=True)
    _text(slide, brief.answer.text, left=0.8, top=3.4, width=11.2, height=2.4, size=22)
    foot = f"As of {units.day(brief.data_date)}. {brief.made_with}"
    _text(slide, foot, left=0.8, top=6.7, width=11.7, height=0.5, size=12)


def _bullets(deck: Any, title: str, items: list[str], size: int = 20) -> None:
    slide = _blank(deck)
    _text(slide, title, left=0.8, top=0.5, width=11.7, height=0.9, size=30, bold=True)
    frame = _text(slide, "", left=0.8, top=1.5, width=11.7, height=5.4, size=size)
    for n, item in enumerate(items):
        line = frame.paragraphs[0] if n == 0 else frame.add_paragraph()
        _set(line, item, size)
        line.space_after = _points(10)


def _chart(deck: Any, figure: Figure) -> None:
    """Add a chart as a picture, its title, measure and source as text."""
    from tariffimpact.charts import drawn_for, png
    from tariffimpact.charts.style import figure_of

    with drawn_for(shown=False):
        drawn = figure_of(figure.draw())
    picture = io.BytesIO(png(drawn))
    slide = _blank(deck)
    size, lines = _title_size(figure.title)
    below = 0.5 + lines * size * _LEADING / 72
    _text(slide, figure.title, left=0.8, top=0.4, width=_WIDTH, height=below - 0.4, size=size,
          bold=True)  # fmt: skip
    _text(slide, figure.subtitle, left=0.8, top=below, width=_WIDTH, height=0.5, size=14)
    width, height = drawn.get_size_inches()
    scale = min(11.2 / width, (6.1 - below) / height)
    shape = slide.shapes.add_picture(
        picture, _inches(0.8), _inches(below + 0.6), _inches(width * scale),
        _inches(height * scale),
    )  # fmt: skip
    shape.name = figure.title[:60]
    shape._element.nvPicPr.cNvPr.set("descr", figure.alt)
    credit = wording.credit(figure.source)
    _text(slide, credit, left=0.8, top=6.8, width=11.7, height=0.5, size=12)


def _title_size(title: str) -> tuple[int, int]:
    """Return the largest size, in points, at which a title takes two lines, and its lines.

    A bold letter is taken to be 0.62 of its size wide, as in the widest of the fonts that stand in
    for ours.

    Examples
    --------
    >>> _title_size("Short"), _title_size("a word " * 16)
    ((26, 1), (22, 2))
    """
    for size in _SIZES:
        lines = len(textwrap.wrap(title, int(_WIDTH * 72 / (0.62 * size))))
        if lines <= 2:
            return size, max(1, lines)
    return _SIZES[-1], lines


def _blank(deck: Any) -> Any:
    return deck.slides.add_slide(deck.slide_layouts[6])


def _text(
    slide: Any, text: str, *, left: float, top: float, width: float, height: float, size: int,
    bold: bool = False,
) -> Any:  # fmt: skip
    box = slide.shapes.add_textbox(_inches(left), _inches(top), _inches(width), _inches(height))
    frame = box.text_frame
    frame.word_wrap = True
    _set(frame.paragraphs[0], text, size, bold=bold)
    return frame


def _set(line: Any, text: str, size: int, *, bold: bool = False) -> None:
    run = line.add_run()
    run.text = text
    run.font.size, run.font.bold, run.font.name = _points(size), bold, _FONT


def _inches(value: float) -> Any:
    from pptx.util import Inches

    return Inches(value)


def _points(value: float) -> Any:
    from pptx.util import Pt

    return Pt(value)
