"""A user's file as a table, taken as it comes, in chunks of columns.

CSV or workbook, extra columns, other names, titles above the header; one style of numbers and of
days a column, and what two styles read is refused with both readings. Nothing here stops at the
first fault: a cell is blamed by file, line and column, shown as it stands, and told how to be
mended.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

from tariffimpact.errors import DataError, Fault, shortened
from tariffimpact.facts.fields import (
    DayOrder,
    NumberStyle,
    day_readings,
    holds_control,
    number_evidence,
)
from tariffimpact.facts.sheets import CONTROL, QUOTES, Sheet, SheetRow

T = TypeVar("T")
_Weighed = tuple[NumberStyle | DayOrder | None, int, str]
"""The style that a cell decides, None if two read it; its line; its text."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns a file must have and may have, by our names."""

    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What else a column is called, by our name, the first that is there taken."""
    numbers: frozenset[str] = frozenset()
    """Those that hold numbers, which keep one decimal mark."""
    days: frozenset[str] = frozenset()
    """Those that hold days, which keep one order."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every name, the needed first."""
        return (*self.needed, *self.optional)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a file, column by column."""

    lines: Sequence[int]
    """The line each row starts on."""
    columns: Mapping[str, Sequence[str]]
    """Text without blanks around it, by our name; of a column the file lacks there is none."""
    faults: tuple[Fault, ...]
    """What is wrong with rows that are left out here: cells too many or too few, characters that
    nobody sees."""
    styles: Mapping[str, NumberStyle | DayOrder]
    """How the numbers and days of a column are written."""
    bytes_read: int


class UserTable:
    """A table of a user's, opened: its columns found, its rows yet to be read."""

    def __init__(self, sheet: Sheet, header: SheetRow, columns: Columns, rename: Mapping[str, str]):
        self.sheet, self.columns = sheet, columns
        self.line, cells = header
        self.header = tuple(cell.strip() for cell in cells)
        self.places = self._found(rename)

    @property
    def path(self) -> Path:
        """The file."""
        return self.sheet.path

    @property
    def extra(self) -> tuple[str, ...]:
        """The columns of the file that nobody asked for, as it names them."""
        used = set(self.places.values())
        return tuple(n for i, n in enumerate(self.header) if n and i not in used)

    def described(self) -> str:
        """Return how the file was read: its form, and what was found under another name."""
        renamed = [
            f"{ours} from {self.header[place]}"
            for ours, place in self.places.items()
            if _plain(self.header[place]) != _plain(ours)
        ]
        where = f"Read {self.path.name} ({self.sheet.described})"
        return f"{where}: {', '.join(renamed)}." if renamed else f"{where}."

    def with_extra(self, names: Iterable[str]) -> UserTable:
        """Add columns by the names the file has for them, to be read as text.

        Raises
        ------
        DataError
            Naming each that is not there.
        """
        plain, where = [_plain(name) for name in self.header], f"{self.path}:{self.line}"
        faults = []
        for name in names:
            if name in self.places:
                continue
            times = plain.count(_plain(name))
            if times == 1:
                self.places[name] = plain.index(_plain(name))
            elif times:
                faults.append(Fault(where, "column stands twice", "keep one of them", name))
            else:
                known = f"the columns are {_listed(self.header)}"
                faults.append(Fault(where, "no such column", known, got=name))
        if faults:
            raise DataError(faults)
        return self

    def chunks(self, size: int = 50_000) -> Iterator[Chunk]:
        """Yield the rows below the header, some at a time.

        Raises
        ------
        DataError
            If the file breaks off, has no rows, mixes two styles in one column, or has a column
            that two styles read and nothing decides between them.
        """
        styles = _Styles(self)
        empty = True
        rows = self._below()
        while held := list(islice(rows, size)):
            empty = False
            chunk = self._chunk(held)
            yield Chunk(*chunk, styles.settled(chunk[0], chunk[1]), self.sheet.bytes_read)
        if empty:
            what = "has no rows below its header"
            raise DataError([Fault(str(self.path), what, "add rows")])

    def _below(self) -> Iterator[SheetRow]:
        return (row for row in self.sheet.rows() if row[0] > self.line)

    def _chunk(
        self, rows: Sequence[SheetRow]
    ) -> tuple[list[int], dict[str, list[str]], tuple[Fault, ...]]:
        width = len(self.header)
        faults: list[Fault] = []
        lines: list[int] = []
        sound: list[list[str]] = []
        for line, row in rows:
            cells = row if len(row) == width else _fitted(row, width)
            if len(cells) == width and not holds_control("\t".join(cells)):
                lines.append(line)
                sound.append(cells)
            else:
                faults.extend(self._row_faults(line, cells))
        across = list(zip(*sound, strict=True)) if sound else [()] * width
        columns = {n: [cell.strip() for cell in across[i]] for n, i in self.places.items()}
        return lines, columns, tuple(faults)

    def _row_faults(self, line: int, cells: Sequence[str]) -> Iterator[Fault]:
        where, width = f"{self.path}:{line}", len(self.header)
        if len(cells) != width:
            what = f"has {len(cells)} cells where the header has {width}"
            few = "give every column a cell, blank where there is nothing"
            remedy = QUOTES if len(cells) > width else few
            yield Fault(where, what, remedy, got=",".join(cells))
            return
        for name, cell in zip(self.header, cells, strict=True):
            if holds_control(cell):
                yield Fault(where, CONTROL, "delete it", name, cell)

    def _found(self, rename: Mapping[str, str]) -> dict[str, int]:
        """Return where each column is, or raise every fault of the header."""
        where, faults = f"{self.path}:{self.line}", list[Fault]()
        plain = [_plain(name) for name in self.header]
        places = self._renamed(where, plain, rename, faults)
        for ours in self.columns.names:
            names = [_plain(name) for name in (ours, *self.columns.also.get(ours, ()))]
            known = next((name for name in names if name in plain), None)
            if ours in places or known is None:
                continue
            places[ours] = plain.index(known)
            if plain.count(known) > 1:
                faults.append(Fault(where, "column stands twice", "keep one of them", ours))
        missing = [name for name in self.columns.needed if name not in {*places, *rename}]
        faults += [self._missing(where, name) for name in missing]
        hidden = [name for name in self.header if holds_control(name)]
        faults += [Fault(where, CONTROL, "delete it", name) for name in hidden]
        if faults:
            raise DataError(faults)
        return {name: places[name] for name in self.columns.names if name in places}

    def _renamed(
        self, where: str, plain: Sequence[str], rename: Mapping[str, str], faults: list[Fault]
    ) -> dict[str, int]:
        """Return where the columns are that the user named, blaming a name that is not there."""
        places = {}
        for ours, theirs in rename.items():
            if ours not in self.columns.names:
                near = _nearest(ours, self.columns.names)
                known = f"the columns are {_listed(self.columns.names)}"
                hint = f"did you mean {near}?" if near else known
                faults.append(Fault("--map", "is no column of ours", hint, got=ours))
            elif _plain(theirs) not in plain:
                near = _nearest(theirs, self.header)
                hint = f"did you mean {near}?" if near else f"it has {_listed(self.header)}"
                faults.append(Fault(where, "no such column", hint, ours, theirs))
            else:
                places[ours] = plain.index(_plain(theirs))
        return places

    def _missing(self, where: str, name: str) -> Fault:
        ours = {_plain(each) for each in self.columns.names}
        left = [theirs for theirs in self.header if theirs and _plain(theirs) not in ours]
        example = _nearest(name, left) or (left[0] if len(left) == 1 else "COLUMN")
        quoted = f'"{name}={example}"' if " " in example else f"{name}={example}"
        remedy = f"add it, or say which it is: --map {quoted}; the file has {_listed(self.header)}"
        return Fault(where, "column is missing", remedy, name)


def open_table(
    path: Path,
    columns: Columns,
    *,
    rename: Mapping[str, str] | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    limit: int = 1_000_000_000,
    too_large: str = "split it",
) -> UserTable:
    """Open a file of a user's as a table.

    Parameters
    ----------
    path
        CSV (UTF-8, or UTF-16 with its mark; separated by commas, semicolons, tabs or bars; also
        gzipped) or .xlsx. Titles may stand above the header.
    columns
        What it must and may have. Names meet without regard to capitals, blanks and underscores.
    rename
        Our name to the file's, where they differ: `{"hts": "I_COMMODITY"}`.
    encoding
        `latin-1` or `cp1252`, of a CSV that is written so.
    sheet
        Sheet of a workbook that has several.
    limit, too_large
        Bytes above which it is the wrong file, and what to do then.

    Returns
    -------
    UserTable
        Its rows come in chunks of columns.

    Raises
    ------
    DataError
        If the file as a whole cannot be read, or lacks columns.
    """
    opened = Sheet(path, encoding=encoding, name=sheet, limit=limit, too_large=too_large)
    renamed = dict(rename or {})
    known = {
        ours: {_plain(n) for n in (renamed.get(ours, ours), *columns.also.get(ours, ()))}
        for ours in columns.names
    }
    most = max(1, (len(columns.needed) + 1) // 2)

    def fits(cells: Sequence[str]) -> bool:
        """Return whether half of what is needed is there, or three columns of any."""
        held = {_plain(cell) for cell in cells}
        found = [ours for ours, names in known.items() if names & held]
        return len(found) >= 3 or sum(ours in columns.needed for ours in found) >= most

    return UserTable(opened, opened.header(fits), columns, renamed)


def read_cells(
    chunk: Chunk,
    column: str,
    read: Callable[[str], T],
    blame: Callable[[int, str, str, str], None],
    *,
    blank: T,
) -> list[T]:
    """Return the values of a column, `blank` where a cell is blank, wrong or the column absent.

    Parameters
    ----------
    chunk
        Rows.
    column
        Our name of the column.
    read
        Text to value, raising `ValueError("what; remedy")`.
    blame
        Told of each wrong cell: its place in the chunk, what is wrong, the remedy, the text.
    blank
        The value of a cell without one.
    """
    nothing: tuple[T, tuple[str, str] | None] = (blank, None)
    known = {"": nothing}
    values: list[T] = []
    for place, text in enumerate(chunk.columns.get(column, ("",) * len(chunk.lines))):
        if text not in known:
            if len(known) > _REMEMBERED:
                known = {"": nothing}
            known[text] = _read(read, text, blank)
        value, wrong = known[text]
        if wrong is not None:
            blame(place, *wrong, text)
        values.append(value)
    return values


def _read(read: Callable[[str], T], text: str, blank: T) -> tuple[T, tuple[str, str] | None]:
    """Return the value of a text and None, or `blank` and what is wrong with it, how to mend it."""
    try:
        return read(text), None
    except ValueError as error:
        what, _, remedy = str(error).partition("; ")
        return blank, (what, remedy)


_REMEMBERED: Final = 100_000


class _Styles:
    """The style of each column of numbers and days: one, and decided by what only it can read."""

    def __init__(self, table: UserTable) -> None:
        self.table = table
        self.evidence: dict[str, tuple[Hashable, int, str]] = {}
        self.open: dict[str, tuple[int, str]] = {}
        """The first cell of a column that two styles read, while nothing has decided."""

    def settled(
        self, lines: Sequence[int], columns: Mapping[str, Sequence[str]]
    ) -> dict[str, NumberStyle | DayOrder]:
        """Return the styles, after these rows and, where those leave one open, all later ones."""
        self._weigh(lines, columns)
        if self.open:
            for line, cells in self.table._below():
                if line <= lines[-1] if lines else False:
                    continue
                names = [n for n in self.open if self.table.places[n] < len(cells)]
                self._weigh([line], {n: [cells[self.table.places[n]].strip()] for n in names})
                if not self.open:
                    break
        known = self.table.columns
        self._follow_others(known.days)
        self._follow_others(known.numbers)
        if self.open:
            raise DataError([self._undecided(name) for name in self.open])
        usual: dict[str, Any] = {
            **dict.fromkeys(known.numbers & set(self.table.places), NumberStyle.POINT),
            **dict.fromkeys(known.days & set(self.table.places), DayOrder.MONTH_FIRST),
        }
        return {**usual, **{name: found[0] for name, found in self.evidence.items()}}

    def _follow_others(self, kind: frozenset[str]) -> None:
        """Let the columns of a kind that are open follow the others, where those agree."""
        styles = {found[0] for name, found in self.evidence.items() if name in kind}
        for name in [name for name in self.open if name in kind and len(styles) == 1]:
            self.evidence[name] = (next(iter(styles)), *self.open.pop(name))

    def _weigh(self, lines: Sequence[int], columns: Mapping[str, Sequence[str]]) -> None:
        known = self.table.columns
        for name, texts in columns.items():
            weighed: Iterator[_Weighed]
            if name in known.days:
                weighed = self._days(lines, texts)
            elif name in known.numbers:
                weighed = self._numbers(lines, texts)
            else:
                continue
            for style, line, text in weighed:
                if style is None:
                    if name not in self.evidence:
                        self.open.setdefault(name, (line, text))
                    continue
                first = self.evidence.setdefault(name, (style, line, text))
                self.open.pop(name, None)
                if first[0] is not style:
                    raise DataError([self._mixed(name, first, (style, line, text))])

    @staticmethod
    def _days(lines: Sequence[int], texts: Sequence[str]) -> Iterator[_Weighed]:
        """Yield each way of writing a day once: the order it is in, None where two read it."""
        first: dict[str, int] = {}
        for line, text in zip(lines, texts, strict=True):
            first.setdefault(text, line)
        for text, line in first.items():
            readings = day_readings(text) if text else {}
            if len(readings) == 1:
                yield next(iter(readings)), line, text
            elif len(set(readings.values())) == 2:
                yield None, line, text

    def _numbers(self, lines: Sequence[int], texts: Sequence[str]) -> Iterator[_Weighed]:
        """Yield what decides the style of numbers; no comma, no question."""
        with_comma = [(line, t) for line, t in zip(lines, texts, strict=True) if "," in t]
        if not with_comma:
            return
        for line, text in with_comma:
            style = number_evidence(text)
            if style is not None:
                yield style, line, text
            elif self.table.sheet.separator == ";" and re.search(r"\d,\d{3}(?!\d)", text):
                yield None, line, text
        for line, text in zip(lines, texts, strict=True):
            if "." in text and number_evidence(text) is not None:
                yield number_evidence(text), line, text
                break

    def _mixed(self, name: str, first: Any, other: Any) -> Fault:
        what = (
            f"is written in two ways: {first[0].value} on line {first[1]} ('{first[2]}'), "
            f"{other[0].value} here"
        )
        where = f"{self.table.path}:{other[1]}"
        kind = "days" if name in self.table.columns.days else "numbers"
        return Fault(where, what, f"write all {kind} of a column in one way", name, other[2])

    def _undecided(self, name: str) -> Fault:
        line, text = self.open[name]
        where = f"{self.table.path}:{line}"
        if name in self.table.columns.days:
            both = [f"{day} as {order.value}" for order, day in day_readings(text).items()]
            what = f"is {' or '.join(both)}, and no date of the column decides"
            return Fault(where, what, "write dates as 2025-05-01", name, text)
        plain = text.replace(",", "")
        what = f"is {plain} or {text.replace(',', '.')}, and no number of the column decides"
        return Fault(where, what, "write it with a point, without separators", name, text)


def _fitted(cells: list[str], width: int) -> list[str]:
    """Return a row without the blank cells that a spreadsheet program left at its end."""
    if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        return cells[:width]
    return cells


def _plain(name: str) -> str:
    """Return a column's name without what spelling varies: capitals, blanks, underscores."""
    return re.sub(r"[\W_]+", "", name).casefold() or name


def _nearest(name: str, names: Sequence[str]) -> str:
    """Return the name that a name was perhaps meant to be, or nothing."""
    folded = {each.casefold(): each for each in names if each}
    near = get_close_matches(name.casefold(), folded, n=1)
    return folded[near[0]] if near else ""


def _listed(names: Sequence[str]) -> str:
    told = (f'"{name}"' if "," in name else name for name in names if name)
    return shortened(", ".join(told), 300)
