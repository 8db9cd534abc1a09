"""The price event the report opens with, and the tariffs the goods sold may have borne."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from tariffimpact import units
from tariffimpact.codes import country_name
from tariffimpact.companies import HOME_MARKET
from tariffimpact.errors import ModelError
from tariffimpact.facts import Assumption, Facts, PriceChange, Status
from tariffimpact.identification import PassThroughBounds, pass_through_bounds
from tariffimpact.interval import Interval
from tariffimpact.tariffs import TariffComponent, TariffRate, TariffSchedule

REFERENCE_ORIGIN: Final = "JPN"
"""The origin whose rate the story quotes."""
LEAST_ORIGIN_SHARE: Final = 0.01
"""An origin that sent less of the product in the year recorded is no scenario of its own."""
STOCK_DAYS: Final = 92
"""Goods sold on a day may have been imported up to three months earlier, at that day's rate."""


@dataclass(frozen=True, slots=True)
class OriginScenario:
    """A change of tariff that the goods sold at the new price may have borne."""

    label: str
    tariff_change: Interval
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProductBounds:
    """What one price change says under one scenario of origin."""

    price: PriceChange
    scenario: OriginScenario
    bounds: PassThroughBounds


@dataclass(frozen=True, slots=True)
class LeadEvent:
    """The price changes the report opens with, and what the tariff on them may have been."""

    changes: tuple[PriceChange, ...]
    scenarios: tuple[OriginScenario, ...]
    """The reference origin first, then single origins, then what the company itself says."""
    customs_share: Assumption | None
    bounds: tuple[ProductBounds, ...]
    """One for each change and scenario, changes in the outer order."""
    reference_rate: TariffRate | None
    threatened: tuple[TariffComponent, ...]
    """Duties threatened against the reference origin in the months before, never charged."""

    @property
    def company(self) -> str:
        """Whose prices they are."""
        return self.changes[0].company

    @property
    def effective_on(self) -> date:
        """First day at the new price."""
        return self.changes[0].effective_on

    def of(self, scenario: OriginScenario) -> tuple[ProductBounds, ...]:
        """Return the bounds of each change under one scenario."""
        return tuple(entry for entry in self.bounds if entry.scenario is scenario)


def lead_event(facts: Facts, schedule: TariffSchedule) -> LeadEvent | None:
    """Return the first announcement in `prices.csv` that moves a price of a product with a rate."""
    moved = [row for row in facts.prices if row.change]
    first = next((row for row in moved if _has_rate(row, schedule)), None)
    if first is None:
        return None
    event = (first.company, first.announced_on)
    changes = tuple(
        row
        for row in moved
        if (row.company, row.announced_on) == event and _has_rate(row, schedule)
    )
    scenarios = _scenarios(facts, schedule, first)
    share = facts.assumption_named("customs_share")
    span = Interval(0.0, 1.0) if share is None else share.value
    bounds = tuple(
        ProductBounds(row, scenario, _bounds(row, scenario, span))
        for row in changes
        for scenario in scenarios
    )
    reference = _rate(schedule, first, REFERENCE_ORIGIN, first.effective_on)
    return LeadEvent(changes, scenarios, share, bounds, reference, _threatened(schedule, first))


def _has_rate(row: PriceChange, schedule: TariffSchedule) -> bool:
    return (
        row.market == HOME_MARKET
        and row.hts is not None
        and _rate(schedule, row, REFERENCE_ORIGIN, row.effective_on) is not None
    )


def _rate(schedule: TariffSchedule, row: PriceChange, origin: str, day: date) -> TariffRate | None:
    """Return the rate on a price change's product, or None where the schedule does not know it."""
    try:
        return schedule.rate(row.hts or "", origin, day)
    except ModelError:
        return None


def _bounds(row: PriceChange, scenario: OriginScenario, share: Interval) -> PassThroughBounds:
    return pass_through_bounds(
        old_price=row.old_price,
        new_price=row.new_price,
        currency=row.currency,
        tariff_change=scenario.tariff_change,
        customs_share=share,
    )


def _scenarios(
    facts: Facts, schedule: TariffSchedule, change: PriceChange
) -> tuple[OriginScenario, ...]:
    """Return the origins the goods may have had: singly, then all the company leaves open."""
    sending = _main_origins(facts, change)
    by_rate: dict[Interval, list[str]] = {}
    for origin in dict.fromkeys((REFERENCE_ORIGIN, *sending)):
        rate = _rate(schedule, change, origin, change.effective_on)
        if rate is not None and rate.rate.low > 0:
            by_rate.setdefault(rate.rate, []).append(origin)
    named = [
        OriginScenario(units.listed([country_name(o) for o in origins]), rate, tuple(origins))
        for rate, origins in by_rate.items()
    ]
    barred = _barred_origins(facts, change)
    left = [origin for origin in sending if origin not in barred]
    if not barred or not left:
        return tuple(named)
    spread = _spread(schedule, change, left)
    excluded = ", ".join(country_name(origin) for origin in sorted(barred))
    label = f"Any but {excluded}, stock up to {STOCK_DAYS // 30} months old"
    return (*named, OriginScenario(label, spread, tuple(left)))


def _spread(schedule: TariffSchedule, change: PriceChange, origins: Iterable[str]) -> Interval:
    """Return the lowest to the highest rate over origins and over the days of import."""
    days = (change.effective_on - timedelta(days=STOCK_DAYS), change.effective_on)
    rates = [
        rate.rate
        for origin in origins
        for day in days
        if (rate := _rate(schedule, change, origin, day)) is not None
    ]
    return Interval(min(rate.low for rate in rates), max(rate.high for rate in rates))


def _main_origins(facts: Facts, change: PriceChange) -> tuple[str, ...]:
    """Return the origins that sent a notable share of the product, largest first."""
    rows = [
        row
        for row in facts.origins
        if row.share is not None
        and row.share.high >= LEAST_ORIGIN_SHARE
        and (change.hts or "").startswith(row.hts)
    ]
    ordered = sorted(rows, key=lambda row: -row.share.high if row.share else 0.0)
    return tuple(dict.fromkeys(code for row in ordered for code in row.origins))


def _barred_origins(facts: Facts, change: PriceChange) -> frozenset[str]:
    """Return the origins the company says its goods no longer come from on the day."""
    return frozenset(
        word[1:]
        for row in facts.origins
        if row.company == change.company
        and row.starts_on <= change.effective_on
        and (row.ends_on is None or change.effective_on < row.ends_on)
        for word in row.origins
        if word.startswith("!")
    )


def _threatened(schedule: TariffSchedule, change: PriceChange) -> tuple[TariffComponent, ...]:
    """Return what the reference origin was threatened with in the months before the change."""
    found: dict[str, TariffComponent] = {}
    for back in range(STOCK_DAYS):
        day = change.effective_on - timedelta(days=back)
        rate = _rate(schedule, change, REFERENCE_ORIGIN, day)
        for part in rate.components if rate else ():
            if part.status is Status.THREATENED:
                found.setdefault(part.name, part)
    return tuple(found.values())
