"""The rules of the whole schedule as data: dated components over lists of goods and origins.

`rules/` holds them: `rules.csv` (one row a component), `groups.csv` (countries treated alike),
`lists.csv` (lists of goods too short to be a file of their own) and `sources.csv`. A new
proclamation is new rows; no code names an authority or a rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator

from tariffimpact.errors import DataError, Fault
from tariffimpact.facts import CountryGroup, DutyBase, Source, Status
from tariffimpact.facts.cells import Amount, Hts, Key, Text
from tariffimpact.facts.records import Record
from tariffimpact.facts.tables import Table, read_table

SHIPPED: Final = Path(__file__).parent / "rules"

Words = Annotated[
    tuple[str, ...], BeforeValidator(lambda cell: cell.split() if isinstance(cell, str) else cell)
]


class RuleKind(StrEnum):
    """How a rule turns its number into a duty."""

    ADDITIVE = "additive"
    FLOOR_INCL_MFN = "floor_incl_mfn"
    """max(0, floor - MFN)."""
    TARGET_TOTAL = "target_total"
    """max(0, target - MFN)."""
    WAIVE = "waive"
    """Frees a share of another authority's duty: 1 exempt, 0..1 where a claim decides."""


class Rule(Record):
    """One dated component over a scope of goods and origins."""

    component_id: Key
    authority: Text
    name: Text
    heading: str = ""
    """Where the tariff schedule states it, such as 9903.88.03."""
    legal_reference: str = ""
    kind: RuleKind
    base: DutyBase
    scope: Words
    """HTS prefixes, `@list` names, or `*` for every product; `!` before a word leaves it out."""
    origins: Words
    """ISO alpha-3 codes, `@GROUP`s, or `*`; `!` before a word leaves it out."""
    ad_valorem: Amount
    """Fraction of the base; for a waiver the share freed."""
    waives: str = ""
    """For a waiver: the authority whose duty it frees."""
    claim: str = ""
    """The claim an importer makes to have the waiver, such as USMCA."""
    displaced_by: str = ""
    combine: Literal["", "max", "nearest"] = ""
    """`max`: where two rules of the authority meet on a code, the higher rate is due, once;
    `nearest`: as `max`, but of such rules the one with the longest prefix decides."""
    status: Status
    starts_on: date
    ends_on: date | None = None
    legal_ends_on: date | None = None
    source_id: Key
    notes: str = ""

    @property
    def nearest(self) -> bool:
        """Whether the longest prefix decides between this rule and others like it."""
        return self.combine == "nearest"


class Listed(Record):
    """A code of a list of goods."""

    list: Text
    hts: Hts
    source_id: Key


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Every rule, group, list and source the schedule is built from."""

    rules: tuple[Rule, ...]
    groups: dict[str, tuple[str, ...]]
    lists: dict[str, tuple[str, ...]]
    sources: dict[str, Source]


def read_rules(folder: Path = SHIPPED, *, sources: tuple[Source, ...] = ()) -> RuleBook:
    """Read the rules of a folder.

    Parameters
    ----------
    folder
        A folder with `rules.csv`, `groups.csv`, `lists.csv` and `sources.csv`; the shipped rules
        by default.
    sources
        Further sources a rule may cite, as `read_facts().sources`.

    Returns
    -------
    RuleBook
        The rules in file order.

    Raises
    ------
    DataError
        With every fault of every table.

    Examples
    --------
    >>> from tariffimpact.facts import read_facts
    >>> book = read_rules(sources=read_facts().sources)
    >>> next(r.ad_valorem.high for r in book.rules if r.component_id == "s122")
    0.1
    """
    kinds = {"rules": Rule, "groups": CountryGroup, "lists": Listed, "sources": Source}
    read: dict[str, Table[Any]] = {n: read_table(folder / f"{n}.csv", k) for n, k in kinds.items()}
    faults = [fault for table in read.values() for fault in table.faults]
    known = {s.source_id: s for s in (*sources, *read["sources"].records)}
    faults += [
        read["rules"].fault(row, "source_id", "is not a known source", "add it to sources.csv")
        for row in read["rules"].rows
        if row.record.source_id not in known
    ]
    faults += _repeated(read["rules"])
    if faults:
        raise DataError(faults)
    lists: dict[str, list[str]] = {}
    for entry in read["lists"].records:
        lists.setdefault(entry.list, []).append(entry.hts)
    groups = {group.group: group.members for group in read["groups"].records}
    return RuleBook(read["rules"].records, groups, {n: tuple(c) for n, c in lists.items()}, known)


def _repeated(table: Table[Rule]) -> list[Fault]:
    first: dict[str, int] = {}
    faults = []
    for row in table.rows:
        key = row.record.component_id
        if key in first:
            faults.append(
                table.fault(row, "component_id", f"repeats line {first[key]}", "rename one")
            )
        first.setdefault(key, row.line)
    return faults
