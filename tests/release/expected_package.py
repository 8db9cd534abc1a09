"""Write the data package and the codebook's counts anew, after the tables have changed.

python tests/release/expected_package.py
"""

import re
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from tariffimpact.facts import Cited, Facts, Record, SourceKind, read_facts
from tariffimpact.facts.authoring import CODEBOOK, meanings
from tariffimpact.facts.reader import KINDS
from tariffimpact.facts.tables import columns
from tariffimpact.release import data_version
from tariffimpact.writing import json_text

DATA = Path(__file__).resolve().parents[2] / "data"
PACKAGE_FILE = "datapackage.json"
MARKS = ("<!-- source kinds -->", "<!-- end of source kinds -->")
INTERVAL = r"^-?[0-9.]*([eE][+-]?[0-9]+)?(\.\.-?[0-9.]*([eE][+-]?[0-9]+)?)?$"
PATTERNS = {
    "Key": r"^[a-z0-9][a-z0-9.-]*$",
    "Country": r"^[A-Z]{3}$",
    "Market": r"^([A-Z]{3}|EU)$",
    "Currency": r"^[A-Z]{3}$",
    "Hts": r"^[0-9.]{4,13}$",
    "Amount": INTERVAL,
    "Span": INTERVAL,
    "Share": INTERVAL,
    "Rate": INTERVAL,
}
"""What the text of a column looks like, by the name its record gives to the kind of field."""
NUMBERS = ("Price", "Rounding")
LAW = ("tariffs", "customs_charges")
"""Tables of law, whose sources are laws and lists."""


def data_package(folder: Path = DATA) -> dict[str, Any]:
    """Return the description of the tables of a data folder as a Frictionless data package.

    Types, constraints and keys are those of the records that the tables are read into; the
    meaning of a column is what the codebook says. An interval is text with a pattern, for the
    standard has no such type.

    Parameters
    ----------
    folder
        A data folder with its codebook.
    """
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
            resource_of(folder, name, kind, codebook)
            for name, kind in KINDS.items()
            if (folder / f"{name}.csv").exists()
        ],
    }


def resource_of(folder: Path, name: str, kind: type[Record], codebook: str) -> dict[str, Any]:
    told = meanings(codebook, name)
    header = header_of(folder / f"{name}.csv")
    return {
        "name": name.replace("_", "-"),
        "path": f"{name}.csv",
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {
            "fields": [field_of(kind, column, told.get(column, "")) for column in header],
            "missingValues": [""],
            "primaryKey": [columns(kind)[0]],
            "foreignKeys": list(foreign_keys(name, header)),
        },
    }


def header_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8-sig").split("\n", 1)[0].strip().split(",")


def foreign_keys(name: str, header: list[str]) -> Iterator[dict[str, Any]]:
    if name != "sources" and "source_id" in header:
        yield {
            "fields": ["source_id"],
            "reference": {"resource": "sources", "fields": ["source_id"]},
        }
    if name in ("prices", "exposures", "financials"):
        yield {"fields": ["company"], "reference": {"resource": "companies", "fields": ["company"]}}


def field_of(kind: type[Record], column: str, meaning: str) -> dict[str, Any]:
    """Return one column: name, type, meaning, constraints."""
    declared = str(kind_word(kind, column))
    field = kind.model_fields[column]
    described: dict[str, Any] = {"name": column, "type": "string", "description": meaning}
    constraints: dict[str, Any] = {"required": True} if field.is_required() else {}
    if column == columns(kind)[0]:
        constraints["unique"] = True
    enum = enum_of(field.annotation)
    word = re.sub(r"\W*None\W*", "", declared).strip(" |")
    if enum is not None:
        constraints["enum"] = [member.value for member in enum]
    elif word == "Day":
        described["type"] = "date"
    elif word == "bool":
        described |= {"type": "boolean", "trueValues": ["true"], "falseValues": ["false"]}
    elif word in NUMBERS:
        described["type"] = "number"
        constraints["minimum"] = 0
    elif word == "HttpUrl":
        described["format"] = "uri"
    elif word in PATTERNS:
        constraints["pattern"] = PATTERNS[word]
    return described | ({"constraints": constraints} if constraints else {})


def kind_word(kind: type[Record], column: str) -> object:
    """Return a field's kind as its record names it, `Amount | None`."""
    for base in kind.__mro__:
        if column in vars(base).get("__annotations__", {}):
            return base.__annotations__[column]
    raise KeyError(column)


def enum_of(annotation: object) -> type[StrEnum] | None:
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
        if issubclass(kind, Cited) and name not in LAW
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
    start, end = MARKS
    pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.S)
    return pattern.sub(lambda _: f"{start}\n{kinds_table(facts)}\n{end}", codebook)


def package_text() -> str:
    return f"{json_text(data_package(DATA))}\n"


def main() -> None:
    codebook = DATA / CODEBOOK
    told = with_kinds(codebook.read_text(encoding="utf-8"), read_facts(DATA))
    codebook.write_text(told, encoding="utf-8")
    (DATA / PACKAGE_FILE).write_text(package_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
