"""The rules of the whole schedule as data: dated components over lists of goods and origins.

`rules/` holds them: `rules.csv` (one row a component), `groups.csv` (countries treated alike),
`lists.csv` (lists of goods too short to be a file of their own) and `sources.csv`. A new
proclamation is new rows; no code names an authority or a rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator

from tariffimpact.errors import DataError, Fault
from tariffimpact.facts import CountryGroup, DutyBase, Source, Status
from tariffimpact.facts.fields import Amount, Hts, Key, Text
from tariffimpact.facts.records import Record
from tariffimpact.facts.tables import Table, read_table

SHIPPED: Final = Path(__file__).parent / "rules"

Words = Annotated[
    tuple[str, ...], BeforeValidator(lambda cell: cell.split() if isinstance(cell, str) else cell)
]

Names = Annotated[
    tuple[str, ...],
    BeforeValidator(
        lambda cell: [n.strip() for n in cell.split("|")] if isinstance(cell, str) and cell else ()
    ),
]


class RuleKind(StrEnum):
    """How a rule turns its number into a duty."""

    ADDITIVE = "additive"
    FLOOR_INCL_MFN = "floor_incl_mfn"
    """max(0, floor - MFN)."""
    TARGET_TOTAL = "target_total"
    """max(0, target - MFN)."""
    WAIVE = "waive"
    """Frees a share of an authority's duty: 1 all of it, 0..1 where a claim decides. The goods stay
    under the authority: what it displaces stays displaced."""
    EXEMPT = "exempt"
    """Takes goods out of an authority: the share it frees, it displaces nothing on."""


FREEING: Final = (RuleKind.WAIVE, RuleKind.EXEMPT)


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
    """The claim an importer makes to have the waiver, such as USMCA; for a duty that the use of
    the goods decides, the name of that use."""
    displaced_by: Names = ()
    """Authorities, parted by `|`, that take its place on the value they bear on."""
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


def inexact(rules: Sequence[Rule]) -> list[Fault]:
    """Blame rules whose combination the evaluators could not tell to the last digit.

    Shares of a value are compared, not their places: of two duties that take the place of a
    third, and one of the other, the first must bear on all or nothing. Two totals that both count
    the general rate, in full on one day, would bend with it.
    """
    duties = [rule for rule in rules if rule.kind not in FREEING]
    displacing = {name for rule in duties for name in rule.displaced_by}
    on_metal = {rule.authority for rule in duties if rule.base is DutyBase.METAL}
    faults = []
    for rule in duties:
        part = sorted({*rule.displaced_by} & on_metal) if rule.authority in displacing else []
        if part:
            what = f"gives way to {part[0]} on part of the value, and another gives way to both"
            faults.append(_blame(rule, what, "displaced_by"))
    totals = [rule for rule in duties if rule.kind is not RuleKind.ADDITIVE]
    for first, second in combinations(totals, 2):
        apart = first.authority == second.authority or not _meet(first, second)
        if not (apart or second.authority in first.displaced_by
                or first.authority in second.displaced_by):  # fmt: skip
            what = f"is a total with MFN on days when {first.component_id} is one too"
            faults.append(_blame(second, what, "kind"))
    return faults


def _meet(first: Rule, second: Rule) -> bool:
    starts = max(first.starts_on, second.starts_on)
    return starts < min(first.ends_on or date.max, second.ends_on or date.max)


def _blame(rule: Rule, what: str, column: str) -> Fault:
    remedy = "let one authority give way to the other on the whole value"
    return Fault(f"rules.csv: {rule.component_id}", what, remedy, column)
