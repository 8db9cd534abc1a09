"""Reading a file of products: row by row, every fault told, nothing silently mended."""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tariffimpact.errors import DataError, Fault
from tariffimpact.portfolio.cells import (
    CONTROL,
    KnownCodes,
    check_code,
    check_country_cell,
    check_number,
)

if TYPE_CHECKING:
    import pandas as pd

NEEDED: Final = ("sku", "company", "hts", "origin", "customs_value", "price", "currency")
"""Columns that a file of products must have."""
OPTIONAL: Final = (
    "units", "unit_cost", "freight", "dutiable_share", "metal_content", "demand_elasticity",
    "duty_quantity", "entered_on",
)  # fmt: skip
"""Columns that it may have; what each means is in `data/README.md`."""
MAX_BYTES: Final = 1_000_000_000
"""A larger file is no list of products; import lines go to `effective-rate`."""

_MOST: Final = 1e12
"""More than this a unit, or a year, is a slip, and its cents are beyond a float."""
_RANGES: Final[dict[str, tuple[float, float, str]]] = {
    "customs_value": (0.0, _MOST, "give the declared value of one unit, in US dollars"),
    "price": (0.0, _MOST, "give the shelf price of one unit before sales tax, in US dollars"),
    "units": (0.0, _MOST, "give the units a year"),
    "unit_cost": (0.0, _MOST, "give the seller's cost of one unit before the duty changed"),
    "freight": (0.0, _MOST, "give freight, insurance and fees of one unit, in US dollars"),
    "dutiable_share": (0.0, 1.0, "give a fraction of the customs value"),
    "metal_content": (0.0, 1.0, "give a fraction of the customs value, or leave it blank"),
    "demand_elasticity": (0.0, 1000.0, "give -(p/q) dq/dp, a positive number"),
    "duty_quantity": (0.0, _MOST, "give the kilograms, litres or pieces in one unit"),
}
_ZERO_ALLOWED: Final = frozenset({"units", "freight", "metal_content", "duty_quantity"})


@dataclass(frozen=True, slots=True)
class SkuChunk:
    """Some rows of a file: the valid ones as numbers, and what is wrong with the others."""

    frame: pd.DataFrame
    """Column `line` and those of the file; a blank optional number is NaN."""
    faults: tuple[Fault, ...]
    bytes_read: int


def read_skus(
    path: Path, codes: KnownCodes, *, on: date | None = None, chunk: int = 50_000
) -> Iterator[SkuChunk]:
    """Yield the rows of a file of products, a chunk at a time.

    Parameters
    ----------
    path
        CSV with the columns `NEEDED` and any of `OPTIONAL`. Money is in US dollars per unit.
    codes
        What the schedule knows.
    on
        Day of entry of rows that have none of their own.
    chunk
        Rows at a time.

    Yields
    ------
    SkuChunk
        Valid rows and faults, in file order.

    Raises
    ------
    DataError
        If the file as a whole cannot be read: absent, too large, no text, wrong columns.
    """
    _check_file(path)
    lines = _lines(path)
    _, cells, _ = next(lines, (1, [], 0))
    header = [name.strip() for name in cells]
    _check_header(path, header, needs_day=on is None)
    rows = _Rows(path, header, codes, on, _repeated(path, header.index("sku")))
    held: list[tuple[int, list[str]]] = []
    position = 0
    for line, cells, position in lines:
        if any(cell.strip() for cell in cells):
            held.append((line, cells))
        if len(held) >= chunk:
            yield rows.chunk(held, position)
            held = []
    if not position:
        raise DataError([Fault(str(path), "has no rows below its header", "add products")])
    yield rows.chunk(held, position)


def _lines(path: Path) -> Iterator[tuple[int, list[str], int]]:
    """Yield the line each row starts on, its cells, and the bytes read so far."""
    start = 1
    with path.open("rb") as raw, io.TextIOWrapper(raw, "utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            for cells in reader:
                yield start, cells, raw.tell()
                start = reader.line_num + 1
        except UnicodeDecodeError as error:
            byte = f"0x{error.object[error.start]:02x}"
            where = f"{path}:{_undecodable(path)}"
            what, remedy = "is not UTF-8 text", "save it as CSV UTF-8"
            raise DataError([Fault(where, what, remedy, got=byte)]) from None
        except csv.Error as error:
            what = f"begins a row that is not readable as CSV: {error}"
            remedy = 'close every quote, and write a quote inside a "cell" twice'
            raise DataError([Fault(f"{path}:{start}", what, remedy)]) from None


def _undecodable(path: Path) -> int:
    """Return the first line that is not UTF-8."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 1


def _repeated(path: Path, place: int) -> frozenset[int]:
    """Return the hashes of the SKUs that stand on more than one line.

    Read before the rows are: so that only these are remembered, eight bytes a row for a moment,
    and a file that breaks off in its last line is refused before its first is charged.
    """
    import numpy as np

    hashes = array("q", (hash(c[place].strip()) for _, c, _ in _lines(path) if len(c) > place))
    values, counts = np.unique(np.frombuffer(hashes, dtype=np.int64), return_counts=True)
    return frozenset(values[counts > 1].tolist())


def _check_file(path: Path) -> None:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise DataError(
            [Fault(str(path), f"cannot be read: {error.strerror}", "check the path")]
        ) from None
    what = remedy = ""
    line = ""
    if size > MAX_BYTES:
        what = f"is {size / 1e6:,.0f} MB, above the limit of {MAX_BYTES / 1e6:,.0f} MB"
        remedy = "split it, or charge it as import lines with tariffimpact effective-rate"
    elif not head.strip():
        what, remedy = "is empty", f"it needs a header row: {', '.join(NEEDED)}"
    elif head.startswith((b"\xff\xfe", b"\xfe\xff")):
        what, remedy = "is UTF-16 text", "save it as CSV UTF-8"
    elif head.startswith((b"PK", b"PAR1")):
        what, remedy = "is not CSV text", "save it as CSV UTF-8"
    elif b"\0" in head:
        line = f":{head[: head.index(0)].count(10) + 1}"
        what, remedy = "holds a NUL byte", "save it as CSV UTF-8"
    if what:
        raise DataError([Fault(f"{path}{line}", what, remedy)])


def _check_header(path: Path, header: list[str], *, needs_day: bool) -> None:
    where, known = f"{path}:1", (*NEEDED, *OPTIONAL)
    needed = (*NEEDED, "entered_on") if needs_day else NEEDED
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and mark in header[0]:
            what = f"has its columns parted by {name}"
            raise DataError([Fault(where, what, "save it with commas, as CSV UTF-8")])
    faults = [
        Fault(
            where,
            "column is missing",
            "add it, or give --on" if name == "entered_on" else f"needed: {', '.join(NEEDED)}",
            name,
        )
        for name in needed
        if name not in header
    ]
    for name in dict.fromkeys(header):
        near = get_close_matches(name.lower(), known, n=1)
        remedy = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
        if name not in known:
            faults.append(Fault(where, "column is unknown", remedy, got=name))
        elif header.count(name) > 1:
            faults.append(Fault(where, "column stands twice", "keep one of them", name))
    if faults:
        raise DataError(faults)


@dataclass(slots=True)
class _Rows:
    """Turns rows of cells into chunks, remembering the SKUs that come again."""

    path: Path
    header: list[str]
    codes: KnownCodes
    on: date | None
    repeated: frozenset[int]
    seen: dict[str, int] = field(default_factory=dict)

    def chunk(self, rows: Sequence[tuple[int, list[str]]], position: int) -> SkuChunk:
        import pandas as pd

        faults: list[Fault] = []
        kept: list[dict[str, object]] = []
        for line, cells in rows:
            found: list[Fault] = []
            record = self._row(line, cells, found)
            faults.extend(found)
            if not found:
                kept.append({"line": line, **record})
        frame = pd.DataFrame(kept, columns=["line", *NEEDED, *OPTIONAL])
        numbers = list(_RANGES)
        frame[numbers] = frame[numbers].astype("float64")
        frame["entered_on"] = pd.to_datetime(frame["entered_on"])
        return SkuChunk(frame, tuple(faults), position)

    def _row(self, line: int, cells: list[str], faults: list[Fault]) -> dict[str, object]:
        where, width = f"{self.path}:{line}", len(self.header)
        if len(cells) != width:
            what = f"has {len(cells)} cells where the header has {width}"
            remedy = (
                "put a cell that holds a comma in double quotes"
                if len(cells) > width
                else "give every column a cell, blank where there is nothing"
            )
            faults.append(Fault(where, what, remedy, got=",".join(cells)))
            return {}
        given = {name: cell.strip() for name, cell in zip(self.header, cells, strict=True)}
        record = _record(where, given, self.codes, self.on, faults)
        sku = given["sku"]
        if sku and hash(sku) in self.repeated:
            if sku in self.seen:
                what = f"repeats line {self.seen[sku]}"
                faults.append(Fault(where, what, "one row a SKU", "sku", sku))
            self.seen.setdefault(sku, line)
        return record


def _record(
    where: str, given: dict[str, str], codes: KnownCodes, on: date | None, faults: list[Fault]
) -> dict[str, object]:
    """Read one row, putting what is wrong into `faults`."""
    record: dict[str, object] = {}
    for name in ("sku", "company"):
        record[name] = given[name]
        if not given[name]:
            faults.append(Fault(where, "is blank", "fill it in", name))
        elif CONTROL.search(given[name]):
            faults.append(Fault(where, "holds a control character", "remove it", name, given[name]))
    record["hts"] = check_code(where, given["hts"], codes, faults)
    record["origin"] = check_country_cell(where, given["origin"], codes, faults)
    record["currency"] = given["currency"]
    if not given["currency"]:
        faults.append(Fault(where, "is blank", "write USD if it is", "currency"))
    elif given["currency"] != "USD":
        remedy = "convert customs_value, price, cost and freight at a dated rate and write USD"
        what = "is not USD: duty is owed in US dollars"
        faults.append(Fault(where, what, remedy, "currency", given["currency"]))
    for name, (low, high, remedy) in _RANGES.items():
        cell = given.get(name, "")
        if cell or name in NEEDED:
            zero = name in _ZERO_ALLOWED
            record[name] = check_number(where, name, cell, (low, high, zero), remedy, faults)
    record["entered_on"] = _day(where, given.get("entered_on", ""), codes, on, faults)
    return record


def _day(
    where: str, cell: str, codes: KnownCodes, on: date | None, faults: list[Fault]
) -> date | None:
    try:
        day = date.fromisoformat(cell) if cell else on
    except ValueError:
        faults.append(Fault(where, "is not a date", "write it as 2025-05-01", "entered_on", cell))
        return None
    if day is None:
        faults.append(Fault(where, "is blank", "give the day of entry, or --on", "entered_on"))
    elif not codes.starts_on <= day < codes.ends_on:
        what = f"is outside the schedule, {codes.starts_on} up to {codes.ends_on}"
        faults.append(Fault(where, what, "give a day inside it", "entered_on", str(day)))
    return day
