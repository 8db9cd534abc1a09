"""What no single row can know: repeated keys, missing sources, overlapping windows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from difflib import get_close_matches
from typing import Any, Final

from tariffimpact.errors import Fault
from tariffimpact.facts.duty_records import CountryGroup, Refund, RefundStage, Status, TariffRow
from tariffimpact.facts.records import (
    NO_COMPANY,
    Basis,
    Company,
    Exposure,
    PriceChange,
    Source,
    Vintage,
)
from tariffimpact.facts.tables import R, Row, Table

_REPEATED: Final = "remove or rename one of the two rows"


def repeated(table: Table[R], column: str) -> Iterator[Fault]:
    """Blame each row that has the key of an earlier one."""
    first: dict[Any, int] = {}
    for row in table.rows:
        line = first.setdefault(getattr(row.record, column), row.line)
        if line != row.line:
            yield table.fault(row, column, f"repeats line {line}", _REPEATED)


def unsourced(table: Table[R], sources: Table[Source]) -> Iterator[Fault]:
    """Blame each row, valid by itself or not, whose source is not in `sources.csv`."""
    known = sources.keys("source_id")
    if known is None:
        return
    blamed = {fault.where for fault in table.faults if fault.column == "source_id"}
    stated = [(row.line, getattr(row.record, "source_id", None)) for row in table.rows]
    stated += [(line, cells.get("source_id")) for line, cells in table.rejected]
    for line, source_id in sorted(stated, key=lambda entry: entry[0]):
        where = f"{table.path}:{line}"
        if source_id is not None and source_id not in known and where not in blamed:
            what, remedy = "is not in sources.csv", "add the source there, or correct the id"
            yield Fault(where, what, remedy, "source_id", source_id)


def unknown_groups(rows: Table[TariffRow], groups: Table[CountryGroup]) -> Iterator[Fault]:
    """Blame each tariff row that names a group of countries nobody has defined."""
    known = groups.keys("group")
    if known is None:
        return
    for row in rows.rows:
        for column in ("origins", "except_origins"):
            for name in getattr(row.record, column):
                if name.startswith("@") and name not in known:
                    yield rows.fault(
                        row,
                        column,
                        f"{name} is not in country_groups.csv",
                        "define the group there",
                    )


def price_rows_that_clash(table: Table[PriceChange]) -> Iterator[Fault]:
    """Blame a second price change of the same product, market and day from the same source.

    A row that has the key of the earlier one as well is blamed for that alone.
    """
    first: dict[tuple[Any, ...], Row[PriceChange]] = {}
    for row in table.rows:
        change = row.record
        of = (change.product, change.company, change.market, change.effective_on, change.source_id)
        earlier = first.setdefault(of, row)
        if earlier.record.price_id != change.price_id:
            what = (
                f"changes the price that line {earlier.line} changes: same product, company, "
                "market, day and source"
            )
            yield table.fault(row, "price_id", what, _REPEATED)


def unlisted_companies(table: Table[R], firms: Table[Company]) -> Iterator[Fault]:
    """Blame each row about a company that `companies.csv` does not have, where it has any."""
    known = firms.keys("company")
    if not known:
        return
    for row in table.rows:
        name = getattr(row.record, "company")  # noqa: B009
        if name not in known and name not in NO_COMPANY:
            near = get_close_matches(name, known, n=1)
            remedy = f"did you mean {near[0]}?" if near else "add the company there"
            yield table.fault(row, "company", "is not in companies.csv", remedy)


def vintages_before_the_first(table: Table[Exposure]) -> Iterator[Fault]:
    """Blame each figure of an estimate that was said before its first, and each second first.

    A figure whose basis is not said may be of either.
    """
    for rows in _by(table, _estimate).values():
        for row in rows:
            if row.record.vintage is None:
                continue
            firsts = [
                other
                for other in rows
                if other.record.vintage is Vintage.FIRST and _same_basis(other.record, row.record)
            ]
            if firsts:
                first = min(firsts, key=lambda other: other.record.disclosed_on)
                yield from _out_of_order(table, row, first)


def _out_of_order(table: Table[Exposure], row: Row[Exposure], first: Row[Exposure]) -> list[Fault]:
    """Return what is wrong with a figure, given the first of its estimate."""
    day = first.record.disclosed_on
    if row.record.disclosed_on < day:
        what = f"was said before the first figure of this estimate, on line {first.line}"
        remedy = "call this one first and that one revised, or correct the day"
        return [table.fault(row, "disclosed_on", what, remedy)]
    if row.record.vintage is Vintage.FIRST and row.record.disclosed_on > day:
        what = f"is a second first figure of this estimate, after line {first.line}"
        return [table.fault(row, "vintage", what, "write revised, or actual")]
    return []


def _estimate(row: Exposure) -> tuple[Any, ...]:
    """Return what the vintages of one estimate share, its basis aside."""
    return (row.company, row.scope, row.segment, row.starts_on, row.ends_on)


def _same_basis(a: Exposure, b: Exposure) -> bool:
    return a.basis is b.basis or Basis.UNSTATED in (a.basis, b.basis)


def segments_above_their_group(table: Table[Exposure]) -> Iterator[Fault]:
    """Blame the last of some segments that together cost more than their group, same day's word.

    The least that each can be is added up, and held to the most that the group's figure can be.
    """
    for rows in _by(table, _said_together).values():
        groups = [row for row in rows if row.record.segment is None]
        parts = {row.record.segment: row for row in rows if row.record.segment is not None}
        least = sum(row.record.amount.low for row in parts.values())
        if not groups or not parts or least <= max(row.record.amount.high for row in groups):
            continue
        last = max(parts.values(), key=lambda row: row.line)
        what = (
            f"the segments of this period come to {least:,.0f} at least, above their group's "
            f"figure on line {groups[0].line}"
        )
        yield table.fault(last, "amount", what, "check the amounts, the basis and the period")


def _said_together(row: Exposure) -> tuple[Any, ...]:
    """Return what a group's figure and its segments' share where they can be added."""
    return (
        row.company,
        row.scope,
        row.starts_on,
        row.ends_on,
        row.basis,
        row.currency,
        row.annualised,
        row.disclosed_on,
    )


_PAID_BACK: Final = (
    RefundStage.ACCEPTED,
    RefundStage.CERTIFIED,
    RefundStage.EXPECTED,
    RefundStage.BOOKED,
    RefundStage.RECEIVED,
    RefundStage.HANDED_ON,
)


def refunds_above_the_duty(table: Table[Refund]) -> Iterator[Fault]:
    """Blame each refund that is larger than what another row says was collected."""
    for rows in _by(table, lambda row: (row.company, row.currency)).values():
        paid = [row for row in rows if row.record.stage is RefundStage.COLLECTED]
        most = max((r.record.amount.high for r in paid if r.record.amount), default=float("inf"))
        for row in rows:
            back = row.record
            if back.stage not in _PAID_BACK or back.amount is None or back.with_interest:
                continue
            if back.amount.low > most:
                what = f"the refund is larger than the duty collected, {most:,.0f} on line "
                remedy = "check both, or write with_interest true where interest is in it"
                yield table.fault(row, "amount", f"{what}{paid[0].line}", remedy)


def _by(
    table: Table[R], key: Callable[[R], tuple[Any, ...]]
) -> dict[tuple[Any, ...], list[Row[R]]]:
    """Return the rows of a table by what they share, in file order."""
    found: defaultdict[tuple[Any, ...], list[Row[R]]] = defaultdict(list)
    for row in table.rows:
        found[key(row.record)].append(row)
    return found


def overlapping_windows(table: Table[TariffRow], groups: Iterable[CountryGroup]) -> Iterator[Fault]:
    """Blame two charged rows of one authority that meet on a product, an origin and a day."""
    members = {group.group: group.members for group in groups}
    charged = [row for row in table.rows if row.record.status in (Status.IN_FORCE, Status.VOID)]
    for position, row in enumerate(charged):
        met = [e for e in charged[:position] if _meet(row.record, e.record, members)]
        if met:
            yield table.fault(
                row,
                "starts_on",
                f"the window overlaps that of {met[-1].record.component_id} on line "
                f"{met[-1].line}, same authority, product and origin",
                "end the earlier row on the day the later one starts",
            )


def _meet(a: TariffRow, b: TariffRow, members: dict[str, tuple[str, ...]]) -> bool:
    if a.authority != b.authority:
        return False
    if a.starts_on >= (b.ends_on or date.max) or b.starts_on >= (a.ends_on or date.max):
        return False
    return _products_meet(a, b) and _origins_meet(a, b, members)


def _products_meet(a: TariffRow, b: TariffRow) -> bool:
    """Whether a code is in both scopes: the longer of two nested prefixes, if none bars it."""
    barred = (*a.except_hts, *b.except_hts)
    for one in a.hts:
        for other in b.hts:
            ours, theirs = one.removesuffix("*"), other.removesuffix("*")
            nested = ours.startswith(theirs) or theirs.startswith(ours)
            if nested and not max(ours, theirs, key=len).startswith(barred):
                return True
    return False


def _origins_meet(a: TariffRow, b: TariffRow, members: dict[str, tuple[str, ...]]) -> bool:
    ours, theirs = _origins(a.origins, members), _origins(b.origins, members)
    barred = _origins(a.except_origins, members) | _origins(b.except_origins, members)
    if "*" in ours and "*" in theirs:
        return True
    if "*" in ours:
        return bool(theirs - barred)
    if "*" in theirs:
        return bool(ours - barred)
    return bool((ours & theirs) - barred)


def _origins(words: Iterable[str], members: dict[str, tuple[str, ...]]) -> set[str]:
    return {code for word in words for code in members.get(word, (word,))}
