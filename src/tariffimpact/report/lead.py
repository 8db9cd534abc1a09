"""The price event the report opens with, and the tariffs the goods sold may have borne."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

from tariffimpact import units
from tariffimpact.codes import country_name, hts_label
from tariffimpact.companies import HOME_MARKET
from tariffimpact.errors import ModelError
from tariffimpact.facts import Assumption, Facts, OriginShare, PriceChange, Status
from tariffimpact.interval import Interval
from tariffimpact.passthrough import PassThroughBounds, pass_through_bounds
from tariffimpact.report.assumed import Subject, assumed
from tariffimpact.report.origins import (
    DAYS_PER_MONTH,
    REFERENCE_ORIGIN,
    STOCK_DAYS,
    OriginScenario,
    candidate_origins,
    old_day,
    origin_scenarios,
    origin_shares,
    rate_of,
    recorded_origins,
)
from tariffimpact.report.wording import goods_words, shared_words, within
from tariffimpact.tariffs import Schedule, TariffComponent, TariffRate


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
    """Of one company, announced on one day, of goods under one code and one old tariff."""
    subject: Subject
    """What an assumed range must speak of to be one of these goods."""
    old_day: date
    """The day whose rate stands for the goods sold at the old price."""
    scenarios: tuple[OriginScenario, ...]
    """By day of import, the last first, and by origin; then all that is left open."""
    is_example: bool
    """Whether no origin of such goods is on record, so that the story's stands as an example."""
    gap: str
    """Why there is no scenario, and what would mend it; blank where there is one."""
    stock_days: int
    """How long before its day the goods sold on it may have been imported."""
    shares: tuple[OriginShare, ...]
    """Where all importers' goods of the kind came from at the time, largest first."""
    customs_share: Assumption | None
    wide_share: Assumption | None
    """The customs share if nothing is taken from other makers' goods; None where none is told."""
    bounds: tuple[ProductBounds, ...]
    """One for each change and scenario, changes in the outer order."""
    reference_rate: TariffRate | None
    """The whole rate on the first scenario's origin, on the day of the new price."""
    old_rate: TariffRate | None
    """The rate on the story's origin for the goods sold at the old price."""
    threatened: tuple[TariffComponent, ...]
    """Duties threatened against the story's origin in the months before, never charged."""

    @property
    def company(self) -> str:
        """Whose prices they are."""
        return self.changes[0].company

    @property
    def effective_on(self) -> date:
        """First day at the new price."""
        return self.changes[0].effective_on

    @property
    def goods(self) -> str:
        """The products in a few words."""
        return goods_words([row.product for row in self.changes])

    @property
    def move(self) -> str:
        """What the prices did, in a word: a rise, a cut, or a change where they moved apart."""
        signs = {row.change > 0 for row in self.changes}
        return "change" if len(signs) > 1 else "rise" if True in signs else "cut"

    @property
    def has_rate(self) -> bool:
        """Whether prices and the reference tariff moved the same way, so that a rate exists."""
        return bool(self.scenarios) and all(
            entry.bounds.rate is not None for entry in self.of(self.scenarios[0])
        )

    @property
    def singles(self) -> tuple[OriginScenario, ...]:
        """The scenarios of named origins."""
        return tuple(scenario for scenario in self.scenarios if not scenario.is_open)

    @property
    def story(self) -> OriginScenario:
        """The scenario of the origin whose rate the story quotes, or else the first."""
        named = (s for s in self.singles if REFERENCE_ORIGIN in s.origins and s.is_current)
        return next(named, self.scenarios[0])

    def of(self, scenario: OriginScenario) -> tuple[ProductBounds, ...]:
        """Return the bounds of each change under one scenario."""
        return tuple(entry for entry in self.bounds if entry.scenario is scenario)


def lead_event(facts: Facts, schedule: Schedule) -> LeadEvent | None:
    """Return the first announcement in `prices.csv` that moves a price of a product with a rate.

    Where no product has one, the first that moves a price of the home market: what it says of the
    tariff is then nothing, and why.
    """
    moved = [row for row in facts.prices if row.change and row.market == HOME_MARKET]
    with_rate = (row for row in moved if _known(facts, schedule, row))
    first = next(with_rate, moved[0] if moved else None)
    if first is None:
        return None
    changes = tuple(row for row in moved if _event(facts, row) == _event(facts, first))
    subject, before = _subject(facts, changes), old_day(facts, first)
    stock = assumed(facts, "months_of_stock", subject)
    days = STOCK_DAYS if stock is None else math.ceil(stock.value.high * DAYS_PER_MONTH)
    scenarios = origin_scenarios(facts, schedule, first, days)
    share = assumed(facts, "customs_share", subject)
    span = Interval(0.0, 1.0) if share is None else share.value
    bounds = tuple(
        ProductBounds(row, scenario, _bounds(row, scenario, span))
        for row in changes
        for scenario in scenarios
    )
    candidates = candidate_origins(facts, first)
    origin = scenarios[0].origins[0] if scenarios else candidates[0]
    story = REFERENCE_ORIGIN if REFERENCE_ORIGIN in candidates else origin
    return LeadEvent(
        changes=changes,
        subject=subject,
        old_day=before,
        scenarios=scenarios,
        is_example=not recorded_origins(facts, first),
        gap="" if scenarios else _gap(facts, schedule, first),
        stock_days=days,
        shares=origin_shares(facts, first),
        customs_share=share,
        wide_share=assumed(facts, "customs_share_wide", subject),
        bounds=bounds,
        reference_rate=rate_of(schedule, first, origin, first.effective_on),
        old_rate=rate_of(schedule, first, story, before),
        threatened=_threatened(schedule, first, story, days),
    )


def _known(facts: Facts, schedule: Schedule, row: PriceChange) -> bool:
    """Return whether the schedule has a rate on a price change's product on its day."""
    return row.hts is not None and any(
        rate_of(schedule, row, origin, row.effective_on) is not None
        for origin in candidate_origins(facts, row)
    )


def _event(facts: Facts, row: PriceChange) -> tuple[object, ...]:
    """Return what the changes of one event share: announcement, code and old tariff."""
    return (
        row.company,
        row.announced_on,
        row.effective_on,
        row.currency,
        row.hts,
        old_day(facts, row),
    )


def _subject(facts: Facts, changes: tuple[PriceChange, ...]) -> Subject:
    """Return the words by which an assumed range may speak of the goods, narrowest first."""
    first, products = changes[0], tuple(row.product for row in changes)
    goods = shared_words(products) if len(products) > 1 else products[0]
    code = first.hts or ""
    families = [p.family for p in facts.products if code and p.hts.startswith(code[: len(p.hts)])]
    words = (goods, first.company, *families, hts_label(code) if code else "", code)
    own = tuple(dict.fromkeys(filter(None, words)))
    return Subject(own, tuple(dict.fromkeys(row.product for row in facts.prices)))


def _gap(facts: Facts, schedule: Schedule, change: PriceChange) -> str:
    """Return why a price change has no change of tariff beside it, and what would mend it."""
    if change.hts is None:
        return (
            f"the row {change.price_id} of prices.csv has no hts; write there the code of the "
            "goods, with its product in products.csv and its duties in tariffs.csv"
        )
    try:
        product = schedule.product(change.hts)
    except ModelError:
        return (
            f"no one row of products.csv has the code {hts_label(change.hts)}; add it, with its "
            "duties in tariffs.csv"
        )
    origins = candidate_origins(facts, change)
    named = units.listed([country_name(origin) for origin in origins])
    before, after = old_day(facts, change), change.effective_on
    for day, price in ((after, "new"), (before, "old")):
        if all(rate_of(schedule, change, origin, day) is None for origin in origins):
            return (
                f"tariffs.csv has no rate on {within(product.name)} from {named} on "
                f"{units.day(day)}, for the goods sold at the {price} price; add the rows, or the "
                "goods' origins to origins.csv"
            )
    return (
        f"no tariff on {within(product.name)} from {named} went up or down for certain from "
        f"{units.day(before)} to {units.day(after)}; if the goods come from elsewhere, add their "
        "origins to origins.csv"
    )


def _bounds(row: PriceChange, scenario: OriginScenario, share: Interval) -> PassThroughBounds:
    return pass_through_bounds(
        old_price=row.old_price,
        new_price=row.new_price,
        currency=row.currency,
        tariff_change=scenario.tariff_change,
        customs_share=share,
    )


def _threatened(
    schedule: Schedule, change: PriceChange, origin: str, stock_days: int
) -> tuple[TariffComponent, ...]:
    """Return what the reference origin was threatened with in the months before the change."""
    found: dict[str, TariffComponent] = {}
    for back in range(stock_days):
        day = change.effective_on - timedelta(days=back)
        rate = rate_of(schedule, change, origin, day)
        for part in rate.components if rate else ():
            if part.status is Status.THREATENED:
                found.setdefault(part.name, part)
    return tuple(found.values())
