"""The changes of tariff that the goods sold at a new price may have borne, by origin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from tariffimpact import units
from tariffimpact.codes import country_name
from tariffimpact.companies import FIRST_TARIFF, HOME_MARKET
from tariffimpact.errors import ModelError
from tariffimpact.facts import Facts, OriginShare, PriceChange
from tariffimpact.interval import Interval
from tariffimpact.report.wording import points, tariff
from tariffimpact.tariffs import TariffRate, TariffSchedule

REFERENCE_ORIGIN: Final = "JPN"
"""The origin whose rate the story quotes."""
ALL_IMPORTERS: Final = "all importers"
LEAST_ORIGIN_SHARE: Final = 0.01
"""An origin that sent less of the product in the year recorded is no scenario of its own."""
STOCK_DAYS: Final = 92
"""Goods sold on a day may have been imported up to three months earlier, at that day's rate."""


@dataclass(frozen=True, slots=True)
class OriginScenario:
    """A change of tariff that the goods sold at the new price may have borne."""

    label: str
    """As it stands inside a sentence."""
    tariff_change: Interval
    """Between the goods sold at the old and at the new price, of one sign."""
    old_tariff: Interval
    """Rate on the goods sold at the old price."""
    origins: tuple[str, ...]
    is_open: bool = False
    """Whether it is of all that the company leaves open, and no one origin's."""

    @property
    def is_from_zero(self) -> bool:
        """Whether the goods sold at the old price paid nothing, so that change and rate are one."""
        return self.old_tariff == Interval.exactly(0.0)

    @property
    def change_words(self) -> str:
        """The change as it is multiplied: 15%, or 9 points where a duty was paid before."""
        return tariff(self.tariff_change) if self.is_from_zero else points(self.tariff_change)

    @property
    def words(self) -> str:
        """The change with what was paid before: 15%, or 9 points on top of 6%."""
        if self.is_from_zero:
            return tariff(self.tariff_change)
        if self.tariff_change.high <= 0:
            return f"{tariff(self.old_tariff)} cut by {points(self.tariff_change.magnitude)}"
        return f"{points(self.tariff_change)} on top of {tariff(self.old_tariff)}"


def old_day(facts: Facts, change: PriceChange) -> date:
    """Return the day whose rate stands for the goods sold at the old price.

    It is the day on which the old price took effect, where that is on record; otherwise the eve
    of the first duty of 2025, or of the change where that was earlier.
    """
    of = (change.company, change.product, change.market)
    before = [
        row.effective_on
        for row in facts.prices
        if (row.company, row.product, row.market) == of
        and row.change
        and row.effective_on < change.effective_on
    ]
    eve = min(FIRST_TARIFF, change.effective_on) - timedelta(days=1)
    return max(before, default=eve)


def candidate_origins(facts: Facts, change: PriceChange) -> tuple[str, ...]:
    """Return the origins the goods may have had: the story's first, then the largest.

    Without any on record the story's stands alone, as an example.
    """
    sending = recorded_origins(facts, change)
    if not sending or REFERENCE_ORIGIN in sending:
        return tuple(dict.fromkeys((REFERENCE_ORIGIN, *sending)))
    return sending


def recorded_origins(facts: Facts, change: PriceChange) -> tuple[str, ...]:
    """Return the origins on record for such goods, largest first."""
    rows = [row for row in facts.origins if _sends(row, change)]
    ordered = sorted(rows, key=lambda row: -1.0 if row.share is None else -row.share.high)
    codes = (code for row in ordered for code in row.origins)
    return tuple(dict.fromkeys(code for code in codes if code.isalpha()))


def _sends(row: OriginShare, change: PriceChange) -> bool:
    """Return whether a row names where such goods came from: all importers', or the company's."""
    if row.market != HOME_MARKET or not (change.hts or "").startswith(row.hts):
        return False
    if row.share is None:
        return row.company == change.company and _in_force(row, change)
    return row.company in (change.company, ALL_IMPORTERS) and row.share.high >= LEAST_ORIGIN_SHARE


def _in_force(row: OriginShare, change: PriceChange) -> bool:
    ended = row.ends_on is not None and row.ends_on <= change.effective_on
    return row.starts_on <= change.effective_on and not ended


def rate_of(
    schedule: TariffSchedule, change: PriceChange, origin: str, day: date
) -> TariffRate | None:
    """Return the rate on a price change's product, or None where the schedule does not know it."""
    try:
        return schedule.rate(change.hts or "", origin, day)
    except ModelError:
        return None


def origin_scenarios(
    facts: Facts, schedule: TariffSchedule, change: PriceChange
) -> tuple[OriginScenario, ...]:
    """Return the origins the goods may have had: singly, then all the company leaves open."""
    before = old_day(facts, change)
    candidates = candidate_origins(facts, change)
    by_rate: dict[tuple[Interval, Interval], list[str]] = {}
    for origin in candidates:
        old = rate_of(schedule, change, origin, before)
        new = rate_of(schedule, change, origin, change.effective_on)
        if old is not None and new is not None:
            moved = _difference(new.rate, old.rate)
            if _tells(moved):
                by_rate.setdefault((moved, old.rate), []).append(origin)
    named = [
        OriginScenario(units.listed([country_name(o) for o in origins]), moved, old, tuple(origins))
        for (moved, old), origins in by_rate.items()
    ]
    barred = _barred_origins(facts, change)
    left = [origin for origin in candidates if origin not in barred]
    spread = _spread(schedule, change, left, before) if barred else None
    if spread is None or not _tells(spread[0]):
        return tuple(named)
    excluded = ", ".join(country_name(origin) for origin in sorted(barred))
    label = f"any but {excluded}, stock up to {STOCK_DAYS // 30} months old"
    return (*named, OriginScenario(label, *spread, tuple(left), is_open=True))


def _difference(new: Interval, old: Interval) -> Interval:
    """Return the change of a rate, end from end.

    A rate is a range where goods may claim a preference, or not; the same goods claim it before
    and after, so the lower ends belong together, and so do the upper ones.
    """
    ends = round(new.low - old.low, 12), round(new.high - old.high, 12)
    return Interval(min(ends), max(ends))


def _tells(change: Interval) -> bool:
    """Return whether a change of tariff is one: of one sign, and not zero."""
    return (change.low >= 0 or change.high <= 0) and change.magnitude.high > 0


def _spread(
    schedule: TariffSchedule, change: PriceChange, origins: Iterable[str], before: date
) -> tuple[Interval, Interval] | None:
    """Return the change and the old rate, lowest to highest, over origins and days of import."""
    first = change.effective_on - timedelta(days=STOCK_DAYS)
    last = change.effective_on + timedelta(days=1)
    changes, olds = [], []
    for origin in origins:
        try:
            old = schedule.rate(change.hts or "", origin, before).rate
            spells = schedule.history(change.hts or "", origin, first, last)
        except ModelError:
            continue
        olds.append(old)
        ends = zip(spells["low"], spells["high"], strict=True)
        changes += [_difference(Interval(low, high), old) for low, high in ends]
    return (_hull(changes), _hull(olds)) if changes else None


def _hull(spans: list[Interval]) -> Interval:
    return Interval(min(span.low for span in spans), max(span.high for span in spans))


def _barred_origins(facts: Facts, change: PriceChange) -> frozenset[str]:
    """Return the origins the company says its goods no longer come from on the day."""
    return frozenset(
        word.removeprefix("!")
        for row in facts.origins
        if row.company == change.company and _in_force(row, change)
        for word in row.origins
        if word.startswith("!")
    )
