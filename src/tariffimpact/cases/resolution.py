"""From what a case file says to what it means: its ids looked up, its tariff found."""

from __future__ import annotations

import calendar
import difflib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Final, TypeVar

from tariffimpact.cases.case_numbers import Location, Part, Reference, check_kind, plain, stated
from tariffimpact.cases.earnings import EarnedBridge, earnings_inputs
from tariffimpact.cases.product import CaseDuty, CaseProduct, PriceMove
from tariffimpact.cases.schema import CaseFile, Product, Tariff
from tariffimpact.errors import ModelError, require
from tariffimpact.facts import Exposure, Facts, Source
from tariffimpact.interval import Interval
from tariffimpact.tariffs import Schedule, TariffRate, shipped_schedule
from tariffimpact.uncertainty import Distribution
from tariffimpact.uncertainty.inputs import Stated

Problem = tuple[Location, str, str, str | None]
"""Where, what, remedy, and the value as it stands."""

P = TypeVar("P", bound=Part)


@dataclass
class _Lookup:
    """The data, the problems met while looking into it, and sources and warnings on the way."""

    facts: Facts
    problems: list[Problem] = field(default_factory=list)
    source_ids: dict[str, None] = field(default_factory=dict)
    warnings: dict[str, None] = field(default_factory=dict)

    @cached_property
    def schedule(self) -> Schedule:
        """The shipped schedule, loaded by the first rate that is asked for."""
        return shipped_schedule(self.facts)

    def rate(self, hts: str, origin: str, on: date) -> TariffRate:
        """Return the rate of the schedule, its sources and warnings of the day kept."""
        found = self.schedule.rate(hts, origin, on)
        self.source_ids.update(dict.fromkeys(part.source.source_id for part in found.counted))
        self.warnings.update(dict.fromkeys(self.schedule.day_warnings(on)))
        return found

    def row(self, table: str, column: str, key: str, at: Location) -> Any:
        """Return the row with a key, or record that there is none."""
        rows = {getattr(row, column): row for row in getattr(self.facts, table)}
        if key not in rows:
            close = difflib.get_close_matches(key, list(rows), n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"add the row to {table}.csv"
            self.problems.append((at, f"is not in {table}.csv", hint, key))
            return None
        if source_id := getattr(rows[key], "source_id", None):
            self.source_ids[source_id] = None
        return rows[key]

    def fault(self, at: Location, words: str, got: str | None = None) -> None:
        """Record what is wrong with a key, `what; remedy`."""
        what, _, remedy = words.partition("; ")
        self.problems.append((at, what, remedy or "correct it", got))

    @contextmanager
    def blaming(self, *at: str | int, got: str | None = None) -> Iterator[None]:
        """Record an error of the library against a key, and go on after it."""
        try:
            yield
        except ModelError as error:
            self.fault(at, str(error), got)


def fill(part: P, facts: Facts | None) -> tuple[P, list[Problem]]:
    """Return one table with what it refers to, and every problem; without facts, as it is."""
    if facts is None:
        return part, []
    lookup = _Lookup(facts)
    return _filled(part, lookup, ()), lookup.problems


def resolve(file: CaseFile, facts: Facts) -> tuple[dict[str, Any] | None, list[Problem]]:
    """Return what a case means, or every problem of what it refers to."""
    lookup = _Lookup(facts)
    whole = _filled(file, lookup, ())
    duty = CaseDuty() if whole.tariff is None else _duty(whole.tariff, lookup)
    products = [
        _product(item, whole, duty, lookup, ("products", n))
        for n, item in enumerate(whole.products)
    ]
    rates = _rates(whole, lookup)
    offers = _offer_rates(whole, lookup)
    exposures = _exposures(whole, lookup)
    earned = {} if whole.earnings is None else _earned(whole, exposures, duty.change, lookup)
    if lookup.problems:
        return None, lookup.problems
    return {
        "resolved": whole,
        "duty": duty,
        "rates": rates,
        "offer_rates": offers,
        "products": tuple(products),
        "exposures": exposures,
        "earned": earned,
        "sources": _sources(lookup),
        "warnings": tuple(lookup.warnings),
    }, []


_EXPOSURES: Final = (
    ("recovery", "exposure"), ("earnings", "gross_exposure"), ("earnings", "net_exposure"),
)  # fmt: skip


def _exposures(whole: CaseFile, lookup: _Lookup) -> dict[str, Exposure]:
    """Return the rows of `exposures.csv` that the case names, by the key that names them."""
    found: dict[str, Exposure] = {}
    for table, key in _EXPOSURES:
        named = getattr(getattr(whole, table), key, None)
        if named is not None:
            row = lookup.row("exposures", "exposure_id", named, (table, key))
            if row is not None:
                found[f"{table}.{key}"] = row
    return found


def _earned(
    whole: CaseFile, exposures: Mapping[str, Exposure], change: Stated, lookup: _Lookup
) -> dict[str, Stated]:
    """Return the numbers of the earnings table by name."""
    table, tariff = whole.earnings, whole.tariff
    assert table is not None
    changes: dict[str, Stated] = {} if tariff is None else {"": change}
    for n, line in enumerate(table.imports):
        if tariff is None or line.origin is None or line.tariff_change is not None:
            continue
        if tariff.hts is None:
            changes[line.origin] = change
            continue
        alone = tariff.model_copy(update={"origins": (line.origin,)})
        known = len(lookup.problems)
        changes[line.origin], _ = _tariff(alone, lookup)
        if len(lookup.problems) > known:
            del lookup.problems[known:]
            words = f"has no rate of {tariff.hts} to look up; give the line a tariff_change"
            lookup.fault(("earnings", "imports", n, "origin"), words, line.origin)
    rows = {name: exposures.get(f"earnings.{name}_exposure") for name in ("gross", "net")}
    with lookup.blaming("earnings"):
        inputs = earnings_inputs(table, changes=changes, currency=whole.currency, **rows)
        EarnedBridge(table, inputs, rows["gross"], rows["net"], whole.currency).middle()
        return inputs
    return {}


def _filled(part: P, lookup: _Lookup, at: Location) -> P:
    """Return a table with every reference replaced by what it refers to."""
    changes: dict[str, Any] = {}
    for name in type(part).model_fields:
        value = getattr(part, name)
        if isinstance(value, Reference):
            changes[name] = _referred(value, lookup, (*at, name))
        elif isinstance(value, Part):
            changes[name] = _filled(value, lookup, (*at, name))
        elif isinstance(value, tuple) and value and isinstance(value[0], Part):
            changes[name] = tuple(
                _filled(item, lookup, (*at, name, n)) for n, item in enumerate(value)
            )
    for source_id in part.source:
        lookup.row("sources", "source_id", source_id, (*at, "source"))
        lookup.source_ids[source_id] = None
    return part.model_copy(update=changes)


def _referred(reference: Reference, lookup: _Lookup, at: Location) -> Stated:
    """Return the number a reference stands for; 1 where there is none, and a problem recorded."""
    row = lookup.row(f"{reference.table}s", f"{reference.table}_id", reference.key, at)
    if row is None:
        return 1.0
    span: Interval = row.amount if reference.table == "exposure" else row.value
    value: Stated = span.low if span.is_exact else span
    with lookup.blaming(*at, got=reference.key):
        check_kind(value, reference.kind)
    return value


def _duty(tariff: Tariff, lookup: _Lookup) -> CaseDuty:
    """Return the duty before and after."""
    change, old = _tariff(tariff, lookup)
    per_unit: Stated = 0.0
    with lookup.blaming("tariff", "old_specific"):
        per_unit = _difference(stated(tariff.specific), stated(tariff.old_specific))
    return CaseDuty(change, old, per_unit, stated(tariff.old_specific), tariff.reading)


def _tariff(tariff: Tariff, lookup: _Lookup) -> tuple[Stated, Stated]:
    """Return the change of the rate and the old rate."""
    if tariff.rate is None and tariff.hts is None:  # a duty per unit alone
        return 0.0, 0.0
    if tariff.rate is not None:
        old = stated(tariff.old_rate)
        with lookup.blaming("tariff", "old_rate"):
            return _difference(stated(tariff.rate), old), old
        return 1.0, 0.0
    hts, on, before = tariff.hts, tariff.on, tariff.before
    assert hts is not None
    assert on is not None
    assert before is not None
    with lookup.blaming("tariff", "hts"):
        changes, olds = [], []
        for origin in tariff.origins:
            new, was = lookup.rate(hts, origin, on), lookup.rate(hts, origin, before)
            for _ in filter(lambda rate: rate.specific, (new, was)):
                words = (
                    f"bears a duty per unit from {origin} as well; give rate, old_rate, specific "
                    "and old_specific instead"
                )
                lookup.fault(("tariff", "hts"), words)
            changes.append(new.rate - was.rate)
            olds.append(was.rate)
        return plain(_hull(changes)), plain(_hull(olds))
    return 1.0, 0.0


def _rates(whole: CaseFile, lookup: _Lookup) -> tuple[float, ...]:
    """Return the rate by month from the start of the timing table; empty where it has none."""
    timing = whole.timing
    if timing is None or timing.start is None or timing.origin is None:
        return ()
    assert whole.tariff is not None
    assert whole.tariff.hts is not None
    rates = []
    for month in range(timing.months):
        on = _months_later(timing.start, month)
        with lookup.blaming("timing", "origin", got=timing.origin):
            rate = lookup.rate(whole.tariff.hts, timing.origin, on).rate
            require(rate.is_exact, f"is {rate} on {on}, not one rate; choose another origin")
            rates.append(rate.low)
        if len(rates) <= month:
            return ()
    return tuple(rates)


def _offer_rates(whole: CaseFile, lookup: _Lookup) -> dict[str, Stated]:
    """Return the rate of each offer of the sourcing table: the one given, or the schedule's."""
    table = whole.sourcing
    if table is None:
        return {}
    tariff = whole.tariff
    on = table.on or (tariff and tariff.on)
    hts = tariff and tariff.hts
    rates: dict[str, Stated] = {}
    for n, offer in enumerate(table.offers):
        with lookup.blaming("sourcing", "offers", n, "ad_valorem", got=offer.origin):
            if offer.ad_valorem is not None:
                rates[offer.origin] = stated(offer.ad_valorem)
                continue
            require(
                hts is not None and on is not None,
                "is missing; give it, or tariff.hts and sourcing.on to look it up",
            )
            rates[offer.origin] = plain(lookup.rate(str(hts), offer.origin, on or date.min).rate)
    return rates


def _months_later(day: date, months: int) -> date:
    """Return the same day of a later month, or that month's last day."""
    year, month = divmod(day.month - 1 + months, 12)
    last = calendar.monthrange(day.year + year, month + 1)[1]
    return date(day.year + year, month + 1, min(day.day, last))


def _difference(rate: Stated, old: Stated) -> Stated:
    """Return the change of the rate; a distribution is shifted only by a number."""
    if isinstance(rate, Distribution) or isinstance(old, Distribution):
        if old == 0:
            return rate
        raise ModelError(
            "a distribution of the rate needs an old_rate of 0; "
            "give the distribution of the change of the rate, and no old_rate"
        )
    return plain(Interval.of(rate) - old)


def _product(
    item: Product, whole: CaseFile, duty: CaseDuty, lookup: _Lookup, at: Location
) -> CaseProduct | None:
    """Return a product with its prices found, under the duty of the case."""
    price = _price(item, whole, lookup, at)
    if price is None:
        return None
    with lookup.blaming(*at):
        return CaseProduct.of(item, price, duty=duty, demand=whole.demand)
    return None


def _price(item: Product, whole: CaseFile, lookup: _Lookup, at: Location) -> PriceMove | None:
    """Return the prices of a product, its own or those of the row it names."""
    if item.price is None:
        assert item.old_price is not None
        new = None if item.new_price is None else stated(item.new_price)
        return PriceMove(stated(item.old_price), new, item.price_change)
    row = lookup.row("prices", "price_id", item.price, (*at, "price"))
    if row is None:
        return None
    if row.currency != whole.currency:
        words = f"is in {row.currency}, the case in {whole.currency}; give both the same currency"
        lookup.fault((*at, "price"), words, item.price)
    return PriceMove(row.old_price, row.new_price)


def _sources(lookup: _Lookup) -> tuple[Source, ...]:
    return tuple(s for s in lookup.facts.sources if s.source_id in lookup.source_ids)


def _hull(spans: Iterable[Interval]) -> Interval:
    spans = list(spans)
    return Interval(min(span.low for span in spans), max(span.high for span in spans))
