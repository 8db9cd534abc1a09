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
from copy import copy
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any, Final

from tariffimpact.errors import DataError, Fault, shortened

_MAX_UNPACKED: Final = 600_000_000
"""Bytes that a workbook may unpack to: a million rows of a dozen columns are 500 MB."""
_MAX_PLACES: Final = 50_000_000
"""Cells between the first and the last: the blank ones between take memory too."""
_MAX_ROW: Final = 50_000_000
"""Bytes of one row."""
_MAX_FAULTS: Final = 1000
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
_BLOCK: Final = 1 << 20
_CELL: Final = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_SUSPECT: Final = re.compile(rb't="e"|<(?:\w+:)?f\b')
_PLACE: Final = re.compile(rb"""<(?:\w+:)?(?:c|row)\b[^>]*?\br=["']([A-Za-z]*)(\d+)["']""")
_FILLED: Final = re.compile(rb"<(?:\w+:)?(?:v|is)\b[^>]*(?<!/)>")


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
        If it is no workbook, or unpacks to more than 600 MB.
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
            if "xl/workbook.xml" not in package.namelist():
                what = "is a zip archive and no workbook"
                remedy = "unpack it and name the file inside; a CSV may be gzipped (.csv.gz)"
                raise self._wrong(what, remedy)
            parts = package.infolist()
            large = sum(part.file_size for part in parts) > _MAX_UNPACKED
            if large or _unpacked(package, parts) > _MAX_UNPACKED:
                what = f"unpacks to more than {_MAX_UNPACKED / 1e6:,.0f} MB"
                raise self._wrong(what, "save the table as CSV, which may be larger")

    def sheet(self, asked: str | None) -> str:
        """Return the name of the sheet with the table: the one asked for, or the only one.

        Raises
        ------
        DataError
            If there is none, or its cells reach so far that it would fill the memory.
        """
        name = self._only() if asked is None else self._named(asked)
        with self._readable():
            self._check_reach(name)
        return name

    def _named(self, asked: str) -> str:
        names = [str(name) for name in self._opened.sheet_names]
        for name in names:
            if name.casefold() == asked.casefold():
                return name
        raise self._wrong(f"has no sheet {asked}", f"name one of {', '.join(names)}")

    def _only(self) -> str:
        shown = {m.name for m in self._opened.sheets_metadata if "Visible" in str(m.visible)}
        filled = [name for name in self.filled() if name in shown]
        if not filled:
            raise self._wrong("has no sheet with cells", "fill one in, with a header row")
        if len(filled) > 1:
            what = f"has {len(filled)} sheets with cells: {', '.join(filled)}"
            raise self._wrong(what, f'name the one with the table: --sheet "{filled[0]}"')
        return filled[0]

    def filled(self) -> tuple[str, ...]:
        """Return the names of the sheets that have cells with something in them."""
        with self._readable():
            names = [str(name) for name in self._opened.sheet_names]
            return tuple(name for name in names if any(map(_FILLED.search, self._pieces(name))))

    def _pieces(self, name: str) -> Iterator[bytes]:
        """Yield the text of a sheet in pieces that end where rows do."""
        with zipfile.ZipFile(self._source) as package:
            part = _part_of(package, name)
            rest = bytearray()
            for block in _blocks(package, package.getinfo(part)):
                if block.startswith((b"\xff\xfe", b"\xfe\xff")):
                    raise ValueError("a sheet in UTF-16")
                end = block.rfind(b"row>") + 4
                if end < 4:
                    rest += block
                    if len(rest) > _MAX_ROW:
                        raise ValueError(f"a row of more than {_MAX_ROW / 1e6:,.0f} MB")
                    continue
                yield bytes(rest) + block[:end]
                rest = bytearray(block[end:])
            yield bytes(rest)

    def _check_reach(self, name: str) -> None:
        """Refuse a sheet whose cells reach so far that it would fill the memory once loaded."""
        top, bottom = _LAST_ROW, 1
        columns = set[bytes]()
        for text in self._pieces(name):
            places = set(_PLACE.findall(text))
            columns.update(letters for letters, _ in places if letters)
            rows = {int(row) for _, row in places}
            top, bottom = min(rows | {top}), max(rows | {bottom})
        numbers = {_column(letters) for letters in columns} or {1}
        left, right = min(numbers), max(numbers)
        if bottom > _LAST_ROW or right > _LAST_COLUMN:
            raise ValueError("a cell beyond the last that a sheet has")
        held = max(bottom - top + 1, 1) * (right - left + 1)
        if held > _MAX_PLACES:
            what = (
                f"has a sheet of {held:,} places: its cells, blank ones with a format too, reach "
                f"to {_cell(bottom - 1, right - 1)}"
            )
            raise self._wrong(what, "delete what stands far from the table, or save it as CSV")

    def rows(self, name: str) -> Iterator[tuple[int, list[str]]]:
        """Yield each row of a sheet with its number, cells as text.

        Raises
        ------
        DataError
            With every cell that does not say its value.
        """
        with self._readable():
            sheet = self._opened.get_sheet_by_name(name)
            if name not in self._checked:
                faults = [*self._merged(sheet), *islice(self._unanswered(name), _MAX_FAULTS)]
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
        for text in self._pieces(name):
            if _SUSPECT.search(text):
                for marks, inside in _CELL.findall(text):
                    yield from self._said(marks, inside)

    def _said(self, marks: bytes, inside: bytes) -> Iterator[Fault]:
        """Blame one cell, of its attributes and what is in it."""
        where = re.search(rb'\br="([A-Z]+)(\d+)"', marks)
        if where is None:
            return
        cell, line = (where[1] + where[2]).decode(), int(where[2])
        value = re.search(rb"<(?:\w+:)?v>([^<]*)<", inside)
        if re.search(rb'\bt="e"', marks):
            said = value[1].decode("utf-8", "replace") if value else "an error"
            yield Fault(f"{self.path}:{line}", f"cell {cell} holds an error",
                        "mend the formula, or clear the cell", got=said)  # fmt: skip
        elif (
            re.search(rb"<(?:\w+:)?f\b", inside)
            and not (value and value[1])
            and not re.search(rb'\bt="str"', marks)
        ):
            yield Fault(f"{self.path}:{line}", f"cell {cell} is a formula without its value",
                        "open the workbook in a spreadsheet program, let it calculate and "
                        "save, or paste the values")  # fmt: skip


def _blocks(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield what a part unpacks to: all of it, whatever the archive says of its size."""
    whole = copy(part)
    whole.file_size = max(part.file_size, _MAX_UNPACKED + 2 * _BLOCK)
    with package.open(whole) as file:
        while block := file.read(_BLOCK):
            yield block


def _unpacked(package: zipfile.ZipFile, parts: list[zipfile.ZipInfo]) -> int:
    """Return the bytes that parts unpack to, counted no further than to the limit."""
    unpacked = 0
    for part in parts:
        for block in _blocks(package, part):
            unpacked += len(block)
            if unpacked > _MAX_UNPACKED:
                return unpacked
    return unpacked


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


def _column(letters: bytes) -> int:
    """Return the number of a column, from 1.

    Examples
    --------
    >>> [_column(letters) for letters in (b"A", b"Z", b"AA", b"xfd")]
    [1, 26, 27, 16384]
    """
    number = 0
    for letter in letters[:6].upper():
        number = 26 * number + letter - 64
    return number


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
    try:
        with path.open("rb") as file:
            if file.read(2) != b"PK":
                return ()
        return Workbook(path, path).filled()
    except (OSError, DataError):
        return ()
