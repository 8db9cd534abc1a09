"""A case as a workbook with live formulas: change a tariff cell and the price cells follow."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.cases.case import Case
from tariffimpact.cases.case_sheet import CaseSheet, put
from tariffimpact.errors import ModelError
from tariffimpact.facts import Source
from tariffimpact.writing import publish, sheet_look

if TYPE_CHECKING:
    import pandas as pd


_WHOLE_FROM: Final = 10_000
"""Amounts from which nobody reads the cents."""


def write_workbook(case: Case, path: Path) -> Path:
    """Write a case as a workbook.

    Parameters
    ----------
    case
        What to write; every range stands at its middle, and the ranges' answers beside it.
    path
        The file, ending in .xlsx.

    Raises
    ------
    ModelError
        If openpyxl is not installed, or the name does not end in .xlsx.
    DataError
        If the file cannot be written.
    """
    if path.suffix.lower() != ".xlsx":
        raise ModelError(f"a workbook's name ends in .xlsx (got {path.name!r}); rename it")
    (written,) = publish(path.parent, {path.name: workbook_bytes(case)})
    return written


def workbook_bytes(case: Case) -> bytes:
    """Return a case as a workbook: the same case, the same bytes.

    Sheets: `Case` (inputs in blue, results as formulas), `Solver` (Newton's method for prices
    without a closed form), `Ranges` (answers over the ranges, as values), `Sources`.

    Raises
    ------
    ModelError
        If openpyxl is not installed.
    """
    book = new_book()
    sheet = book.active
    sheet.title = "Case"
    solver = book.create_sheet("Solver")
    CaseSheet(sheet, solver, case).fill()
    write_table(book.create_sheet("Ranges"), case.answers(), case.currency)
    write_sources(book.create_sheet("Sources"), case.sources)
    if solver.max_row > 1:
        sheet_look.for_print(solver)
    else:
        book.remove(solver)
    return book_bytes(book)


def new_book() -> Any:
    """Return an empty workbook.

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
    return openpyxl.Workbook()


def book_bytes(book: Any) -> bytes:
    """Return a workbook as a file holds it, without the time it was written at."""
    buffer = io.BytesIO()
    book.save(buffer)
    return sheet_look.undated(buffer.getvalue())


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
