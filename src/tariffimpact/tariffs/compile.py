"""From the law as data to a compiled schedule, or everything that is wrong with it.

Rules become windows over single codes and countries; the tariff book gives the general rate of
every line, the column 2 rate of the countries that pay it, and what each programme of the special
column frees; rows of a user's own (`data/tariffs.csv`) join by the same step.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from tariffimpact.codes import every_country
from tariffimpact.errors import DataError, Fault
from tariffimpact.facts import DutyBase, Facts, Status, TariffRow
from tariffimpact.tariffs.columns import general_rate, special_rates
from tariffimpact.tariffs.rules import (
    FREEING,
    BookLine,
    Listed,
    Programme,
    Rule,
    RuleBook,
    RuleKind,
    displacers,
    inexact,
    read_rules,
)
from tariffimpact.tariffs.stacking import MFN
from tariffimpact.tariffs.windows import (
    DUTY,
    EXEMPTION,
    FORMAT,
    PREFERENCE,
    UNPAID,
    WAIVER,
    CompiledSchedule,
    Window,
    window_frame,
)

STARTS_ON: Final = date(2025, 1, 1)
"""First day a compiled schedule knows."""
SOURCES_END: Final = date(2026, 10, 8)
"""First day its sources say nothing of: accounts of the editions after 2026 Revision 10 end with
Revision 21 of 7 October 2026."""
OPEN: Final = date(2100, 1, 1)
"""The end of a window that no source ends."""
COLUMN_2: Final = ("BLR", "CUB", "PRK", "RUS")
"""Countries that pay the rates of column 2 (general note 3(b))."""
_BOOK: Final = "hts-2025-basic"
"""The edition that nearly every line of the book still stands as in: later ones moved a few."""
_ROLES: Final = {
    RuleKind.WAIVE: WAIVER, RuleKind.EXEMPT: EXEMPTION, RuleKind.PREFER: PREFERENCE,
}  # fmt: skip
CHARGED: Final = frozenset({Status.IN_FORCE, Status.VOID})
"""What an importer was charged on the day: a void duty was collected, and is refundable."""


class Codes:
    """The codes a schedule is compiled over: every HTS8, and the HTS10 that a list sets apart."""

    def __init__(self, lines: Iterable[str], listed: Iterable[str]) -> None:
        known = set(lines)
        self.apart = frozenset(c for c in listed if len(c) == 10 and c[:8] in known)
        self.codes: list[str] = sorted({*known, *self.apart})

    def under(self, prefix: str) -> list[str]:
        """Return every code that starts with a prefix."""
        start = bisect_left(self.codes, prefix)
        return self.codes[start : bisect_left(self.codes, prefix + ":", start)]


def build_schedule(facts: Facts, folder: Path | None = None) -> CompiledSchedule:
    """Compile the law of a folder into a schedule of every line, or say all that is wrong.

    Parameters
    ----------
    facts
        The shipped facts: their sources and the metal shares of the story's products.
    folder
        A folder like `data/law`; the shipped one by default.

    Returns
    -------
    CompiledSchedule
        No two rows of an authority meet on a scope and a day, and no origin has a hole between
        two of an authority's windows.

    Raises
    ------
    DataError
        With every fault of the lists and rules: overlaps, holes, unknown lists, bad codes.
    """
    book = read_rules(folder, sources=facts.sources)
    faults = list(_unknown_lists(book))
    listed = (entry.hts for codes in book.lists.values() for entry in codes)
    codes = Codes((line.hts for line in book.book), listed)
    authorities = _authorities(book)
    windows = [w for rule in book.rules for w in rule_windows(rule, book, codes, authorities)]
    by_id = {rule.component_id: rule for rule in book.rules}
    kept, overlaps = without_overlap(windows, by_id)
    kept += _of_the_book(book, codes, kept)
    faults += [*overlaps, *_holes(kept), *inexact(book.rules)]
    if faults:
        raise DataError(faults)
    return CompiledSchedule(window_frame(kept), _manifest(book, codes, facts, authorities))


def _authorities(book: RuleBook) -> list[str]:
    duties = [rule.authority for rule in book.rules if rule.kind not in FREEING]
    return list(dict.fromkeys([MFN, *duties]))


def rule_windows(
    rule: Rule, book: RuleBook, codes: Codes, authorities: Sequence[str]
) -> Iterator[Window]:
    """Yield a rule's rows over single codes and countries, cut to the days of each code."""
    role = _ROLES.get(rule.kind, DUTY if rule.status in CHARGED else UNPAID)
    model = Window(
        "", "", rule.waives or rule.authority, role, rule.kind, rule.base,
        rule.ad_valorem.low, rule.ad_valorem.high, 0.0, 0.0, "",
        "|".join(displacers(rule, authorities)), "", rule.component_id, 0,
        max(rule.starts_on, STARTS_ON), rule.ends_on or OPEN,
    )  # fmt: skip
    if model.starts_on >= model.ends_on:
        return
    for hts, (digits, starts_on, ends_on) in expanded_scope(rule, book, codes).items():
        start, end = max(model.starts_on, starts_on), min(model.ends_on, ends_on)
        if start < end:
            for origin in expanded_origins(rule, book, everywhere=bool(hts)):
                yield replace(
                    model, hts=hts, origin=origin, listed_digits=digits, starts_on=start,
                    ends_on=end,
                )  # fmt: skip


_Scope = dict[str, tuple[int, date, date]]


def expanded_scope(rule: Rule, book: RuleBook, codes: Codes) -> _Scope:
    """Return the codes of a rule's scope, under how many digits each was listed, and its days.

    A blank code stands for every product. A code that a prefix at least as long leaves out is not
    in it.
    """
    if "*" in rule.scope:
        return {"": (0, STARTS_ON, OPEN)}
    inside = _digits([word for word in rule.scope if word[0] != "!"], book, codes)
    barred = _digits([word[1:] for word in rule.scope if word[0] == "!"], book, codes)
    chapters = tuple(word[1:] for word in rule.scope if word[0] == "!" and len(word) == 3)
    return {
        code: told
        for code, told in sorted(inside.items())
        if told[0] > barred.get(code, (0, OPEN, OPEN))[0] and not code.startswith(chapters or "?")
    }


def _digits(words: Sequence[str], book: RuleBook, codes: Codes) -> _Scope:
    """Return each code under some prefixes with the length of the longest, and its days."""
    found: _Scope = {}
    for entry in (e for word in words for e in _listed(word, book)):
        told = (len(entry.hts), entry.starts_on or STARTS_ON, entry.ends_on or OPEN)
        for code in codes.under(entry.hts):
            if told > found.get(code, (0, STARTS_ON, OPEN)):
                found[code] = told
    return found


def _listed(word: str, book: RuleBook) -> Sequence[Listed]:
    if word.startswith("@"):
        return book.lists.get(word[1:], ())
    return (Listed.model_construct(list="", hts=word, starts_on=None, ends_on=None),)


def expanded_origins(rule: Rule, book: RuleBook, *, everywhere: bool) -> list[str]:
    """Return the countries of a rule; a blank one stands for all, on a list of goods."""
    named = {c for w in rule.origins if w[0] != "!" for c in book.groups.get(w, (w,))}
    barred = {c for w in rule.origins if w[0] == "!" for c in book.groups.get(w[1:], (w[1:],))}
    if "*" not in named:
        return sorted(named - barred)
    if everywhere and not barred:
        return [""]
    return sorted(every_country() - barred - {"USA"})


def without_overlap(
    windows: Iterable[Window], rules: dict[str, Rule]
) -> tuple[list[Window], list[Fault]]:
    """Return rows that never meet on a scope and a day, and a fault for each pair that may not.

    Where both rules say how to `combine`, the higher rate is kept over the days they share; of
    rules that say `nearest` only the one that lists the code under the most digits counts.
    """
    groups: dict[tuple[str, str, str, str], list[Window]] = {}
    for window in windows:
        key = (window.hts, window.origin, window.authority, window.role)
        groups.setdefault(key, []).append(window)
    kept: list[Window] = []
    faults: dict[tuple[str, str], Fault] = {}
    for group in groups.values():
        if len(group) == 1 or group[0].role == UNPAID:
            kept.extend(group)
            continue
        clash = _clash(group, rules)
        if clash:
            faults.setdefault(clash, _overlap(*clash, group[0]))
        kept.extend(_highest(group, rules))
    return kept, list(faults.values())


def _clash(group: list[Window], rules: dict[str, Rule]) -> tuple[str, str] | None:
    ordered = sorted(group, key=lambda window: window.starts_on)
    for i, first in enumerate(ordered):
        for second in ordered[i + 1 :]:
            meet = second.starts_on < first.ends_on and first.component_id != second.component_id
            both = [rules[w.component_id].combine for w in (first, second)]
            if meet and not all(both):
                return first.component_id, second.component_id
    return None


def _overlap(first: str, second: str, window: Window) -> Fault:
    where = " from ".join(filter(None, (window.hts or "every product", window.origin)))
    return Fault(
        f"rules.csv: {second}",
        f"the window overlaps that of {first}, same authority, on {where}",
        "end the earlier on the day the later starts, or let both combine by max",
        column="starts_on",
    )


def _highest(group: list[Window], rules: dict[str, Rule]) -> Iterator[Window]:
    """Yield the row with the highest rate of each stretch of days, adjoining stretches joined."""
    edges = sorted({day for window in group for day in (window.starts_on, window.ends_on)})
    last: Window | None = None
    for start, end in pairwise(edges):
        bearing = [w for w in group if w.starts_on <= start < w.ends_on]
        if not bearing:
            continue
        nearest = max(
            (w.listed_digits for w in bearing if rules[w.component_id].nearest), default=0
        )
        bearing = [
            w for w in bearing if not rules[w.component_id].nearest or w.listed_digits == nearest
        ]
        top = max(bearing, key=lambda w: (w.high, w.low, w.base == DutyBase.FULL))
        if last and last.component_id == top.component_id and last.ends_on == start:
            last = replace(last, ends_on=end)
            continue
        if last:
            yield last
        last = replace(top, starts_on=start, ends_on=end)
    if last:
        yield last


def _of_the_book(book: RuleBook, codes: Codes, rules: Sequence[Window]) -> list[Window]:
    """Return the general and column 2 rates of every line and what programmes free of them."""
    lines: dict[str, list[BookLine]] = {}
    for line in book.book:
        lines.setdefault(line.hts, []).append(line)
    stated = {(w.hts, w.origin) for w in rules if w.authority == MFN and w.role == DUTY}
    windows: list[Window] = []
    for code in codes.codes:
        for line in lines[code[:8]]:
            windows.append(_rate_window(code, "", line.general, "general-rate", line))
            windows += [
                _rate_window(code, origin, line.other, "column-2", line)
                for origin in COLUMN_2
                if (code, origin) not in stated
            ]
            taken: set[str] = set()
            for programme in book.programmes:
                windows += _preferences(code, line, programme, book, taken)
    for programme in book.programmes:
        if programme.reach in ("blanket", "everything"):
            windows += [
                _free("", origin, PREFERENCE, programme, (0.0, 1.0), STARTS_ON, OPEN)
                for origin in _origins(programme.origins, book.groups)
            ]
    return windows


def _rate_window(code: str, origin: str, words: str, component: str, line: BookLine) -> Window:
    rate = general_rate(words)
    starts_on = max(line.starts_on, STARTS_ON)
    return Window(
        code, origin, MFN, DUTY, RuleKind.ADDITIVE, DutyBase.FULL, rate.ad_valorem.low,
        rate.ad_valorem.high, rate.specific_usd, rate.specific_usd, rate.specific_unit, "", "",
        component, 0, starts_on, line.ends_on or OPEN,
    )  # fmt: skip


def _preferences(
    code: str, line: BookLine, programme: Programme, book: RuleBook, taken: set[str]
) -> Iterator[Window]:
    """Yield what a programme frees of one line, where that is not what it frees of every line.

    Of two that free beside others, which `taken` tells by their origins, one exempts and the other
    waives: both count, and no two rows of one role meet.
    """
    general = general_rate(line.general)
    if general.free or programme.reach == "everything":
        return
    words = special_rates(line.special).get(programme.symbol)
    span = (max(line.starts_on, STARTS_ON), line.ends_on or OPEN)
    if programme.reach == "anybody":
        for origin in _origins(programme.origins, book.groups) if words is not None else ():
            origin = origin.strip("*")
            role = WAIVER if origin in taken else EXEMPTION
            taken.add(origin)
            yield _free(code, origin, role, programme, (0.0, 1.0), *span)
        return
    share = _share_freed(words, general.ad_valorem.high, general.specific_usd)
    usual = 1.0 if programme.reach == "blanket" else 0.0
    if share != usual:
        for origin in _origins(programme.origins, book.groups):
            yield _free(code, origin, PREFERENCE, programme, (0.0, share), *span)


def _share_freed(words: str | None, ad_valorem: float, specific: float) -> float:
    """Return the largest share of the general rate that a special rate frees."""
    if words is None:
        return 0.0
    special = general_rate(words)
    if special.free or words.startswith("See"):  # free within a quota of chapter 99
        return 1.0
    if specific or special.specific_usd or not math.isfinite(ad_valorem) or not special.decided:
        return 1.0
    return round(max(0.0, 1.0 - special.ad_valorem.low / ad_valorem), 12)


def _free(
    code: str, origin: str, role: str, programme: Programme, share: tuple[float, float],
    starts_on: date, ends_on: date,
) -> Window:  # fmt: skip
    kind = {PREFERENCE: RuleKind.PREFER, WAIVER: RuleKind.WAIVE, EXEMPTION: RuleKind.EXEMPT}[role]
    return Window(
        code, origin, MFN, role, kind, DutyBase.FULL, *share, 0.0, 0.0, "", "", "",
        _programme_id(programme), 0, starts_on, ends_on,
    )  # fmt: skip


def _programme_id(programme: Programme) -> str:
    return f"programme-{programme.symbol.lower()}"


def _origins(words: Iterable[str], groups: dict[str, tuple[str, ...]]) -> list[str]:
    return sorted({code for word in words for code in groups.get(word, (word,))})


def _unknown_lists(book: RuleBook) -> Iterator[Fault]:
    for rule in book.rules:
        for word in (w.lstrip("!") for w in rule.scope):
            if word.startswith("@") and word[1:] not in book.lists:
                yield Fault(f"rules.csv: {rule.component_id}", "names no list of the folder",
                            "add the list", "scope", word)  # fmt: skip


def _holes(windows: Sequence[Window]) -> list[Fault]:
    """Blame an authority that stops and starts again on an origin with days between."""
    rows: dict[tuple[str, str], list[Window]] = {}
    for window in windows:
        if not window.hts and window.role == DUTY:
            rows.setdefault((window.authority, window.origin), []).append(window)
    faults: dict[tuple[str, date], Fault] = {}
    for (authority, origin), group in rows.items():
        ordered = sorted(group, key=lambda window: window.starts_on)
        for first, second in pairwise(ordered):
            if second.starts_on > first.ends_on:
                what = (
                    f"{authority} on {origin} has a hole from {first.ends_on} to "
                    f"{second.starts_on}, after {first.component_id}"
                )
                remedy = "add the rule for those days, with a rate of 0 if nothing was due"
                where = f"rules.csv: {second.component_id}"
                fault = Fault(where, what, remedy, "starts_on")
                faults.setdefault((authority, first.ends_on), fault)
    return list(faults.values())


def own_rows(facts: Facts, codes: Iterable[str]) -> tuple[list[Window], dict[str, Any]]:
    """Return the rows of `data/tariffs.csv` as windows, and their components.

    They are what the law does not say: duties that were threatened or announced, and a user's own.
    """
    groups = {group.group: group.members for group in facts.country_groups}
    known = sorted(codes)
    windows = [window for row in facts.tariffs for window in _row_windows(row, groups, known)]
    components = {
        row.component_id: {
            "name": row.name, "authority": row.authority, "heading": "", "legal_reference": "",
            "locator": row.locator, "quote": row.quote, "claim": "", "status": row.status.value,
            "legal_ends_on": row.legal_ends_on and row.legal_ends_on.isoformat(),
            "source_id": row.source_id, "notes": row.notes,
        }
        for row in facts.tariffs
    }  # fmt: skip
    return windows, components


def _row_windows(
    row: TariffRow, groups: dict[str, tuple[str, ...]], codes: Sequence[str]
) -> Iterator[Window]:
    rate, usd = row.ad_valorem, row.specific_usd
    role = DUTY if row.status in CHARGED else UNPAID
    model = Window(
        "", "", row.authority, role, row.kind, row.base, rate.low if rate else 0.0,
        rate.high if rate else 0.0, usd.low if usd else 0.0, usd.high if usd else 0.0,
        row.specific_unit, "|".join(row.displaced_by), "|".join(row.replaces), row.component_id, 0,
        row.starts_on, row.ends_on or OPEN,
    )  # fmt: skip
    barred = set(_origins(row.except_origins, groups))
    everybody = "*" in row.origins
    named = every_country() - {"USA"} if everybody else set(_origins(row.origins, groups))
    for hts in _row_codes(row, codes):
        origins = [""] if everybody and hts and not barred else sorted(named - barred)
        yield from (replace(model, hts=hts, origin=origin) for origin in origins)


def _row_codes(row: TariffRow, codes: Sequence[str]) -> list[str]:
    if "*" in row.hts and not row.except_hts:
        return [""]
    words = ("",) if "*" in row.hts else row.hts
    inside = [code for code in codes if code.startswith(tuple(words))]
    inside += [word for word in row.hts if len(word) in (8, 10) and word not in inside]
    return [code for code in inside if not code.startswith(tuple(row.except_hts) or ("?",))]


def _manifest(book: RuleBook, codes: Codes, facts: Facts, authorities: list[str]) -> dict[str, Any]:
    used = {rule.source_id for rule in book.rules} | {_BOOK}
    components = {
        rule.component_id: _component(
            rule.name, rule.authority, heading=rule.heading, legal_reference=rule.legal_reference,
            claim=rule.claim, status=rule.status.value, source_id=rule.source_id, notes=rule.notes,
            locator=rule.locator, quote=rule.quote, starts_on=rule.starts_on.isoformat(),
            legal_ends_on=rule.legal_ends_on.isoformat() if rule.legal_ends_on else None,
        )
        for rule in book.rules
    }  # fmt: skip
    components["general-rate"] = _component("General rate", MFN, heading="column 1, general")
    components["column-2"] = _component("Column 2 rate", MFN, heading="column 2")
    for programme in book.programmes:
        components[_programme_id(programme)] = _component(
            f"Less under {programme.name}, where claimed", MFN, claim=programme.claim,
            heading=f"column 1, special ({programme.symbol})", notes=programme.notes,
        )  # fmt: skip
    return {
        "format": FORMAT,
        "data": str(facts.version),
        "starts_on": STARTS_ON.isoformat(),
        "ends_on": OPEN.isoformat(),
        "sources_end_on": SOURCES_END.isoformat(),
        "authorities": authorities,
        "components": components,
        "claims": {
            c.claim: {
                "question": c.question,
                "presumed": c.presumed,
                "weight_under": c.weight_under,
            }
            for c in book.claims
        },
        "sources": {s: json.loads(book.sources[s].model_dump_json()) for s in sorted(used)},
        "codes": {
            "eight_digits": len(codes.codes) - len(codes.apart),
            "ten_digits": len(codes.apart),
        },
        "quotas": sorted(
            {
                line.hts
                for line in book.book
                if re.search(r"additional U\.S\. note", line.description)
            }
        ),
        "metal": {
            p.hts: [p.metal_content.low, p.metal_content.high]
            for p in facts.products
            if p.metal_content
        },
    }


def _component(name: str, authority: str, **told: Any) -> dict[str, Any]:
    words = ("heading", "legal_reference", "locator", "quote", "claim", "notes")
    blank = dict.fromkeys(words, "") | {
        "status": "in_force", "legal_ends_on": None, "source_id": _BOOK,
    }  # fmt: skip
    return {"name": name, "authority": authority, **blank, **told}
