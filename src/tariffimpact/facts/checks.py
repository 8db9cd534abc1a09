"""What no single row can know: repeated keys, missing sources, overlapping windows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from difflib import get_close_matches
from typing import Any, Final

from tariffimpact.errors import Fault
from tariffimpact.facts.duties import CountryGroup, Status, TariffRow
from tariffimpact.facts.records import PriceChange, Source
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


def unknown_authorities(rows: Table[TariffRow]) -> Iterator[Fault]:
    """Blame each tariff row displaced by, or replacing, an authority that no row has."""
    if rows.faults:  # a row that could not be read may hold it
        return
    known = {row.record.authority for row in rows.rows}
    for row in rows.rows:
        for column in ("displaced_by", "replaces"):
            for name in getattr(row.record, column):
                if name not in known:
                    near = get_close_matches(name, known, n=1)
                    remedy = f"did you mean {near[0]}?" if near else "spell it as in authority"
                    yield rows.fault(row, column, f"no row has the authority {name}", remedy)


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
