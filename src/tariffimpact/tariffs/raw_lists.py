"""The raw lists a schedule is built from: general rates and product lists, as published.

A folder holds the files of `FILES`; each is read whole, checked cell by cell, and every fault is
told at once.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tariffimpact.errors import DataError, Fault
from tariffimpact.facts.user_tables import Columns, open_table

FILES: Final[dict[str, tuple[str, ...]]] = {
    "mfn_rates_2025.csv": ("hs8", "rate_raw"),
    "s301_product_lists.csv": ("hts8", "list", "ch99_code"),
    "s232_derivative_products.csv": ("hts_prefix", "derivative_type", "effective_date"),
    "s232_annex_products.csv": ("hts_prefix", "annex"),
    "s122_exempt_products.csv": ("hts8",),
    "floor_exempt_products.csv": ("hts8", "country_group", "category"),
    "country_eo_exempt_products.csv": ("ch99_code", "hts10", "effective_date_start"),
}
"""File name to the columns it must have; the first HTS column is the code."""

_MAX_BYTES: Final = 50_000_000
_CODE_COLUMNS: Final = ("hs8", "hts8", "hts10", "hts_prefix")


@dataclass(frozen=True, slots=True)
class RawLists:
    """What a folder of raw lists says."""

    general_rates: dict[str, str]
    """HTS8 to its general rate in words."""
    lists: dict[str, tuple[str, ...]]
    """List name, such as `s301:4A`, to HTS codes of 4 to 10 digits."""
    files: dict[str, dict[str, str | int]] = field(default_factory=dict)
    """File name to its digest and number of rows."""


def read_raw_lists(folder: Path) -> RawLists:
    """Read the raw lists of a folder.

    Parameters
    ----------
    folder
        Holds the files of `FILES`.

    Returns
    -------
    RawLists
        General rates by HTS8 and lists of codes.

    Raises
    ------
    DataError
        Naming every missing file and column and every cell that is not an HTS code.
    """
    if not folder.is_dir():
        raise DataError([Fault(str(folder), "is not a folder", "name the folder of raw lists")])
    faults: list[Fault] = []
    rows: dict[str, list[tuple[int, dict[str, str]]]] = {}
    for name, columns in FILES.items():
        rows[name] = list(_rows(folder / name, columns, faults))
    general, repeated = _general_rates(folder, rows["mfn_rates_2025.csv"])
    if faults or repeated:
        raise DataError([*faults, *repeated])
    files = {name: _fingerprint(folder / name, len(found)) for name, found in rows.items()}
    return RawLists(general, _lists(rows), files)


def _general_rates(
    folder: Path, rows: list[tuple[int, dict[str, str]]]
) -> tuple[dict[str, str], list[Fault]]:
    rates: dict[str, str] = {}
    faults = []
    for line, row in rows:
        if row["hs8"] in rates and rates[row["hs8"]] != row["rate_raw"]:
            where = f"{folder / 'mfn_rates_2025.csv'}:{line}"
            what = "has a second general rate"
            faults.append(Fault(where, what, "keep one row a code", "hs8", row["hs8"]))
        rates[row["hs8"]] = row["rate_raw"]
    return rates, faults


def _lists(rows: dict[str, list[tuple[int, dict[str, str]]]]) -> dict[str, tuple[str, ...]]:
    lists: dict[str, list[str]] = {}
    for _, row in rows["s301_product_lists.csv"]:
        named = row["ch99_code"] if row["list"].startswith("biden_jan26") else row["list"]
        lists.setdefault(f"s301:{named}", []).append(row["hts8"])
    for _, row in rows["s232_derivative_products.csv"]:
        when = "late" if row["effective_date"] >= "2025-08-18" else "early"
        within = "76" if when == "early" and row["hts_prefix"].startswith("76") else "other"
        name = f"s232-derivative:{when}-{row['derivative_type']}-{within}"
        lists.setdefault(name, []).append(row["hts_prefix"])
    for _, row in rows["s232_annex_products.csv"]:
        lists.setdefault(f"s232-annex:{row['annex']}", []).append(row["hts_prefix"])
    lists["s122-exempt"] = [row["hts8"] for _, row in rows["s122_exempt_products.csv"]]
    for _, row in rows["floor_exempt_products.csv"]:
        lists.setdefault(f"floor-exempt:{row['country_group']}", []).append(row["hts8"])
    lists["civil-aircraft"] = [
        row["hts8"]
        for _, row in rows["floor_exempt_products.csv"]
        if row["category"] == "civil_aircraft"
    ]
    for _, row in rows["country_eo_exempt_products.csv"]:
        if row["ch99_code"] == "9903.01.77":
            name = f"brazil-exempt:{row['effective_date_start']}"
            for each in (name, "brazil-exempt"):
                lists.setdefault(each, []).append(row["hts10"])
    return {name: tuple(dict.fromkeys(codes)) for name, codes in lists.items()}


def _rows(
    path: Path, columns: tuple[str, ...], faults: list[Fault]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row with its line, codes as digits, putting what is wrong into `faults`."""
    code_column = next(name for name in columns if name in _CODE_COLUMNS)
    try:
        for chunk in open_table(path, Columns(columns), limit=_MAX_BYTES).chunks():
            faults.extend(chunk.faults)
            for place, line in enumerate(chunk.lines):
                row = {name: chunk.columns[name][place] for name in columns}
                digits = row[code_column].replace(".", "")
                if len(digits) == 12:
                    digits = digits.removesuffix("00")  # two digits too many
                if not re.fullmatch(r"(\d\d){2,5}", digits):
                    remedy = "write 4, 6, 8 or 10 digits, leading zero kept"
                    where = f"{path}:{line}"
                    faults.append(Fault(where, "is not an HTS code", remedy, code_column, digits))
                yield line, row | {code_column: digits}
    except DataError as error:
        faults.extend(error.faults)


def _fingerprint(path: Path, rows: int) -> dict[str, str | int]:
    return {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "rows": rows}
