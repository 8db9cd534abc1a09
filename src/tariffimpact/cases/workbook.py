"""A case as a workbook with live formulas: change a tariff cell and the price cells follow."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from tariffimpact.cases.case import Case
from tariffimpact.cases.case_sheet import CaseSheet, letter, put
from tariffimpact.errors import ModelError
from tariffimpact.facts import Source
from tariffimpact.writing import publish

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


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
    write_table(book.create_sheet("Ranges"), case.answers())
    write_sources(book.create_sheet("Sources"), case.sources)
    if not solver.max_row > 1:
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
    return _undated(buffer.getvalue())


def write_table(sheet: Any, frame: Any) -> None:
    """Write a frame as values."""
    for column, name in enumerate(frame.columns, start=1):
        put(sheet.cell(1, column), name)
        for row, value in enumerate(frame[name].tolist(), start=2):
            cell = sheet.cell(row, column)
            if isinstance(value, str):
                put(cell, value)
            elif value == value:  # NaN stays a blank cell
                cell.value = value
        sheet.column_dimensions[letter(column)].width = 20


def write_sources(sheet: Any, sources: Iterable[Source]) -> None:
    """Write sources, one a row: publisher, title, day, address."""
    for row, source in enumerate(sources, start=1):
        parts = (source.publisher, source.title, str(source.published_on), source.address)
        for column, text in enumerate(parts, start=1):
            put(sheet.cell(row, column), text)


def _undated(content: bytes) -> bytes:
    """Return a workbook without the time it was written at."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            data = old.read(name)
            if name == "docProps/core.xml":
                data = re.sub(rb"(<dcterms:\w+[^>]*>)[^<]*", rb"\g<1>1980-01-01T00:00:00Z", data)
            new.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()
