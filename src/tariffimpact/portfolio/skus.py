"""Reading a file of products: row by row, every fault told, nothing silently mended."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tariffimpact.errors import DataError, Fault
from tariffimpact.portfolio.cells import KnownCodes, check_code, check_country_cell, check_number

if TYPE_CHECKING:
    import pandas as pd

NEEDED: Final = ("sku", "company", "hts", "origin", "customs_value", "price", "currency")
OPTIONAL: Final = (
    "units", "unit_cost", "freight", "dutiable_share", "metal_content", "demand_elasticity",
    "duty_quantity", "entered_on",
)  # fmt: skip
MAX_BYTES: Final = 1_000_000_000
"""A larger file is no list of products; import lines go to `effective-rate`."""

_RANGES: Final[dict[str, tuple[float, float | None, str]]] = {
    "customs_value": (0.0, None, "give the declared value of one unit, in US dollars"),
    "price": (0.0, None, "give the shelf price of one unit before sales tax, in US dollars"),
    "units": (0.0, None, "give the units a year"),
    "unit_cost": (0.0, None, "give the seller's cost of one unit before the duty changed"),
    "freight": (0.0, None, "give freight, insurance and fees of one unit, in US dollars"),
    "dutiable_share": (0.0, 1.0, "give a fraction of the customs value"),
    "metal_content": (0.0, 1.0, "give a fraction of the customs value, or leave it blank"),
    "demand_elasticity": (0.0, 1000.0, "give -(p/q) dq/dp, a positive number"),
    "duty_quantity": (0.0, None, "give the kilograms, litres or pieces in one unit"),
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
    checked = _checked_file(path)
    seen: dict[str, int] = {}
    with checked.open("rb") as raw, io.TextIOWrapper(raw, "utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            header = [name.strip() for name in next(reader, [])]
            _check_header(path, header, needs_day=on is None)
            start, rows = reader.line_num + 1, list[tuple[int, list[str]]]()
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    rows.append((start, cells))
                start = reader.line_num + 1
                if len(rows) >= chunk:
                    yield _chunk(path, header, rows, codes, on, seen, raw.tell())
                    rows = []
            yield _chunk(path, header, rows, codes, on, seen, raw.tell())
        except UnicodeDecodeError as error:
            byte = f"0x{error.object[error.start]:02x}"
            raise DataError(
                [Fault(str(path), "is not UTF-8 text", "save it as CSV UTF-8", got=byte)]
            ) from None
        except csv.Error as error:
            where = f"{path}:{reader.line_num}"
            remedy = 'put a cell that holds a comma or a quote in "double quotes"'
            what = f"is not readable as CSV: {error}"
            raise DataError([Fault(where, what, remedy)]) from None


def _checked_file(path: Path) -> Path:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise DataError(
            [Fault(str(path), f"cannot be read: {error.strerror}", "check the path")]
        ) from None
    what = remedy = ""
    if size > MAX_BYTES:
        what = f"is {size / 1e6:,.0f} MB, above the limit of {MAX_BYTES / 1e6:,.0f} MB"
        remedy = "split it, or charge it as import lines with tariffimpact effective-rate"
    elif not head.strip():
        what, remedy = "is empty", f"it needs a header row: {', '.join(NEEDED)}"
    elif head.startswith((b"\xff\xfe", b"\xfe\xff", b"PK", b"PAR1")) or b"\0" in head:
        what, remedy = "is not CSV text", "save it as CSV UTF-8"
    if what:
        raise DataError([Fault(str(path), what, remedy)])
    return path


def _check_header(path: Path, header: list[str], *, needs_day: bool) -> None:
    where, known = f"{path}:1", (*NEEDED, *OPTIONAL)
    needed = (*NEEDED, "entered_on") if needs_day else NEEDED
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
        near = get_close_matches(name, known, n=1)
        remedy = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
        if name not in known:
            faults.append(Fault(where, "column is unknown", remedy, got=name))
        elif header.count(name) > 1:
            faults.append(Fault(where, "column stands twice", "keep one of them", name))
    if faults:
        raise DataError(faults)


def _chunk(
    path: Path, header: list[str], rows: Sequence[tuple[int, list[str]]], codes: KnownCodes,
    on: date | None, seen: dict[str, int], position: int,
) -> SkuChunk:  # fmt: skip
    import pandas as pd

    faults: list[Fault] = []
    kept: list[dict[str, object]] = []
    for line, cells in rows:
        where = f"{path}:{line}"
        if len(cells) != len(header):
            what = f"has {len(cells)} cells where the header has {len(header)}"
            remedy = "put a cell that holds a comma in double quotes"
            faults.append(Fault(where, what, remedy, got=",".join(cells)))
            continue
        given = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
        found: list[Fault] = []
        record = _record(where, given, codes, on, found)
        sku = given["sku"]
        if sku in seen:
            found.append(Fault(where, f"repeats line {seen[sku]}", "one row a SKU", "sku", sku))
        seen.setdefault(sku, line)
        faults.extend(found)
        if not found:
            kept.append({"line": line, **record})
    columns = ["line", *NEEDED, *OPTIONAL]
    frame = pd.DataFrame(kept, columns=columns)
    numbers = list(_RANGES)
    frame[numbers] = frame[numbers].astype("float64")
    frame["entered_on"] = pd.to_datetime(frame["entered_on"])
    return SkuChunk(frame, tuple(faults), position)


def _record(
    where: str, given: dict[str, str], codes: KnownCodes, on: date | None, faults: list[Fault]
) -> dict[str, object]:
    """Read one row, putting what is wrong into `faults`."""
    record: dict[str, object] = {}
    for name in ("sku", "company"):
        record[name] = given[name]
        if not given[name]:
            faults.append(Fault(where, "is blank", "fill it in", name))
    record["hts"] = check_code(where, given["hts"], codes, faults)
    record["origin"] = check_country_cell(where, given["origin"], codes, faults)
    record["currency"] = given["currency"]
    if given["currency"] != "USD":
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
