"""The codebook and what goes with it: a data package (Frictionless), counts, rows to fill in."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

from tariffimpact.facts.reader import KINDS, Facts, folded
from tariffimpact.facts.records import Cited, Record, SourceKind
from tariffimpact.facts.tables import columns
from tariffimpact.release import data_version, shipped_folder

PACKAGE_FILE: Final = "datapackage.json"
CODEBOOK: Final = "README.md"
_MARKS: Final = ("<!-- source kinds -->", "<!-- end of source kinds -->")
_INTERVAL: Final = r"^-?[0-9.]*([eE][+-]?[0-9]+)?(\.\.-?[0-9.]*([eE][+-]?[0-9]+)?)?$"
_PATTERNS: Final = {
    "Key": r"^[a-z0-9][a-z0-9.-]*$",
    "Country": r"^[A-Z]{3}$",
    "Market": r"^([A-Z]{3}|EU)$",
    "Currency": r"^[A-Z]{3}$",
    "Hts": r"^[0-9.]{4,13}$",
    "Amount": _INTERVAL,
    "Span": _INTERVAL,
    "Share": _INTERVAL,
    "Rate": _INTERVAL,
}
"""What the text of a column looks like, by the name its record gives to the kind of field."""
_NUMBERS: Final = ("Price", "Rounding")
_LAW: Final = ("tariffs", "customs_charges")
"""Tables of law, whose sources are laws and lists."""


def data_package(folder: Path | None = None) -> dict[str, Any]:
    """Return the description of the tables of a data folder as a Frictionless data package.

    Types, constraints and keys are those of the records that the tables are read into; the
    meaning of a column is what the codebook says. An interval is text with a pattern, for the
    standard has no such type.

    Parameters
    ----------
    folder
        A data folder with its codebook; the shipped one by default.
    """
    folder = shipped_folder("data") if folder is None else folder
    codebook = (folder / CODEBOOK).read_text(encoding="utf-8")
    version = data_version(folder)
    return {
        "profile": "tabular-data-package",
        "name": "tariffimpact-data",
        "title": "US tariffs, prices and what companies say they cost",
        "version": version.version or "own",
        "created": None if version.released_on is None else f"{version.released_on}T00:00:00Z",
        "licenses": [{"name": "MIT", "path": "https://opensource.org/license/mit"}],
        "resources": [
            _resource(folder, name, kind, codebook)
            for name, kind in KINDS.items()
            if (folder / f"{name}.csv").exists()
        ],
    }


def _resource(folder: Path, name: str, kind: type[Record], codebook: str) -> dict[str, Any]:
    told = _meanings(codebook, name)
    header = _header(folder / f"{name}.csv")
    return {
        "name": name.replace("_", "-"),
        "path": f"{name}.csv",
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {
            "fields": [_field(kind, column, told.get(column, "")) for column in header],
            "missingValues": [""],
            "primaryKey": [columns(kind)[0]],
            "foreignKeys": list(_foreign_keys(name, header)),
        },
    }


def _meanings(codebook: str, table: str) -> dict[str, str]:
    """Return what the codebook says of each column of a table."""
    section = re.search(rf"^## `?{table}\.csv`?.*?(?=^## |\Z)", codebook, re.M | re.S)
    return dict(re.findall(r"^\| `(\w+)` \| (.+?) \|$", section[0] if section else "", re.M))


def _header(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8-sig").split("\n", 1)[0].strip().split(",")


def _foreign_keys(name: str, header: list[str]) -> Iterator[dict[str, Any]]:
    if name != "sources" and "source_id" in header:
        yield {
            "fields": ["source_id"],
            "reference": {"resource": "sources", "fields": ["source_id"]},
        }
    if name in ("prices", "exposures", "financials"):
        yield {"fields": ["company"], "reference": {"resource": "companies", "fields": ["company"]}}


def _field(kind: type[Record], column: str, meaning: str) -> dict[str, Any]:
    """Return one column: name, type, meaning, constraints."""
    declared = str(_annotation(kind, column))
    field = kind.model_fields[column]
    described: dict[str, Any] = {"name": column, "type": "string", "description": meaning}
    constraints: dict[str, Any] = {"required": True} if field.is_required() else {}
    if column == columns(kind)[0]:
        constraints["unique"] = True
    enum = _enum(field.annotation)
    word = re.sub(r"\W*None\W*", "", declared).strip(" |")
    if enum is not None:
        constraints["enum"] = [member.value for member in enum]
    elif word == "Day":
        described["type"] = "date"
    elif word == "bool":
        described |= {"type": "boolean", "trueValues": ["true"], "falseValues": ["false"]}
    elif word in _NUMBERS:
        described["type"] = "number"
        constraints["minimum"] = 0
    elif word == "HttpUrl":
        described["format"] = "uri"
    elif word in _PATTERNS:
        constraints["pattern"] = _PATTERNS[word]
    return described | ({"constraints": constraints} if constraints else {})


def _annotation(kind: type[Record], column: str) -> object:
    """Return a field's kind as its record names it, `Amount | None`."""
    for base in kind.__mro__:
        if column in vars(base).get("__annotations__", {}):
            return base.__annotations__[column]
    raise KeyError(column)


def _enum(annotation: object) -> type[StrEnum] | None:
    """Return the enumeration a field takes its words from; None if it has none."""
    options = (
        get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    )
    found = (o for o in options if isinstance(o, type) and issubclass(o, StrEnum))
    return next(found, None)


def source_kinds(facts: Facts) -> dict[SourceKind, tuple[int, int]]:
    """Return of each kind how many sources there are, and how many rows rest on them.

    The sources of the tariff schedule, which are laws and lists, are left out.
    """
    kind_of = {source.source_id: source.kind for source in facts.sources}
    cited = [
        row.source_id
        for name, kind in KINDS.items()
        if issubclass(kind, Cited) and name not in _LAW
        for row in getattr(facts, name)
    ]
    rows = Counter(kind_of[source_id] for source_id in cited)
    sources = Counter(kind_of[source_id] for source_id in set(cited))
    return {kind: (sources[kind], rows[kind]) for kind in SourceKind}


def kinds_table(facts: Facts) -> str:
    """Return the table of source kinds as the codebook prints it."""
    counts = source_kinds(facts)
    of_sources, of_rows = (sum(pair[place] for pair in counts.values()) for place in (0, 1))
    lines = ["| kind | sources | share | rows | share |", "|---|---|---|---|---|"]
    lines += [
        f"| {kind.value} | {sources} | {sources / of_sources:.0%} | {rows} | {rows / of_rows:.0%} |"
        for kind, (sources, rows) in counts.items()
    ]
    return "\n".join([*lines, f"| together | {of_sources} | | {of_rows} | |"])


def with_kinds(codebook: str, facts: Facts) -> str:
    """Return the codebook with the table of source kinds between its marks written anew."""
    start, end = _MARKS
    pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.S)
    return pattern.sub(lambda _: f"{start}\n{kinds_table(facts)}\n{end}", codebook)


_OF_A_COMPANY: Final = ("companies", "sources", "exposures", "financials", "statements", "prices")
"""What is known of a company, in the order in which it is best filled in."""


def company_rows(name: str) -> str:
    """Return a text with the header, one row to fill and a comment for each column of six tables.

    Parameters
    ----------
    name
        The company, as its rows are to spell it.

    Examples
    --------
    >>> text = company_rows("Acme")
    >>> [line for line in text.splitlines() if line.startswith("Acme,")]
    ['Acme,Acme,,,,']
    """
    codebook = (shipped_folder("data") / CODEBOOK).read_text(encoding="utf-8")
    top = (
        f"# Rows about {name}. Fill in what the sources say, leave blank what they do not, and\n"
        "# add each row without these comments to the table named above it. Then:\n"
        "# tariffimpact facts check FOLDER\n"
    )
    return "\n".join([top, *(_starter(table, name, codebook) for table in _OF_A_COMPANY)])


def _starter(table: str, name: str, codebook: str) -> str:
    told, kind = _meanings(codebook, table), KINDS[table]
    comments = []
    for column, meaning in told.items():
        needed = "" if kind.model_fields[column].is_required() else " (may be blank)"
        comments.append(f"#   {column}{needed}: {meaning}")
    filled = {"company": name, "name": name}
    if table != "companies":
        filled[next(iter(told))] = f"{'-'.join(folded(name).split())}-YEAR-MONTH"
    row = [filled.get(column, "") for column in told]
    return "\n".join([f"# {table}.csv", *comments, _line(list(told)), _line(row), ""])


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()
