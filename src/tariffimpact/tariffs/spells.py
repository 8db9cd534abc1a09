"""Rows of a compiled schedule: what each scope pays under each authority, spell by spell.

Rules over lists of goods and groups of countries become rows over single codes and countries. Two
rows of one authority never meet on a scope and a day, so whoever joins lines to them finds one at
most.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Final

from tariffimpact.errors import Fault
from tariffimpact.facts import DutyBase, Status
from tariffimpact.tariffs.rules import Rule, RuleBook, RuleKind

COVERAGE: Final = (date(2025, 1, 1), date(2027, 1, 1))
"""First day a compiled schedule knows, and the first it no longer knows."""

DUTY: Final = "duty"
WAIVER: Final = "waiver"
EXEMPTION: Final = "exemption"
UNPAID: Final = "not charged"
"""What a row is: a duty, a waiver of a share of one, an exemption that takes goods out of one, or
a duty that was announced and never charged."""


@dataclass(frozen=True, slots=True)
class Spell:
    """What one rule says about one scope from one day up to, not including, another."""

    hts: str
    """HTS code of 8 or 10 digits; blank for every product."""
    origin: str
    """ISO alpha-3; blank for every origin."""
    authority: str
    """For a waiver, the authority whose duty it frees."""
    role: str
    kind: str
    base: str
    low: float
    high: float
    specific_low: float
    specific_high: float
    specific_unit: str
    displaced_by: str
    """Authorities, parted by `|`."""
    replaces: str
    """Authorities, parted by `|`."""
    component_id: str
    listed_digits: int
    """Under how many digits the list has the code: 0 where the rule is for every product."""
    starts_on: date
    ends_on: date


class Codes:
    """The codes a schedule is compiled over: every HTS8, and the HTS10 that a list sets apart."""

    def __init__(self, general: Iterable[str], listed: Iterable[str]) -> None:
        known = {code for code in general if code[:2] not in ("98", "99")}
        self.apart = frozenset(c for c in listed if len(c) == 10 and c[:8] in known)
        self.codes: list[str] = sorted({*known, *self.apart})

    def under(self, prefix: str) -> list[str]:
        """Return every code that starts with a prefix."""
        start = bisect_left(self.codes, prefix)
        return self.codes[start : bisect_left(self.codes, prefix + ":", start)]


def rule_spells(rule: Rule, book: RuleBook, codes: Codes) -> Iterator[Spell]:
    """Yield a rule's rows over single codes and countries, cut to the coverage."""
    starts_on, ends_on = (
        max(rule.starts_on, COVERAGE[0]),
        min(rule.ends_on or COVERAGE[1], COVERAGE[1]),
    )
    if starts_on >= ends_on:
        return
    charged = rule.status in (Status.IN_FORCE, Status.VOID)
    freeing = {RuleKind.WAIVE: WAIVER, RuleKind.EXEMPT: EXEMPTION}
    role = freeing.get(rule.kind, DUTY if charged else UNPAID)
    model = Spell(
        "", "", rule.waives or rule.authority, role, rule.kind, rule.base,
        rule.ad_valorem.low, rule.ad_valorem.high, 0.0, 0.0, "", "|".join(rule.displaced_by), "",
        rule.component_id, 0, starts_on, ends_on,
    )  # fmt: skip
    for hts, digits in expanded_scope(rule, book, codes).items():
        for origin in expanded_origins(rule, book, everywhere=bool(hts)):
            yield replace(model, hts=hts, origin=origin, listed_digits=digits)


def expanded_scope(rule: Rule, book: RuleBook, codes: Codes) -> dict[str, int]:
    """Return the codes of a rule's scope, and under how many digits each was listed.

    A blank code stands for every product. A code that a longer prefix leaves out is not in it.
    """
    if "*" in rule.scope:
        return {"": 0}
    inside = _digits([word for word in rule.scope if word[0] != "!"], book, codes)
    barred = _digits([word[1:] for word in rule.scope if word[0] == "!"], book, codes)
    return {code: n for code, n in sorted(inside.items()) if n > barred.get(code, 0)}


def _digits(words: Sequence[str], book: RuleBook, codes: Codes) -> dict[str, int]:
    """Return each code under some prefixes with the length of the longest."""
    found: dict[str, int] = {}
    for prefix in (p for word in words for p in _listed(word, book)):
        for code in codes.under(prefix):
            found[code] = max(len(prefix), found.get(code, 0))
    return found


def expanded_origins(rule: Rule, book: RuleBook, *, everywhere: bool) -> list[str]:
    """Return the countries of a rule; a blank one stands for all, on a list of goods."""
    import pycountry

    named = {c for w in rule.origins if w[0] != "!" for c in book.groups.get(w, (w,))}
    barred = {c for w in rule.origins if w[0] == "!" for c in book.groups.get(w[1:], (w[1:],))}
    if "*" not in named:
        return sorted(named - barred)
    if everywhere and not barred:
        return [""]
    return sorted({c.alpha_3 for c in pycountry.countries} - barred - {"USA"})


def _listed(word: str, book: RuleBook) -> Sequence[str]:
    return book.lists.get(word[1:], ()) if word.startswith("@") else (word,)


def without_overlap(
    spells: Iterable[Spell], rules: dict[str, Rule]
) -> tuple[list[Spell], list[Fault]]:
    """Return rows that never meet on a scope and a day, and a fault for each pair that may not.

    Where both rules say how to `combine`, the higher rate is kept over the days they share; of
    rules that say `nearest` only the one that lists the code under the most digits counts.
    """
    groups: dict[tuple[str, str, str, str], list[Spell]] = {}
    for spell in spells:
        key = (spell.hts, spell.origin, spell.authority, spell.role)
        groups.setdefault(key, []).append(spell)
    kept: list[Spell] = []
    faults: dict[tuple[str, str], Fault] = {}
    for group in groups.values():
        if len(group) == 1:
            kept.extend(group)
            continue
        clash = _clash(group, rules)
        if clash:
            faults.setdefault(clash, _overlap(*clash, group[0]))
        kept.extend(_highest(group, rules))
    return kept, list(faults.values())


def _clash(group: list[Spell], rules: dict[str, Rule]) -> tuple[str, str] | None:
    ordered = sorted(group, key=lambda spell: spell.starts_on)
    for i, first in enumerate(ordered):
        for second in ordered[i + 1 :]:
            meet = second.starts_on < first.ends_on and first.component_id != second.component_id
            both = [rules[s.component_id].combine for s in (first, second)]
            if meet and not all(both):
                return first.component_id, second.component_id
    return None


def _overlap(first: str, second: str, spell: Spell) -> Fault:
    where = " from ".join(filter(None, (spell.hts or "every product", spell.origin)))
    return Fault(
        f"rules.csv: {second}",
        f"the window overlaps that of {first}, same authority, on {where}",
        "end the earlier on the day the later starts, or let both combine by max",
        column="starts_on",
    )


def _highest(group: list[Spell], rules: dict[str, Rule]) -> Iterator[Spell]:
    """Yield the row with the highest rate of each stretch of days, adjoining stretches joined."""
    edges = sorted({day for spell in group for day in (spell.starts_on, spell.ends_on)})
    last: Spell | None = None
    for start, end in pairwise(edges):
        bearing = [s for s in group if s.starts_on <= start < s.ends_on]
        if not bearing:
            continue
        nearest = max(
            (s.listed_digits for s in bearing if rules[s.component_id].nearest), default=0
        )
        bearing = [
            s for s in bearing if not rules[s.component_id].nearest or s.listed_digits == nearest
        ]
        top = max(bearing, key=lambda s: (s.high, s.low, s.base == DutyBase.FULL))
        if last and last.component_id == top.component_id and last.ends_on == start:
            last = replace(last, ends_on=end)
            continue
        if last:
            yield last
        last = replace(top, starts_on=start, ends_on=end)
    if last:
        yield last
