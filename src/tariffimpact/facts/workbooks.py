"""A workbook of a spreadsheet program, .xlsx: which sheet has the table, and its rows as text.

What a workbook cannot say is told and never passed over: merged cells, formulas that were saved
without their values, cells that hold an error.
"""

from __future__ import annotations

import math
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

from tariffimpact.errors import DataError, Fault, shortened

_MAX_UNPACKED: Final = 2_000_000_000
"""A workbook that unpacks to more is no table."""
_CELL: Final = re.compile(rb"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)


class Workbook:
    """A workbook, opened.

    Parameters
    ----------
    path
        What it is called in words.
    source
        Where it lies.

    Raises
    ------
    DataError
        If it is no workbook, or unpacks to more than 2 GB.
    """

    def __init__(self, path: Path, source: Path) -> None:
        self.path, self._source = path, source
        self._opened = self._book()
        self._checked: set[str] = set()

    def _wrong(self, what: str, remedy: str) -> DataError:
        return DataError([Fault(str(self.path), what, remedy)])

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Say of a workbook that it is damaged, wherever that shows: at its door or in a sheet."""
        from python_calamine import CalamineError

        damage = (CalamineError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError,
                  KeyError, NotImplementedError, RuntimeError)  # fmt: skip
        try:
            yield
        except DataError:
            raise
        except damage as error:
            what = f"cannot be read as a workbook: {shortened(str(error), 120)}"
            raise self._wrong(what, "save it again as .xlsx, or as CSV") from None

    def _book(self) -> Any:
        import python_calamine

        with self._readable():
            self._check_package()
            return python_calamine.CalamineWorkbook.from_path(str(self._source))

    def _check_package(self) -> None:
        with zipfile.ZipFile(self._source) as package:
            held = {item.filename: item.file_size for item in package.infolist()}
        if "xl/workbook.xml" not in held:
            what = "is a zip archive and no workbook"
            remedy = "unpack it and name the file inside; a CSV may be gzipped (.csv.gz)"
            raise self._wrong(what, remedy)
        if sum(held.values()) > _MAX_UNPACKED:
            raise self._wrong("unpacks to more than 2 GB", "save the table as CSV")

    def sheet(self, asked: str | None) -> str:
        """Return the name of the sheet with the table: the one asked for, or the only one."""
        book = self._opened
        names = list(book.sheet_names)
        if asked is not None:
            for name in names:
                if name.casefold() == asked.casefold():
                    return str(name)
            raise self._wrong(f"has no sheet {asked}", f"name one of {', '.join(names)}")
        shown = [m.name for m in book.sheets_metadata if "Visible" in str(m.visible)]
        with self._readable():
            filled = [name for name in shown if book.get_sheet_by_name(name).height]
        if not filled:
            raise self._wrong("has no sheet with cells", "fill one in, with a header row")
        if len(filled) > 1:
            what = f"has {len(filled)} sheets with cells: {', '.join(filled)}"
            raise self._wrong(what, f'name the one with the table: --sheet "{filled[0]}"')
        return str(filled[0])

    def rows(self, name: str) -> Iterator[tuple[int, list[str]]]:
        """Yield each row of a sheet with its number, cells as text.

        Raises
        ------
        DataError
            With every cell that does not say its value.
        """
        with self._readable():
            sheet = self._opened.get_sheet_by_name(name)
            faults = (
                [] if name in self._checked else [*self._merged(sheet), *self._unanswered(name)]
            )
        if name not in self._checked:
            if faults:
                raise DataError(faults)
            self._checked.add(name)
        for number, cells in enumerate(sheet.iter_rows(), 1):
            yield number, [_as_text(cell) for cell in cells]

    def _merged(self, sheet: Any) -> Iterator[Fault]:
        """Blame merged cells below the first rows: one value stands for many, and which is lost."""
        ranges = sheet.merged_cell_ranges or []
        tall = [(a, b) for a, b in ranges if b[0] > a[0]]
        for (top, left), (bottom, right) in tall:
            cells = f"{_cell(top, left)}:{_cell(bottom, right)}"
            yield Fault(f"{self.path}:{top + 1}", f"has merged cells, {cells}",
                        "unmerge them and fill in each row", got=None)  # fmt: skip

    def _unanswered(self, name: str) -> Iterator[Fault]:
        """Blame formulas that were saved without their values, and cells that hold an error."""
        with zipfile.ZipFile(self._source) as package:
            part = _part_of(package, name)
            content = package.read(part) if part in package.namelist() else b""
        for found in _CELL.finditer(content):
            marks, inside = found[1], found[2] or b""
            where = re.search(rb'\br="([A-Z]+)(\d+)"', marks)
            if where is None:
                continue
            cell, line = (where[1] + where[2]).decode(), int(where[2])
            value = re.search(rb"<v>([^<]*)</v>", inside)
            if re.search(rb'\bt="e"', marks):
                said = value[1].decode("utf-8", "replace") if value else "an error"
                yield Fault(f"{self.path}:{line}", f"cell {cell} holds an error",
                            "mend the formula, or clear the cell", got=said)  # fmt: skip
            elif (
                b"<f" in inside and not (value and value[1]) and not re.search(rb'\bt="str"', marks)
            ):
                yield Fault(f"{self.path}:{line}", f"cell {cell} is a formula without its value",
                            "open the workbook in a spreadsheet program, let it calculate and "
                            "save, or paste the values")  # fmt: skip


def _part_of(package: zipfile.ZipFile, name: str) -> str:
    """Return the part of a workbook that holds a sheet."""
    from html import unescape

    def attributes(part: str, tag: str) -> Iterator[dict[str, str]]:
        text = package.read(part).decode("utf-8", "replace")
        for element in re.findall(rf"<(?:\w+:)?{tag}\s[^>]*>", text):
            yield {k: unescape(v) for k, v in re.findall(r'([\w:]+)="([^"]*)"', element)}

    relations = list(attributes("xl/_rels/workbook.xml.rels", "Relationship"))
    targets = {r.get("Id"): r["Target"] for r in relations if "Target" in r}
    for element in attributes("xl/workbook.xml", "sheet"):
        if element.get("name") == name:
            target = targets.get(element.get("r:id"), "worksheets/sheet1.xml")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return "xl/worksheets/sheet1.xml"


def _cell(row: int, column: int) -> str:
    """Return what a spreadsheet calls a cell, counted from 0."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


def _as_text(value: Any) -> str:
    """Return a cell of a workbook as the text that says it: days as 2025-08-21, whole numbers so.

    Examples
    --------
    >>> [_as_text(x) for x in (9504500000.0, 0.25, True, date(2025, 8, 21), "A-1")]
    ['9504500000', '0.25', 'TRUE', '2025-08-21', 'A-1']
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        whole = math.isfinite(value) and value == int(value) and abs(value) < 1e15
        return str(int(value)) if whole else repr(float(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    return value.isoformat() if isinstance(value, date | time) else str(value)


def sheet_names(path: Path) -> tuple[str, ...]:
    """Return the names of the sheets of a workbook that have cells; none of another file."""
    import python_calamine

    try:
        with path.open("rb") as file:
            if file.read(2) != b"PK":
                return ()
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        return tuple(name for name in book.sheet_names if book.get_sheet_by_name(name).height)
    except (OSError, ValueError, python_calamine.CalamineError):
        return ()
