"""The changes of tariff that the goods sold at a new price may have borne, by origin and day.

Goods on a shelf were imported earlier, at that day's rate. A scenario is therefore an origin, or
several that paid alike, and the days of import on which they did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from tariffimpact import units
from tariffimpact.codes import country_name
from tariffimpact.companies import FIRST_TARIFF, HOME_MARKET
from tariffimpact.errors import ModelError
from tariffimpact.facts import ALL_IMPORTERS, Facts, OriginShare, PriceChange
from tariffimpact.interval import Interval
from tariffimpact.report.wording import points, tariff
from tariffimpact.tariffs import Schedule, TariffRate

REFERENCE_ORIGIN: Final = "JPN"
"""The origin whose rate the story quotes."""
LEAST_ORIGIN_SHARE: Final = 0.01
"""An origin that sent less of the product in the time recorded is no scenario of its own."""
STOCK_DAYS: Final = 92
"""How long before the sale goods may have been imported, where no stock is on record."""
DAYS_PER_MONTH: Final = 365 / 12


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
    entered: str = ""
    """The days of import in words, "from 7 August 2025"; blank where all days paid alike."""
    is_open: bool = False
    """Whether it is of all that is left open, and no one origin's."""
    is_current: bool = True
    """Whether goods entered on the day of the new price paid it."""

    @property
    def is_from_zero(self) -> bool:
        """Whether the goods sold at the old price paid nothing, so that change and rate are one."""
        return self.old_tariff == Interval.exactly(0.0)

    @property
    def countries(self) -> str:
        """The origins alone, as people read them."""
        return units.listed([country_name(origin) for origin in self.origins])

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
    """Return the origins the goods may have had, the company's own first, then the largest.

    Without any on record the story's stands alone, as an example.
    """
    return recorded_origins(facts, change) or (REFERENCE_ORIGIN,)


def recorded_origins(facts: Facts, change: PriceChange) -> tuple[str, ...]:
    """Return the origins on record for such goods, the company's own first, then by share.

    Of all importers' shares those count whose time holds the day of the change; where none does,
    the latest before it, or else the first after.
    """
    sending = [row for row in facts.origins if _sends(row, change)]
    own = [row for row in sending if row.share is None]
    shares = _nearest([row for row in sending if row.share is not None], change.effective_on)
    ordered = sorted(shares, key=lambda row: -(row.share or Interval.exactly(0.0)).high)
    codes = (code for row in (*own, *ordered) for code in row.origins)
    return tuple(dict.fromkeys(code for code in codes if code.isalpha()))


def origin_shares(facts: Facts, change: PriceChange) -> tuple[OriginShare, ...]:
    """Return the shares of all importers that count for a price change, largest first."""
    rows = [row for row in facts.origins if row.company == ALL_IMPORTERS and _sends(row, change)]
    nearest = _nearest(rows, change.effective_on)
    return tuple(sorted(nearest, key=lambda row: -(row.share or Interval.exactly(0.0)).high))


def _nearest(rows: list[OriginShare], day: date) -> list[OriginShare]:
    """Return the rows of the window that holds a day, the latest before it, or the first after."""
    windows = {(row.starts_on, row.ends_on or date.max) for row in rows}
    if not windows:
        return []
    holding = [window for window in windows if window[0] <= day < window[1]]
    before = [window for window in windows if window[1] <= day]
    if holding:  # the shortest speaks most closely of the day
        chosen = min(holding, key=lambda window: window[1].toordinal() - window[0].toordinal())
    else:
        chosen = max(before, key=lambda window: window[1]) if before else min(windows)
    return [row for row in rows if (row.starts_on, row.ends_on or date.max) == chosen]


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


def rate_of(schedule: Schedule, change: PriceChange, origin: str, day: date) -> TariffRate | None:
    """Return the rate on a price change's product, or None where the schedule does not know it."""
    try:
        return schedule.rate(change.hts or "", origin, day)
    except ModelError:
        return None


@dataclass(frozen=True, slots=True)
class _Spell:
    """Days of import on which goods of one origin paid one rate, within the time of the stock."""

    origin: str
    moved: Interval
    old: Interval
    first: date
    last: date
    """The first day no longer inside."""


def origin_scenarios(
    facts: Facts, schedule: Schedule, change: PriceChange, stock_days: int = STOCK_DAYS
) -> tuple[OriginScenario, ...]:
    """Return what goods of each origin paid by day of import, then all that is left open.

    Goods that entered last come first, and of one day the origins in the order of
    `candidate_origins`.

    Parameters
    ----------
    facts
        The facts, for the origins on record.
    schedule
        What each origin paid by day.
    change
        The price change.
    stock_days
        How long before its day goods sold on it may have been imported.
    """
    start = change.effective_on - timedelta(days=stock_days)
    spells = list(_spells(facts, schedule, change, start))
    groups: dict[tuple[date, date, Interval, Interval], list[_Spell]] = {}
    for spell in sorted(spells, key=lambda spell: -spell.last.toordinal()):
        groups.setdefault((spell.first, spell.last, spell.moved, spell.old), []).append(spell)
    told = [
        _scenario(group, start, change.effective_on)
        for group in groups.values()
        if _tells(group[0].moved)
    ]
    return (*told, *_left_open(facts, change, spells, stock_days, len(told)))


def _spells(facts: Facts, schedule: Schedule, change: PriceChange, start: date) -> Iterator[_Spell]:
    """Yield each rate that goods of each candidate origin paid over the time of the stock."""
    barred, code = _barred_from(facts, change), change.hts or ""
    for origin in candidate_origins(facts, change):
        before = rate_of(schedule, change, origin, old_day(facts, change))
        until = min(change.effective_on + timedelta(days=1), barred.get(origin, date.max))
        if before is None or until <= start:
            continue
        try:
            rows = schedule.history(code, origin, start, until)
        except ModelError:
            continue
        spells = zip(*(rows[name] for name in ("low", "high", "starts_on", "ends_on")), strict=True)
        for low, high, *days in spells:
            moved = _difference(Interval(float(low), float(high)), before.rate)
            first, last = (date.fromisoformat(str(day)[:10]) for day in days)
            yield _Spell(origin, moved, before.rate, max(first, start), min(last, until))


def _scenario(group: list[_Spell], start: date, day: date) -> OriginScenario:
    """Return the scenario of origins that paid alike over the same days."""
    spell = group[0]
    origins = tuple(spell.origin for spell in group)
    label = units.listed([country_name(origin) for origin in origins])
    current, entered = spell.last > day, ""
    if not current and spell.first > start:
        last = spell.last - timedelta(days=1)
        one = last == spell.first
        entered = f"{'on' if one else 'from'} {units.day(spell.first)}"
        entered += "" if one else f" to {units.day(last)}"
    elif not current:
        entered = f"before {units.day(spell.last)}"
    elif spell.first > start:
        entered = f"from {units.day(spell.first)}"
    label += f", entered {entered}" if entered else ""
    return OriginScenario(label, spell.moved, spell.old, origins, entered, is_current=current)


def _left_open(
    facts: Facts, change: PriceChange, spells: list[_Spell], stock_days: int, told: int
) -> Iterator[OriginScenario]:
    """Yield the hull of what entered on the day, and of all days and origins, where they differ."""
    barred = [o for o, day in _barred_from(facts, change).items() if day <= change.effective_on]
    current = [spell for spell in spells if spell.last > change.effective_on]
    if barred and len({spell.moved for spell in current}) > 1:
        excluded = ", ".join(country_name(origin) for origin in sorted(barred))
        yield from _hull_of(current, f"any but {excluded}, entered on the day", current=True)
    if told > 1 and len({spell.moved for spell in spells}) > 1:
        months = round(stock_days / DAYS_PER_MONTH)
        yield from _hull_of(spells, f"any of these, stock up to {months} months old")


def _hull_of(
    spells: list[_Spell], label: str, *, current: bool = False
) -> Iterator[OriginScenario]:
    moved, old = (_hull([getattr(s, name) for s in spells]) for name in ("moved", "old"))
    origins = tuple(dict.fromkeys(spell.origin for spell in spells))
    if _tells(moved):
        yield OriginScenario(label, moved, old, origins, is_open=True, is_current=current)


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


def _hull(spans: Iterable[Interval]) -> Interval:
    spans = list(spans)
    return Interval(min(span.low for span in spans), max(span.high for span in spans))


def _barred_from(facts: Facts, change: PriceChange) -> dict[str, date]:
    """Return the origins the company says its goods no longer come from, and from which day."""
    return {
        word.removeprefix("!"): row.starts_on
        for row in facts.origins
        if row.company == change.company and row.market == HOME_MARKET
        for word in row.origins
        if word.startswith("!") and (change.hts or "").startswith(row.hts)
    }
