"""Answers as workbooks: a sheet of inputs and live formulas, tables of values, the sources."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.errors import ModelError
from tariffimpact.facts import Source
from tariffimpact.writing import publish, sheet_look

if TYPE_CHECKING:
    import pandas as pd

_WHOLE_FROM: Final = 10_000
"""Amounts from which nobody reads the cents."""


def new_book(title: str) -> Any:
    """Return a workbook with one empty sheet.

    Raises
    ------
    ModelError
        If openpyxl is not installed.
    """
    try:
        import openpyxl
    except ImportError:
        raise ModelError(
            "a workbook needs openpyxl; install it with: pip install 'tariffimpact[xlsx]'"
        ) from None
    book = openpyxl.Workbook()
    book.active.title = title
    return book


def book_bytes(book: Any) -> bytes:
    """Return a workbook as a file holds it, without the time it was written at."""
    buffer = io.BytesIO()
    book.save(buffer)
    return sheet_look.undated(buffer.getvalue())


def write_book(path: Path, content: bytes) -> Path:
    """Write a workbook under a name that says what it is.

    Raises
    ------
    ModelError
        If the name does not end in .xlsx.
    DataError
        If the file cannot be written.
    """
    if path.suffix.lower() != ".xlsx":
        raise ModelError(f"a workbook's name ends in .xlsx (got {path.name!r}); rename it")
    (written,) = publish(path.parent, {path.name: content})
    return written


class FormulaSheet:
    """A sheet of inputs, and of formulas over their cells, while it is filled row by row."""

    def __init__(self, sheet: Any, currency: str) -> None:
        self.sheet, self.currency = sheet, currency
        self.row = 1

    def say(self, *texts: str) -> None:
        """Write paragraphs, a row each, the first as the title; then leave a row."""
        for text in texts:
            put(self.sheet.cell(self.row, 1), text)
            self.row += 1
        sheet_look.title(self.sheet["A1"])
        self.row += 1

    def head(self, words: Sequence[str], numbers: Iterable[int]) -> None:
        """Write a head, those of the columns of numbers flush right."""
        for column, text in enumerate(words, start=1):
            put(self.sheet.cell(self.row, column), text)
        sheet_look.head(self.sheet[self.row], list(numbers))
        self.row += 1

    def line(
        self, label: str, values: Sequence[float | str | None], form: str, *, first: int
    ) -> list[str | None]:
        """Write a row from a column on, and return where its cells are.

        What is text is a formula, what is a number an input that may be changed; an end without
        bound is said to be open, and where there is nothing the cell is left out.
        """
        put(self.sheet.cell(self.row, 1), label)
        places: list[str | None] = []
        for column, value in enumerate(values, start=first):
            cell = self.sheet.cell(self.row, column)
            places.append(None if value is None else cell.coordinate)
            if value in (math.inf, -math.inf):
                put(cell, "open")
            elif value is not None:
                cell.value = value
                cell.number_format = form
                if not isinstance(value, str):
                    sheet_look.may_change(cell)
        self.row += 1
        return places

    def draw(self, title: str, columns: dict[str, int], first: int, largest: float) -> None:
        """Draw bars of the rows from `first` to the last, a colour for each column."""
        chart = sheet_look.bars(
            self.sheet, title=f"{title}, {self.currency}", names=(1, first, self.row - 1),
            values=columns, form=sheet_look.axis_form(self.currency, largest),
        )  # fmt: skip
        self.sheet.add_chart(chart, f"A{self.row + 1}")
        sheet_look.for_print(self.sheet, one_page=True)


def write_table(sheet: Any, frame: pd.DataFrame, currency: str = "USD") -> None:
    """Write a frame as values, each in the form of its unit, the head always in sight."""
    names = [str(name) for name in frame.columns]
    units = frame["unit"].tolist() if "unit" in frame else [""] * len(frame)
    for column, name in enumerate(names, start=1):
        words = name.replace("_", " ")
        put(sheet.cell(1, column), words[:1].upper() + words[1:])
        for row, (value, unit) in enumerate(zip(frame[name].tolist(), units, strict=True), start=2):
            cell = sheet.cell(row, column)
            if isinstance(value, str):
                put(cell, value)
            elif value == value:  # NaN stays a blank cell
                cell.value = "open" if value in (math.inf, -math.inf) else value
                cell.number_format = _form(name, unit, currency, value)
    kinds = frame.dtypes.tolist()
    numbers = {place for place, kind in enumerate(kinds) if kind.kind in "if"}
    sheet_look.head(sheet[1], numbers)
    sheet_look.widths(sheet, [
        sheet_look.width_of(name, frame[name].tolist(), "0.00") for name in names
    ])  # fmt: skip
    sheet_look.for_print(sheet, across=len(names) > 5, heads="1:1")
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions


def _form(name: str, unit: str, currency: str, value: float) -> str:
    """Return the number format of a cell: of its column where that has one, else of its unit."""
    if name == "quarter":
        return "0"
    if name == "no_answer" or unit == "fraction":
        return "0.0%"
    if "_bp_" in name or unit == "basis points":
        return "#,##0"
    if not unit:
        return sheet_look.money_form(currency, 0)
    if unit == currency or unit.startswith(f"{currency} "):
        return sheet_look.money_form(currency, 0 if abs(value) >= _WHOLE_FROM else 2)
    return "#,##0.00"


def write_sources(sheet: Any, sources: Iterable[Source]) -> None:
    """Write sources, one a row: publisher, title, day, and the address as a link."""
    for column, words in enumerate(("Publisher", "Title", "Published", "Address"), start=1):
        put(sheet.cell(1, column), words)
    wide = (28, 52, 12, 60)
    for row, source in enumerate(sources, start=2):
        parts = (source.publisher, source.title, str(source.published_on), source.address)
        for column, text in enumerate(parts, start=1):
            put(sheet.cell(row, column), text)
            sheet_look.prose(sheet.cell(row, column))
        sheet_look.link(sheet.cell(row, len(parts)), source.address)
        sheet.row_dimensions[row].height = sheet_look.lines_of(parts, wide)
    sheet_look.head(sheet[1])
    sheet_look.widths(sheet, wide)
    sheet_look.for_print(sheet, across=True, heads="1:1")
    sheet.freeze_panes = "A2"


def letter(column: int) -> str:
    """Return the letters of a column, counted from 1."""
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(column))


def put(cell: Any, text: str) -> None:
    """Write text as text: a name that starts like a formula is none."""
    cell.value = text
    cell.data_type = "s"
