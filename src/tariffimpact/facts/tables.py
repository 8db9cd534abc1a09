"""Reading one of the program's own tables: a file to frozen records, with every fault on the way.

Nothing here stops at the first fault. A cell is blamed by file, line and column, shown as it
stands, and told how to be mended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from pydantic import ValidationError

from tariffimpact.errors import DataError, Fault
from tariffimpact.facts.fields import CellsError, holds_control
from tariffimpact.facts.records import Record
from tariffimpact.facts.sheets import CONTROL, QUOTES, Sheet, SheetRow

MAX_BYTES: Final = 20_000_000
"""A table of curated facts is small; a larger file is the wrong file."""
MAX_COLUMNS: Final = 200
MAX_FAULTS: Final = 1000
"""Whoever has more in one table mends them by program, and needs no more to see how."""

R = TypeVar("R", bound=Record)

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "missing": ("is blank", "fill it in; this column may not be empty"),
    "greater_than": ("must be above {gt:g}", "give the amount itself, without a sign"),
    "greater_than_equal": ("must not be below {ge:g}", "give the amount itself, without a sign"),
    "less_than": ("must be below {lt:,.0f}", "check the unit and the number of zeros"),
    "finite_number": ("is not a finite number", "give a number, or leave an optional cell blank"),
    "float_parsing": ("is not a number", "write 549.99, without currency sign or thousands comma"),
    "bool_parsing": ("is neither true nor false", "write true or false"),
    "string_pattern_mismatch": (
        "is not a valid key",
        "use lower-case letters, digits, dots and hyphens (a group is @ and capitals)",
    ),
    "enum": ("is not one of the known values", "write one of: {expected}"),
}
_DATE: Final = ("is not a date", "write it as 2025-04-02")
_URL: Final = ("is not a web address", "write it in full, as https://example.org/page")


@dataclass(frozen=True, slots=True)
class Row(Generic[R]):
    """A record and the line it was read from."""

    line: int
    record: R


@dataclass(frozen=True, slots=True)
class Table(Generic[R]):
    """The valid rows of one file and everything wrong with the others."""

    path: Path
    rows: tuple[Row[R], ...] = ()
    faults: tuple[Fault, ...] = ()
    rejected: tuple[tuple[int, dict[str, str]], ...] = ()
    """Line and cells of the rows that are not valid, so that no other row is blamed for their
    keys, and what can be said of them is said at once."""

    @property
    def records(self) -> tuple[R, ...]:
        """The valid records in file order."""
        return tuple(row.record for row in self.rows)

    def fault(self, row: Row[R], column: str, what: str, remedy: str) -> Fault:
        """Blame one cell of a valid row, for a check that needs more than the row."""
        value = getattr(row.record, column)
        got = " ".join(value) if isinstance(value, tuple) else str(value)
        return Fault(f"{self.path}:{row.line}", what, remedy, column, got)

    def keys(self, column: str) -> set[str] | None:
        """Return every key the file states, of valid rows or not; None where it was unreadable."""
        if self.faults and not self.rows and not self.rejected:
            return None
        valid = {str(getattr(record, column)) for record in self.records}
        return valid | {cells.get(column, "") for _, cells in self.rejected}


def read_table(path: Path, kind: type[R]) -> Table[R]:
    """Read a CSV file into records of one kind, keeping every fault, the first thousand at most."""
    faults: list[Fault] = []
    rows: list[Row[R]] = []
    rejected: list[tuple[int, dict[str, str]]] = []
    try:
        sheet = Sheet(path, plain=True, limit=MAX_BYTES, too_large=_SMALL)
        _, top = sheet.header(lambda _: True)
        header = [name.strip() for name in top]
        faults.extend(_header_faults(path, header, kind))
        if faults:
            return Table(path, faults=tuple(faults))
        held = list(islice(sheet.rows(), 1, None))
        spoilt = _spoilt_by_a_spreadsheet(path, held)
        if spoilt:
            return Table(path, faults=(spoilt,))
        for line, cells in held:
            where = f"{path}:{line}"
            given, found = _by_name(where, header, cells)
            record = None if found else _record(where, given, kind, found)
            if record is None:
                rejected.append((line, given))
                faults.extend(found)
            else:
                rows.append(Row(line, record))
            if len(faults) >= MAX_FAULTS:
                what, remedy = "the rows from here on are not checked", "mend those above first"
                return Table(path, faults=(*faults, Fault(where, what, remedy)))
    except DataError as error:
        return Table(path, faults=(*faults, *error.faults))
    return Table(path, tuple(rows), tuple(faults), tuple(rejected))


_SMALL: Final = "a table of facts is small; check that this is the right file"
_SPOILT: Final = re.compile(r"\d{1,2}/\d{1,2}/(\d\d){1,2}|\d\.\d+E[+-]\d+|TRUE|FALSE")
_FEW: Final = 3
"""Slips of a person; a spreadsheet program rewrites every cell of a kind."""


def _spoilt_by_a_spreadsheet(path: Path, rows: Sequence[SheetRow]) -> Fault | None:
    """Return what a spreadsheet program did to a table when it saved it, in one line."""
    spoilt = [(line, cell) for line, cells in rows for cell in cells if _SPOILT.fullmatch(cell)]
    if len({line for line, _ in spoilt}) < _FEW:
        return None
    kinds = {re.sub(r"\d", "0", cell): cell for _, cell in reversed(spoilt)}
    what = (
        f"was rewritten by a spreadsheet program: {len(spoilt):,} cells such as "
        f"{', '.join(list(kinds.values())[:4])} stood there otherwise, and digits may be lost"
    )
    remedy = (
        "start again from the table as it was, edit it as text, or import it into the spreadsheet "
        "with every column as text"
    )
    return Fault(f"{path}:{spoilt[0][0]}", what, remedy)


def _by_name(
    where: str, header: Sequence[str], cells: Sequence[str]
) -> tuple[dict[str, str], list[Fault]]:
    """Return the cells of a row that are not blank, by column, and what is wrong with the row."""
    given = {n: c.strip() for n, c in zip(header, cells, strict=False) if c.strip()}
    if len(cells) != len(header):
        what = f"has {len(cells)} cells where the header has {len(header)}"
        return given, [Fault(where, what, QUOTES)]
    return given, [
        Fault(where, CONTROL, "delete it", name, cell)
        for name, cell in given.items()
        if holds_control(cell)
    ]


def _record(where: str, given: dict[str, str], kind: type[R], faults: list[Fault]) -> R | None:
    """Return the record a row is, or None after putting what is wrong with it into `faults`."""
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        faults.extend(_worded(where, problem) for problem in error.errors())
        return None


def _header_faults(path: Path, header: list[str], kind: type[Record]) -> Iterator[Fault]:
    where, fields = f"{path}:1", columns(kind)
    if len(header) > MAX_COLUMNS:
        yield Fault(where, f"has {len(header):,} columns", _known(fields))
        return
    for mark, name in {";": "semicolons", "\t": "tabs"}.items():
        if len(header) == 1 and mark in header[0]:
            yield Fault(where, f"is separated by {name}", "save it as CSV with commas")
            return
    for name in fields:
        if kind.model_fields[name].is_required() and name not in header:
            yield Fault(where, "column is missing", f"add it; {_known(fields)}", column=name)
    for name in dict.fromkeys(header):
        if name not in fields:
            near = get_close_matches(name, fields, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"remove it; {_known(fields)}"
            yield Fault(where, "column is unknown", remedy, got=name)
        elif header.count(name) > 1:
            yield Fault(where, "column stands twice", "keep one of them", column=name)


def columns(kind: type[Record]) -> list[str]:
    """Return the columns of a table: its own, of which the first is its key, then the shared.

    Examples
    --------
    >>> from tariffimpact.facts import Assumption, OriginShare
    >>> columns(Assumption)[0], columns(OriginShare)[-4:]
    ('assumption_id', ['source_id', 'locator', 'quote', 'notes'])
    """
    shared = [name for base in kind.__bases__ if issubclass(base, Record) for name in columns(base)]
    return [*(name for name in kind.model_fields if name not in shared), *shared]


def _known(fields: Sequence[str]) -> str:
    return f"the columns are {', '.join(fields)}"


def _worded(where: str, problem: Any) -> Fault:
    """Turn pydantic's finding into a fault in the words of whoever filled in the table."""
    kind, context = problem["type"], problem.get("ctx", {})
    column = str(problem["loc"][0]) if problem["loc"] else ""
    got = None if kind == "missing" or not column else str(problem["input"])
    error = context.get("error")
    if isinstance(error, CellsError):
        column = ", ".join(error.columns)
        got = ", ".join(problem["input"].get(name, "") for name in error.columns)
    if kind.startswith("date"):
        what, remedy = _DATE
    elif kind.startswith("url"):
        what, remedy = _URL
    elif kind == "value_error":
        what, _, remedy = str(error).partition("; ")
    elif kind in _WORDS:
        what, remedy = (words.format(**context) for words in _WORDS[kind])
    else:
        what, remedy = problem["msg"], "see the codebook in data/README.md"
    return Fault(where, what, remedy, column, got)
