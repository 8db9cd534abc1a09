"""The law as data: dated rules over lists of goods and origins, and the tariff book.

`data/law/` holds it: `book.csv` (each line of the tariff book with its columns and days),
`rules.csv` (one row a component), `programmes.csv` (what the symbols of the special column mean),
`claims.csv` (what decides a duty), `groups.csv` (countries treated alike), `lists.csv` (what each
list of goods is and where the law states it) and `codes.csv` (their codes). Their sources stand in
`data/sources.csv`; a folder of one's own may have a `sources.csv` beside. A new proclamation is new
rows; no code names an authority or a rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from tariffimpact.errors import DataError, Fault
from tariffimpact.facts import CountryGroup, DutyBase, Source, Status, shipped_folder
from tariffimpact.facts.fields import Amount, Hts, Key, Rounding, Text
from tariffimpact.facts.records import Record
from tariffimpact.facts.tables import Table, read_table

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
    PREFER = "prefer"
    """Frees a share of an authority's duty under a programme; of several, the one with the most
    specific scope decides."""


FREEING: Final = (RuleKind.WAIVE, RuleKind.EXEMPT, RuleKind.PREFER)


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
    """Fraction of the base; for a waiver or an exemption the share freed."""
    waives: str = ""
    """For a waiver or an exemption: the authority whose duty it frees."""
    claim: str = ""
    """The claim an importer makes to have the waiver, such as USMCA; for a duty that the use of
    the goods decides, the name of that use."""
    displaced_by: Names = ()
    """Authorities, parted by `|`, that take its place on the value they bear on; `Section 232*`
    stands for all that begin so."""
    combine: Literal["", "max", "nearest"] = ""
    """`max`: where two rules of the authority meet on a code, the higher rate is due, once;
    `nearest`: as `max`, but of such rules the one with the longest prefix decides."""
    status: Status
    starts_on: date
    ends_on: date | None = None
    legal_ends_on: date | None = None
    source_id: Key
    locator: str = ""
    """Where in the source, if not at the heading."""
    quote: str = ""
    """The source's own words."""
    notes: str = ""

    @property
    def nearest(self) -> bool:
        """Whether the longest prefix decides between this rule and others like it."""
        return self.combine == "nearest"


class Programme(Record):
    """What a symbol of the special column gives, and to whom."""

    symbol: Text
    name: Text
    claim: Text
    origins: Words
    reach: Literal["blanket", "listed", "everything", "anybody"]
    """`blanket`: nearly every line has the symbol, those without are told apart; `listed`: few
    have it; `everything`: the claim may free any line; `anybody`: where listed, beside any other
    programme that its origins have."""
    starts_on: date | None = None
    ends_on: date | None = None
    notes: str = ""


class Claim(Record):
    """A fact about goods, or an importer's claim, that decides a duty."""

    claim: Text
    question: Text
    presumed: Literal["", "no"] = ""
    """`no`: so rare that it counts as not made where nobody makes it; the answer says so."""
    weight_under: Annotated[Rounding, Field(le=1)] | None = None
    """Share of the weight which is the listed metal, below which the answer is yes."""


class GoodsList(Record):
    """A list of goods: what it is and where the law states it."""

    list: Text
    heading: str = ""
    source_id: Key
    locator: str = ""
    notes: str = ""


class Listed(Record):
    """A code of a list of goods."""

    list: Text
    hts: Hts
    starts_on: date | None = None
    ends_on: date | None = None


class BookLine(Record):
    """A line of the tariff book, as it stood from one day to another."""

    hts: Hts
    starts_on: date
    ends_on: date | None = None
    general: str = ""
    special: str = ""
    other: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Everything the schedule is compiled from."""

    rules: tuple[Rule, ...]
    programmes: tuple[Programme, ...]
    claims: tuple[Claim, ...]
    groups: dict[str, tuple[str, ...]]
    lists: dict[str, tuple[Listed, ...]]
    registers: dict[str, GoodsList]
    book: tuple[BookLine, ...]
    sources: dict[str, Source]


def law_folder() -> Path:
    """Return the folder of the shipped law."""
    return Path(shipped_folder("data")) / "law"


def read_rules(folder: Path | None = None, *, sources: tuple[Source, ...] = ()) -> RuleBook:
    """Read the law of a folder.

    Parameters
    ----------
    folder
        A folder like `data/law`; the shipped one by default.
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
    """
    folder = folder or law_folder()
    kinds: dict[str, Any] = {
        "rules": Rule, "programmes": Programme, "claims": Claim, "groups": CountryGroup,
        "lists": GoodsList, "codes": Listed, "book": BookLine,
    }  # fmt: skip
    if (folder / "sources.csv").exists():
        kinds["sources"] = Source
    read: dict[str, Table[Any]] = {n: read_table(folder / f"{n}.csv", k) for n, k in kinds.items()}
    faults = [fault for table in read.values() for fault in table.faults]
    own = read["sources"].records if "sources" in read else ()
    known = {source.source_id: source for source in (*sources, *own)}
    for name in ("rules", "lists"):
        faults += [
            read[name].fault(row, "source_id", "is not a known source", "add it to sources.csv")
            for row in read[name].rows
            if row.record.source_id not in known
        ]
    faults += _repeated(read["rules"], "component_id") + _repeated(read["lists"], "list")
    faults += _unasked(read, {record.claim for record in read["claims"].records})
    faults += _unweighable(read)
    registers = {record.list: record for record in read["lists"].records}
    faults += _unregistered(read["codes"], registers)
    if faults:
        raise DataError(faults)
    lists: dict[str, list[Listed]] = {}
    for entry in read["codes"].records:
        lists.setdefault(entry.list, []).append(entry)
    groups = {group.group: group.members for group in read["groups"].records}
    return RuleBook(
        read["rules"].records, read["programmes"].records, read["claims"].records, groups,
        {n: tuple(codes) for n, codes in lists.items()}, registers, read["book"].records, known,
    )  # fmt: skip


def _repeated(table: Table[Any], column: str) -> list[Fault]:
    first: dict[str, int] = {}
    faults = []
    for row in table.rows:
        key = getattr(row.record, column)
        if key in first:
            faults.append(table.fault(row, column, f"repeats line {first[key]}", "rename one"))
        first.setdefault(key, row.line)
    return faults


def _unasked(read: dict[str, Table[Any]], claims: set[str]) -> list[Fault]:
    return [
        read[name].fault(row, "claim", "is not in claims.csv", "say there what it asks")
        for name in ("rules", "programmes")
        for row in read[name].rows
        if row.record.claim and row.record.claim not in claims
    ]


def _unweighable(read: dict[str, Table[Any]]) -> list[Fault]:
    """Blame what the weight cannot decide: a preference, or a duty by use."""
    weighed = {r.claim for r in read["claims"].records if r.weight_under is not None}
    rules = [
        (read["rules"], row) for row in read["rules"].rows
        if row.record.kind is RuleKind.PREFER or row.record.kind not in FREEING
    ]  # fmt: skip
    programmes = [(read["programmes"], row) for row in read["programmes"].rows]
    return [
        table.fault(row, "claim", "is decided by weight, which frees by waiver or exemption only",
                    "make the rule one, or leave weight_under blank in claims.csv")
        for table, row in (*rules, *programmes)
        if row.record.claim in weighed
    ]  # fmt: skip


def _unregistered(codes: Table[Any], registers: Iterable[str]) -> list[Fault]:
    """Blame the first code of each list that `lists.csv` does not name."""
    told = set(registers)
    faults = []
    for row in codes.rows:
        if row.record.list not in told:
            told.add(row.record.list)
            what, remedy = "is not in lists.csv", "say there what the list is"
            faults.append(codes.fault(row, "list", what, remedy))
    return faults


def inexact(rules: Sequence[Rule]) -> list[Fault]:
    """Blame rules whose combination the evaluators could not tell to the last digit.

    Shares of a value are compared, not their places: of two duties that take the place of a
    third, and one of the other, the first must bear on all or nothing. Two totals that both count
    the general rate, in full on one day, would bend with it.
    """
    duties = [rule for rule in rules if rule.kind not in FREEING]
    authorities = {rule.authority for rule in duties}
    displacing = {n for rule in duties for n in displacers(rule, authorities)}
    on_metal = {rule.authority for rule in duties if rule.base is DutyBase.METAL}
    faults = []
    for rule in duties:
        part = sorted({*displacers(rule, authorities)} & on_metal)
        if part and rule.authority in displacing:
            what = f"gives way to {part[0]} on part of the value, and another gives way to both"
            faults.append(_blame(rule, what, "displaced_by"))
    totals = [rule for rule in duties if rule.kind is not RuleKind.ADDITIVE]
    for first, second in combinations(totals, 2):
        apart = first.authority == second.authority or not _meet(first, second)
        if not (apart or second.authority in displacers(first, authorities)
                or first.authority in displacers(second, authorities)):  # fmt: skip
            what = f"is a total with MFN on days when {first.component_id} is one too"
            faults.append(_blame(second, what, "kind"))
    return faults


def displacers(rule: Rule, authorities: Iterable[str]) -> tuple[str, ...]:
    """Return the authorities a rule gives way to, by name."""
    return tuple(
        name
        for word in rule.displaced_by
        for name in sorted(authorities if word.endswith("*") else [word])
        if name == word or (name.startswith(word.rstrip("*")) and word.endswith("*"))
    )


def _meet(first: Rule, second: Rule) -> bool:
    starts = max(first.starts_on, second.starts_on)
    together = starts < min(first.ends_on or date.max, second.ends_on or date.max)
    everywhere = "*" in (*first.scope, *second.scope)
    return together and (everywhere or bool({*first.scope} & {*second.scope}))


def _blame(rule: Rule, what: str, column: str) -> Fault:
    remedy = "let one authority give way to the other on the whole value"
    return Fault(f"rules.csv: {rule.component_id}", what, remedy, column)
