"""A report as a tagged, archivable PDF: PDF/UA-1 and PDF/A-2a, the same bytes every time.

The template is fixed; what the report says reaches it as data, so no text could ever be read as
code. The only fonts are the report's own; what they cannot print is shown by a sign, and said.
"""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from tariffimpact import units
from tariffimpact.errors import TariffImpactError
from tariffimpact.memory import told_of_abort
from tariffimpact.report import wording
from tariffimpact.report.content import (
    Block,
    Bullets,
    Document,
    Figure,
    Paragraph,
    Reference,
    Table,
)
from tariffimpact.writing import json_text, scratch

STANDARDS: Final = ("a-2a", "ua-1")
"""What the file conforms to, as typst names it."""

_TEMPLATES: Final = Path(__file__).with_name("templates")
_TEXT_WIDTH: Final = 481.8
"""Between the margins of the page, in points."""
_PAD: Final = 9.0
_ONE_LINE: Final = re.compile(r"\d{1,2} [A-Z][a-z]{2} \d{4}|\S{1,6} to \S{1,6}")
"""Cells that are read at a glance: days in their short form, and ranges."""
"""Right of each column, in points."""
_EM: Final = 0.52
"""Mean width of a letter, in ems; bold ones included."""
_SHORT: Final = (24, 20, 16, 12)
"""Letters up to which a column's cells keep to one line: the first with which there is room."""
_SHORT_SHARE: Final = 0.7
"""Share of the page that short cells may take where there are long ones too."""
_WHOLE: Final = 5
"""Rows up to which a table is kept on one page."""
_FIRST: Final = 4
"""Rows of a longer one that stand on the page on which it begins, at the least."""
MOST_PRINTED: Final = 15
"""Rows of a table on paper; the page has the others."""
_LINE: Final = 7.0
"""Size of a source's line, points."""
_NUMBER: Final = 21.0
_GUTTER: Final = 14.2
_MOST_HEAD: Final = 190.0
"""Room, in points, that the beginning of a table may ask for."""
_SAMPLED: Final = 80
"""Rows of a table looked at to choose its columns' widths."""
_LONGEST_WORDS: Final = (26, 18, 13, 9, 6, 4)
"""Letters above which words are broken: the first with which the table fits the page."""
_TALL: Final = 900
"""Letters above which a cell may be too tall for one page, so that its row may break."""
_ENDLESS: Final = 26
_JOINTS: Final = "/?&=_.-"


def render_pdf(document: Document, figures: Mapping[str, str]) -> bytes:
    """Return a report as a PDF document.

    Parameters
    ----------
    document
        What the report says; its data date becomes the date of the file.
    figures
        The name of each figure of the document, and its chart as SVG text.

    Returns
    -------
    bytes
        The file, tagged, with outline and alternative texts; same input, same bytes.

    Raises
    ------
    TariffImpactError
        If the document cannot be set, such as for a chart that is no SVG.
    """
    return compiled("report.typ", _Payload(document, figures).whole(), day=document.data_date)


def compiled(template: str, content: Mapping[str, Any], *, day: date) -> bytes:
    """Return a template as a PDF document, its content handed over as data; same input, same bytes.

    Raises
    ------
    TariffImpactError
        If it cannot be set.
    """
    import typst

    with scratch() as fonts:
        _lay_out_fonts(fonts)
        setting: Callable[[], Any] = partial(
            typst.compile,
            _TEMPLATES / template,
            root=_TEMPLATES,
            font_paths=typst.Fonts(
                include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(fonts)]
            ),
            ignore_system_fonts=True,
            timestamp=int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()),
            sys_inputs={"document": json_text(content)},
            pdf_standards=list(STANDARDS),
        )
        try:
            return told_of_abort(setting)
        except typst.TypstError as error:
            raise TariffImpactError(f"the PDF could not be set: {error.message}") from error


def _lay_out_fonts(folder: Path) -> None:
    """Put one file of each style where typst looks; the package has every style twice."""
    from tariffimpact.charts import font_files

    for file in font_files():
        shutil.copyfile(file, folder / file.name)


class _Payload:
    """Turns a report into what the template prints, in characters the font has."""

    def __init__(self, document: Document, figures: Mapping[str, str]) -> None:
        self._document = document
        self._figures = figures
        self._missing: set[str] = set()

    def whole(self) -> dict[str, Any]:
        """Return everything the template needs."""
        document = self._document
        dates = [f"{what} {units.day(when)}" for what, when in wording.dated(document)]
        return {
            "title": self._ink(document.title),
            "lead": self._ink(document.lead),
            "author": "tariffimpact",
            "keywords": ["tariff", "pass-through", "incidence"],
            "language": document.language,
            "dates": [*dates, self._ink(document.made_with)],
            "opening": None if document.opening is None else self._figure(document.opening),
            "findings": [self._paragraph(p) for p in document.findings],
            "legend": list(wording.STANDINGS.items()),
            "sections": [
                {"title": self._ink(s.title), "blocks": [self._block(b) for b in s.blocks]}
                for s in document.sections
            ],
            "references": [self._reference(r) for r in document.references],
            "note": self._note(),  # last, when all characters have been seen
        }

    def _ink(self, text: str, longest: int = _ENDLESS) -> str:
        """Return a text as the font prints it, words longer than `longest` made breakable."""
        from tariffimpact.charts import legible

        self._missing |= unprintable_of(text)
        return _breakable(legible(text), longest)

    def _note(self) -> str:
        """Return what to say where characters had to be replaced, or nothing."""
        from tariffimpact.charts import legible

        if not self._missing:
            return ""
        sign = legible(min(self._missing))
        return f"Characters this font cannot print are shown as {sign}; the HTML page has them."

    def _paragraph(self, paragraph: Paragraph) -> dict[str, Any]:
        return {
            "kind": "paragraph",
            "text": self._ink(paragraph.text),
            "cites": self._document.numbers(paragraph.cites),
            "standing": paragraph.standing,
        }

    def _block(self, block: Block) -> dict[str, Any]:
        if isinstance(block, Bullets):
            return {"kind": "bullets", "items": [self._paragraph(p) for p in block.items]}
        if isinstance(block, Figure):
            return self._figure(block)
        return self._table(block) if isinstance(block, Table) else self._paragraph(block)

    def _figure(self, figure: Figure) -> dict[str, Any]:
        return {
            "kind": "figure",
            "title": self._ink(figure.title),
            "subtitle": self._ink(figure.subtitle),
            "source": self._ink(wording.credit(figure.source)),
            "alt": figure.alt,
            "svg": self._figures[figure.name],
            "cites": self._document.numbers(figure.cites),
        }

    def _table(self, table: Table) -> dict[str, Any]:
        """Return a table with the widths of its columns, its words broken where they must be."""
        rows = [tuple(map(_together, row)) for row in table.rows[:MOST_PRINTED]]
        left = len(table.rows) - len(rows)
        more = f" … and {left} more rows, on the page." if left else ""
        cites = [self._document.numbers(ids) for ids in table.cites[:MOST_PRINTED]]
        cites = cites if any(cites) else []
        columns, full = table.columns, rows
        if cites:
            marks = (", ".join(map(str, numbers)) for numbers in cites)
            columns = (*columns, "Sources")
            full = [(*row, mark) for row, mark in zip(rows, marks, strict=True)]
        size = 8.0 if len(columns) <= 6 else 7.5
        widths, longest = _column_widths([columns, *full], size)
        return {
            "kind": "table",
            "caption": self._ink(table.caption),
            "columns": [self._ink(name, longest) for name in columns],
            "rows": [[self._ink(cell, longest) for cell in row] for row in rows],
            "cites": cites,
            "numeric": table.numeric,
            "note": self._ink(f"{table.note}{more}".strip()),
            "head": _head_height([columns, *full], widths, size),
            "size": size,
            "pad": _PAD,
            "widths": widths,
            "whole": len(rows) <= _WHOLE,
            "tall": any(len(cell) > _TALL for row in rows for cell in row),
        }

    def _reference(self, reference: Reference) -> dict[str, Any]:
        source = reference.source
        line = f"{source.publisher}, {units.day(source.published_on, short=True)}: {source.title}"
        return {
            "number": reference.number,
            "line": self._line(line),
            "url": str(source.url),
        }

    def _line(self, text: str) -> str:
        """Return a source in one printed line: shortened where it must be."""
        from tariffimpact.charts.fonts import wrapped

        self._missing |= unprintable_of(text)
        room = (_TEXT_WIDTH - _GUTTER) / 2 - _NUMBER
        return wrapped(text, room, _LINE, lines=1)


def unprintable_of(text: str) -> set[str]:
    """Return the characters of a text that the font cannot print."""
    from tariffimpact.charts import unprintable

    return unprintable("".join(text.split()))


def _column_widths(rows: Sequence[Sequence[str]], size: float) -> tuple[tuple[float, ...], int]:
    """Return the width of each column in points, and the length above which words must break.

    Every column has room for its longest word, and short cells keep to one line where the page
    allows it. What is left goes where it makes the table shortest.
    """
    letter = size * _EM
    room = (_TEXT_WIDTH - len(rows[0]) * _PAD) / letter
    columns = list(zip(*rows, strict=True))
    words = [max((len(w) for c in cells for w in c.split(" ")), default=0) for cells in columns]
    longest = next(
        (n for n in _LONGEST_WORDS if sum(min(word, n) for word in words) <= room),
        _LONGEST_WORDS[-1],
    )
    widths = [max(min(word, longest), 1) for word in words]
    usual = [max(map(len, cells[1:]), default=0) for cells in columns]
    for short in _SHORT:
        roomy = [max(w, u if u <= short else 0) for w, u in zip(widths, usual, strict=True)]
        if sum(roomy) <= room * (_SHORT_SHARE if max(usual) > short else 1):
            widths = roomy
            break
    widths = _filled(widths, [[len(cell) for cell in row] for row in rows], room)
    share = (room - sum(widths)) / len(widths)  # a table fills the page, asked to or not
    return tuple(round((width + share) * letter + _PAD, 2) for width in widths), longest


def _head_height(rows: Sequence[Sequence[str]], widths: Sequence[float], size: float) -> float:
    """Return about how tall a table's caption, head and first rows are, points."""
    tall = 30.0
    for row in rows[: _FIRST + 1]:
        lines = max(
            math.ceil(len(cell) * size * _EM / max(width - _PAD, 1.0))
            for cell, width in zip(row, widths, strict=True)
        )
        tall += max(lines, 1) * size * 1.2 + 6
    return min(round(tall, 1), _MOST_HEAD)


def _filled(widths: list[int], lengths: Sequence[Sequence[int]], room: float) -> list[int]:
    """Return widths grown to `room`, each letter where it takes most off the rows' heights."""
    widths = list(widths)
    sample = lengths[:: len(lengths) // _SAMPLED + 1]
    while sum(widths) + 1 <= room:
        gains = [0.0] * len(widths)
        for row in sample:
            lines = [length / width for length, width in zip(row, widths, strict=True)]
            tallest = max(range(len(lines)), key=lines.__getitem__)
            if lines[tallest] > 1:
                gains[tallest] += lines[tallest] / (widths[tallest] + 1)
        if not any(gains):
            break
        widths[max(range(len(gains)), key=gains.__getitem__)] += 1
    return widths


def _together(cell: str) -> str:
    """Return a day or a range, if that is all a cell holds, so that it stays on one line.

    Examples
    --------
    >>> [_together(cell).count(" ") for cell in ("14 May 2025", "70% to 90%", "No sum in 2025")]
    [0, 0, 3]
    """
    return cell.replace(" ", "\N{NO-BREAK SPACE}") if _ONE_LINE.fullmatch(cell) else cell


def _breakable(text: str, longest: int) -> str:
    """Return text with places to break inside the words longer than `longest`.

    Examples
    --------
    >>> _breakable("see example.org/a-long-path", 14).split(chr(0x200B))
    ['see example.', 'org/', 'a-', 'long-', 'path']
    """
    if len(text) <= longest:
        return text
    joints = re.escape(_JOINTS)
    part = re.compile(rf"[^{joints}]{{1,{min(longest, 14)}}}[{joints}]*|[{joints}]+")

    def parted(word: re.Match[str]) -> str:
        return "\N{ZERO WIDTH SPACE}".join(part.findall(word[0]))

    return re.sub(rf"\S{{{longest + 1},}}", parted, text)
