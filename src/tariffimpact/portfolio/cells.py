"""How a code, a country and a number of a user's file are checked, and bad ones worded."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Final

from tariffimpact.codes import check_country
from tariffimpact.errors import Fault
from tariffimpact.tariffs import CompiledSchedule

CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""A character that is no text; line breaks and tabs are."""
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class KnownCodes:
    """What a schedule knows: codes, the lines with statistical lines set apart, days, origins."""

    codes: frozenset[str]
    apart: dict[str, tuple[str, ...]]
    """HTS8 to the HTS10 codes that are treated apart from it."""
    origins: frozenset[str] | None
    """None where the schedule knows every country."""
    starts_on: date
    ends_on: date

    @classmethod
    def of(cls, compiled: CompiledSchedule) -> KnownCodes:
        """Return what a compiled schedule knows."""
        general = compiled.frame[compiled.frame["authority"] == "MFN"]
        general = general[general["role"] == "duty"]
        codes = frozenset(general["hts"])
        apart = defaultdict(list)
        for code in sorted(codes):
            if len(code) == 10:
                apart[code[:8]].append(code)
        everywhere = "" in set(general["origin"])
        told = compiled.manifest
        return cls(
            codes,
            {line: tuple(found) for line, found in apart.items()},
            None if everywhere else frozenset(general["origin"]),
            date.fromisoformat(told["starts_on"]),
            date.fromisoformat(told["ends_on"]),
        )


def check_code(where: str, cell: str, known: KnownCodes, faults: list[Fault]) -> str:
    """Return an HTS code as 8 or 10 digits the schedule knows, or blame the cell."""
    digits = cell.replace(".", "").replace(" ", "")
    what, remedy = _code_fault(cell, digits, known)
    if what:
        faults.append(Fault(where, what, remedy, "hts", cell))
    return digits


def _code_fault(cell: str, digits: str, known: KnownCodes) -> tuple[str, str]:
    if not cell:
        return "is blank", "give the HTS code, 10 digits as text"
    if re.fullmatch(r"\d+\.0", cell) or re.fullmatch(r"[\d.]+[eE]\+?\d+", cell):
        return "was read as a number", "format the column as text: 0406905600, not 406905600.0"
    if not digits.isascii() or not digits.isdigit():
        return "is not an HTS code", "write digits, with or without dots"
    if len(digits) in (7, 9):
        return (
            f"has {len(digits)} digits: a leading zero was lost",
            f"keep the column as text; if so, 0{digits}",
        )
    if len(digits) not in (8, 10):
        return f"has {len(digits)} digits", "give 10 digits, or 8 where the line is not divided"
    if digits[:2] in ("98", "99"):
        return (
            f"is of chapter {digits[:2]}, a special provision",
            "give the code of chapters 1 to 97 the goods belong to",
        )
    if len(digits) == 8 and known.apart.get(digits):
        return (
            "has 8 digits, and its statistical lines are charged differently",
            f"give 10 digits, such as {known.apart[digits][0]}",
        )
    if digits not in known.codes and digits[:8] not in known.codes:
        return "is not in the schedule", "check the code against the tariff schedule of 2025"
    return "", ""


def check_country_cell(where: str, cell: str, known: KnownCodes, faults: list[Fault]) -> str:
    """Return an origin the schedule knows, or blame the cell."""
    if not cell:
        faults.append(Fault(where, "is blank", "give the country of origin: CHN, VNM", "origin"))
        return cell
    try:
        check_country(cell)
    except ValueError as error:
        what, _, remedy = str(error).partition("; ")
        remedy = remedy or "write CHN, VNM, JPN"
        faults.append(Fault(where, what, remedy, "origin", cell))
        return cell
    if cell == "USA":
        faults.append(
            Fault(where, "is the importing country", "give the country of origin", "origin", cell)
        )
    elif known.origins is not None and cell not in known.origins:
        what = "is not among the origins the shipped rows cover"
        faults.append(
            Fault(where, what, "give --schedule with a schedule of every product", "origin", cell)
        )
    return cell


def check_number(
    where: str,
    column: str,
    cell: str,
    span: tuple[float, float, bool],
    remedy: str,
    faults: list[Fault],
) -> float:
    """Return a number inside a span `(low, high, whether low itself is allowed)`, or blame it."""
    low, high, closed = span
    if not cell:
        faults.append(Fault(where, "is blank", remedy, column))
        return math.nan
    if not _NUMBER.fullmatch(cell):
        grouped = re.fullmatch(r"[+-]?\d{1,3}([,' ]\d{3})+(\.\d+)?", cell)
        what = "has thousands separators" if grouped else "is not a number"
        how = f"write {re.sub('[^0-9.-]', '', cell)}" if grouped else remedy
        faults.append(Fault(where, what, how, column, cell))
        return math.nan
    value = float(cell)
    what = ""
    if not math.isfinite(value):
        what = "is not a finite number"
    elif value < low or (value == low and not closed):
        what = "is negative" if value < 0 else f"must be above {low:g}"
    elif value > high:
        what = f"must not be above {high:g}"
    if what:
        faults.append(Fault(where, what, remedy, column, cell))
    return value
