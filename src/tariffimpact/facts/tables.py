"""Reading one table: bytes on disk to frozen records, with every fault found on the way.

Nothing here stops at the first fault. A cell is blamed by file, line and column, shown as it
stands, and told how to be mended.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from pydantic import ValidationError

from tariffimpact.errors import Fault
from tariffimpact.facts.records import Record

MAX_BYTES: Final = 20_000_000
"""A table of curated facts is small; a larger file is the wrong file."""

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
    rejected: tuple[dict[str, str], ...] = ()
    """The cells of the rows that are not valid, so that no other row is blamed for their keys."""

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
        return valid | {cells.get(column, "") for cells in self.rejected}


def read_table(path: Path, kind: type[R]) -> Table[R]:
    """Read a CSV file into records of one kind, keeping every fault."""
    text = _text(path)
    if isinstance(text, Fault):
        return Table(path, faults=(text,))
    lines = _lines(path, text)
    if isinstance(lines, Fault):
        return Table(path, faults=(lines,))
    if not lines:
        return Table(path, faults=(Fault(str(path), "is empty", "it needs a header row"),))
    header = [name.strip() for name in lines[0][1]]
    faults = list(_header_faults(path, header, kind))
    if faults:
        return Table(path, faults=tuple(faults))
    rows: list[Row[R]] = []
    rejected: list[dict[str, str]] = []
    for line, cells in lines[1:]:
        where = f"{path}:{line}"
        if len(cells) != len(header):
            faults.append(
                Fault(where, f"has {len(cells)} cells where the header has {len(header)}", _QUOTES)
            )
            rejected.append(dict(zip(header, map(str.strip, cells), strict=False)))
            continue
        given = {n: c.strip() for n, c in zip(header, cells, strict=True) if c.strip()}
        try:
            rows.append(Row(line, kind.model_validate(given)))
        except ValidationError as error:
            rejected.append(given)
            faults.extend(_worded(where, problem) for problem in error.errors())
    return Table(path, tuple(rows), tuple(faults), tuple(rejected))


_QUOTES: Final = 'put a cell that holds a comma, a quote or a line break in "double quotes"'


def _text(path: Path) -> str | Fault:
    """Return the file's text, or what is wrong with the file as a whole."""
    where = str(path)
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            return Fault(
                where,
                f"is {size / 1e6:,.0f} MB, above the limit of {MAX_BYTES / 1e6:.0f} MB",
                "a table of facts is small; check that this is the right file",
            )
        raw = path.read_bytes()
    except FileNotFoundError:
        return Fault(where, "is not there", "every table is needed, with at least its header row")
    except OSError as error:
        return Fault(where, f"cannot be read: {error.strerror}", "check the path and permissions")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in raw:
        return Fault(where, "is not UTF-8 text (it looks like UTF-16)", "save it as CSV UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        byte = f"0x{raw[error.start]:02x}"
        return Fault(f"{where}:{line}", "is not UTF-8 text", "save it as CSV UTF-8", got=byte)


def _lines(path: Path, text: str) -> list[tuple[int, list[str]]] | Fault:
    """Return each non-blank row with the line it starts on, or the row that is no CSV."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start, found = 1, []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append((start, cells))
            start = reader.line_num + 1
    except csv.Error as error:
        return Fault(f"{path}:{start}", f"is not readable as CSV: {error}", _QUOTES)
    return found


def _header_faults(path: Path, header: list[str], kind: type[Record]) -> Iterator[Fault]:
    where, fields = f"{path}:1", kind.model_fields
    for mark, name in {";": "semicolons", "\t": "tabs"}.items():
        if len(header) == 1 and mark in header[0]:
            yield Fault(where, f"is separated by {name}", "save it as CSV with commas")
            return
    for name, field in fields.items():
        if field.is_required() and name not in header:
            yield Fault(where, "column is missing", f"add it; {_known(fields)}", column=name)
    for name in dict.fromkeys(header):
        if name not in fields:
            near = get_close_matches(name, fields, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"remove it; {_known(fields)}"
            yield Fault(where, "column is unknown", remedy, got=name)
        elif header.count(name) > 1:
            yield Fault(where, "column stands twice", "keep one of them", column=name)


def _known(fields: Any) -> str:
    return f"the columns are {', '.join(fields)}"


def _worded(where: str, problem: Any) -> Fault:
    """Turn pydantic's finding into a fault in the words of whoever filled in the table."""
    kind, context = problem["type"], problem.get("ctx", {})
    column = str(problem["loc"][0]) if problem["loc"] else ""
    got = None if kind == "missing" or not column else str(problem["input"])
    if kind.startswith("date"):
        what, remedy = _DATE
    elif kind.startswith("url"):
        what, remedy = _URL
    elif kind == "value_error":
        what, _, remedy = str(context["error"]).partition("; ")
    elif kind in _WORDS:
        what, remedy = (words.format(**context) for words in _WORDS[kind])
    else:
        what, remedy = problem["msg"], "see the codebook in data/README.md"
    return Fault(where, what, remedy, column, got)
