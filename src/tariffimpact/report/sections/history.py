"""The first picture: list prices over time above the duty by origin, and other markets beside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from tariffimpact import charts, units
from tariffimpact.codes import country_name
from tariffimpact.companies import FIRST_TARIFF, HOME_MARKET
from tariffimpact.facts import Cause, PriceChange
from tariffimpact.interval import Interval
from tariffimpact.report.content import Figure
from tariffimpact.report.lead import LeadEvent
from tariffimpact.report.results import Results
from tariffimpact.report.wording import leading, within

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_MOST: Final = 6
"""Products drawn; a phone has room for four."""
_MOST_NARROW: Final = 4
_MOST_ORIGINS: Final = 5
_LASTING: Final = 60
_COLUMNS: Final = (
    "kind", "name", "company", "starts_on", "low", "high", "unit", "note", "refundable",
)  # fmt: skip


def history_figure(results: Results, lead: LeadEvent) -> Figure | None:
    """Return prices over time above the duty by origin; None where no origin's rate is known."""
    import pandas as pd

    drawn = _Drawn.of(results, lead)
    if drawn is None:
        return None
    prices, duties = _prices(results, lead, drawn), _duties(results, lead, drawn)
    frame = pd.DataFrame([*prices, *duties], columns=list(_COLUMNS))
    goods = within(results.schedule.product(drawn.code).name)
    title = history_title(frame, goods)
    events = duty_events(frame)
    names = units.listed([str(name) for name in dict.fromkeys(row[1] for row in duties)])
    return Figure(
        name="prices-and-duty",
        title=title,
        subtitle=f"US list price (dotted: last price on record) and the duty on {goods} by country "
        f"of origin, {_month(drawn.first)} to {_month(drawn.end - timedelta(days=1))}",
        source="Makers’ price lists as reported; legal texts. That a price rose after a duty does "
        "not show that the duty raised it.",
        alt=f"{title}. {_moves(frame)} Duty by country of origin: {names}. {_duty_words(frame)}",
        frame=frame,
        draw=lambda: _draw(frame, events, drawn.end),
        cites=tuple(dict.fromkeys((*(row.source_id for row in drawn.rows), *drawn.cites))),
    )


def has_history(results: Results, lead: LeadEvent) -> bool:
    """Return whether prices and duties can stand in one picture."""
    return _Drawn.of(results, lead) is not None


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What the picture holds: products, origins, and the days it runs over."""

    code: str
    rows: tuple[PriceChange, ...]
    products: tuple[str, ...]
    origins: tuple[str, ...]
    first: date
    end: date
    cites: tuple[str, ...]

    @classmethod
    def of(cls, results: Results, lead: LeadEvent) -> _Drawn | None:
        code = lead.changes[0].hts or ""
        single = [scenario.origins for scenario in lead.scenarios if not scenario.is_open]
        origins = tuple(dict.fromkeys(names[0] for names in single))
        if not origins:
            return None
        covers = [results.schedule.coverage(code, origin) for origin in origins]
        first = max(start for start, _ in covers)
        end = min(results.as_of + timedelta(days=1), *(last for _, last in covers))
        rows = [
            row
            for row in results.facts.prices
            if row.hts == code and row.market == HOME_MARKET and row.effective_on < end
            and row.currency == lead.changes[0].currency
        ]  # fmt: skip
        products = _chosen(rows, lead)
        cites = tuple(
            part.source.source_id
            for origin in origins
            for part in results.schedule.rate(code, origin, lead.effective_on).counted
        )
        order = sorted(origins, key=lambda o: -_highest(results, code, o, first, end))
        return cls(code, tuple(row for row in rows if row.product in products), products,
                   tuple(order[:_MOST_ORIGINS]), first, end, cites)  # fmt: skip


def _highest(results: Results, code: str, origin: str, first: date, end: date) -> float:
    return float(results.schedule.history(code, origin, first, end)["high"].max())


def _chosen(rows: list[PriceChange], lead: LeadEvent) -> tuple[str, ...]:
    """Return the products drawn: of each maker the dearest, the lead's first, then the others."""
    makers = dict.fromkeys((lead.company, *(row.company for row in rows)))
    by_maker = {
        maker: sorted(
            {row.product for row in rows if row.company == maker},
            key=lambda product: _rank(rows, product, lead),
        )
        for maker in makers
    }
    rounds = max((len(names) for names in by_maker.values()), default=0)
    found = [names[n] for n in range(rounds) for names in by_maker.values() if n < len(names)]
    return tuple(found[:_MOST])


def _rank(rows: list[PriceChange], product: str, lead: LeadEvent) -> tuple[bool, int, float]:
    """Return what puts a product first: of the lead event, more steps on record, dearer."""
    mine = [row for row in rows if row.product == product]
    is_lead = product == lead.changes[0].product
    return (not is_lead, -len(mine), -mine[-1].new_price)


def _prices(results: Results, lead: LeadEvent, drawn: _Drawn) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for product in drawn.products:
        rows = sorted(
            (row for row in drawn.rows if row.product == product), key=lambda r: r.effective_on
        )
        first = rows[0]
        if first.change and first.effective_on > drawn.first:
            found.append(("list price", product, first.company, drawn.first, first.old_price,
                          first.old_price, first.currency, "", None))  # fmt: skip
        for row in rows:
            note = f"{row.company} names other costs" if row.cause is Cause.OTHER else ""
            found.append(("list price", product, row.company, row.effective_on, row.new_price,
                          row.new_price, row.currency, note, None))  # fmt: skip
    return found


def _duties(results: Results, lead: LeadEvent, drawn: _Drawn) -> list[tuple[object, ...]]:
    """Return the duty of each origin by spell, and how much of it was later held void."""
    found: list[tuple[object, ...]] = []
    for origin in drawn.origins:
        spells = results.schedule.history(drawn.code, origin, drawn.first, drawn.end)
        for day, low, high in spells[["starts_on", "low", "high"]].itertuples(index=False):
            start = max(day, drawn.first)
            void = results.schedule.rate(drawn.code, origin, start).refundable.high
            found.append(("duty", country_name(origin), "", start, low, high,
                          "share of customs value", "", void))  # fmt: skip
    return found


def _draw(frame: pd.DataFrame, events: pd.DataFrame, end: date) -> Axes:
    prices = frame[frame["kind"] == "list price"].rename(
        columns={"name": "product", "company": "group", "high": "price", "unit": "currency"}
    )
    main = list(dict.fromkeys(prices["product"]))[:_MOST_NARROW]
    prices = prices.assign(main=prices["product"].isin(main))
    duties = frame[frame["kind"] == "duty"].rename(columns={"name": "origin"})
    return charts.price_history(prices, duties, events=events, until=end)


def duty_events(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the days that mark the duties: the void ones begin, part by country, and end.

    They begin on the first day on which every origin drawn pays some, and end on the first after
    it on which none does; between them, they part on the day on which most origins' rates changed,
    if that is at least half of them and
    the new rates differ.
    """
    import pandas as pd

    duties = frame[frame["kind"] == "duty"]
    days = sorted(set(duties["starts_on"]))
    paid = {day: _on(duties, day)["refundable"] > 0 for day in days}
    begin = next((day for day in days if paid[day].all()), None)
    end = next((day for day in days if begin and day > begin and not paid[day].any()), None)
    rows = [] if begin is None else [(begin, "Emergency duties on every country drawn")]
    lasting = _lasting(duties, end)
    moved = {
        day: lasting[lasting["starts_on"] == day]
        for day in days
        if begin and begin < day < (end or date.max)
    }
    moved = {day: rows for day, rows in moved.items() if rows["high"].nunique() > 1}
    apart = max(moved, key=lambda day: len(moved[day]), default=None)
    if apart is not None and 2 * len(moved[apart]) >= duties["name"].nunique():
        high = moved[apart]["high"]
        span = units.percent(Interval(float(high.min()), float(high.max())), 0)
        rows.append((apart, f"Country rates: {span.replace('% to ', '–')}"))
    rows += [] if end is None else [(end, "Held void: emergency duties end")]
    return pd.DataFrame(rows, columns=["day", "label"])


def _lasting(duties: pd.DataFrame, end: date | None) -> pd.DataFrame:
    """Return the spells of rates that held for two months at least."""
    import pandas as pd

    parts = []
    for _, part in duties.groupby("name", sort=False):
        starts = [*part["starts_on"], end or date.max]
        held = [(after - day).days for day, after in pairwise(starts)]
        parts.append(part[[days >= _LASTING for days in held]])
    return pd.concat(parts)


def _on(duties: pd.DataFrame, day: date) -> pd.DataFrame:
    """Return the row of each origin that holds on a day."""
    return duties[duties["starts_on"] <= day].groupby("name").last()


def history_title(frame: pd.DataFrame, goods: str) -> str:
    """Return the finding of the rows: a price that rose after the duty fell, or what moved.

    The duty fell on a day if it fell from every origin drawn; then the last rise after it.
    """
    duties = frame[frame["kind"] == "duty"]
    prices = frame[frame["kind"] == "list price"]
    fell = _all_fell(duties)
    risen = [
        (day, name)
        for name, part in prices.groupby("name", sort=False)
        for day, old, new in zip(
            part["starts_on"].iloc[1:], part["high"], part["high"].iloc[1:], strict=False
        )
        if fell and day > fell and new > old
    ]
    if fell and risen:
        day, name = max(risen)
        when = _month(day) if day.year != fell.year else f"{day:%B}"
        return f"The duty on {goods} fell in {_month(fell)}; the {name} rose in {when}"
    top: Any = duties.iloc[int(duties["high"].to_numpy().argmax())]
    return (
        f"The duty on {goods} reached {units.percent(top['high'], 0)} from {top['name']} in "
        f"{_month(top['starts_on'])}"
    )


def _all_fell(duties: pd.DataFrame) -> date | None:
    """Return the last day on which the duty fell from every origin; None where none did."""
    falls = []
    for _, part in duties.groupby("name", sort=False):
        days = zip(part["starts_on"].iloc[1:], part["high"], part["high"].iloc[1:], strict=False)
        falls.append({day for day, old, new in days if new < old})
    return max(set.intersection(*falls), default=None) if falls else None


def _month(day: date) -> str:
    return units.day(day).split(" ", 1)[1]


def _moves(frame: pd.DataFrame) -> str:
    said = []
    for name, part in frame[frame["kind"] == "list price"].groupby("name", sort=False):
        steps = [
            f"{units.money(price, str(part['unit'].iloc[0]))} from {units.day(day)}"
            for day, price in zip(part["starts_on"], part["high"], strict=True)
        ]
        said.append(f"{name}: {', '.join(steps)}.")
    return " ".join(said)


def _duty_words(frame: pd.DataFrame) -> str:
    said = []
    for name, part in frame[frame["kind"] == "duty"].groupby("name", sort=False):
        top: Any = part.iloc[int(part["high"].to_numpy().argmax())]
        said.append(
            f"{name}: at most {units.percent(top['high'], 0)}, from {units.day(top['starts_on'])}, "
            f"and {units.percent(part['high'].iloc[-1], 1)} at the end."
        )
    return " ".join(said)


def control_figure(results: Results) -> Figure | None:
    """Return the same product's price change here and in markets that paid no US tariff."""
    import pandas as pd

    found = _compared(results)
    if not found:
        return None
    frame = pd.DataFrame(found, columns=["product", "market", "change", "effective_on"])
    title = control_title(frame)
    return Figure(
        name="control-markets",
        title=title,
        subtitle="Change of list price by market within a year of the first tariff, same product; "
        "markets outside the US paid no US tariff",
        source="Makers’ price lists as reported.",
        alt=f"{title}. "
        + " ".join(
            f"{product}, {market}: {units.percent(change, 0)}."
            for product, market, change, _ in found
        ),
        frame=frame,
        draw=lambda: charts.change_dots(frame),
        cites=tuple(dict.fromkeys(row.source_id for row in _controls(results))),
    )


def _controls(results: Results) -> list[PriceChange]:
    """Return the first move in each market of products that moved here and elsewhere."""
    moved: dict[tuple[str, str, str], PriceChange] = {}
    for row in sorted(results.facts.prices, key=lambda row: row.effective_on):
        if row.announced_on >= FIRST_TARIFF and row.change:
            moved.setdefault((row.company, row.product, row.market), row)
    markets: dict[tuple[str, str], set[str]] = {}
    for company, product, market in moved:
        markets.setdefault((company, product), set()).add(market)
    both = {key for key, found in markets.items() if HOME_MARKET in found and len(found) > 1}
    return [row for (company, product, _), row in moved.items() if (company, product) in both]


def _compared(results: Results) -> list[tuple[str, str, float, date]]:
    rows = sorted(_controls(results), key=lambda row: (row.market != HOME_MARKET, row.product))
    return [(row.product, market_name(row.market), row.relative_change, row.effective_on)
            for row in rows]  # fmt: skip


def control_title(frame: pd.DataFrame) -> str:
    """Return how many products rose by more in the taxed market than in every other."""
    home = frame["market"].iloc[0]
    more, names = 0, list(dict.fromkeys(frame["product"]))
    for product in names:
        mine = frame[frame["product"] == product]
        here = mine[mine["market"] == home]["change"].max()
        more += int((mine[mine["market"] != home]["change"] < here).all())
    which = "Every" if more == len(names) else f"{more} of {len(names)}"
    noun = "product" if which == "Every" or len(names) == 1 else "products"
    return f"{which} {noun} rose by more in {_the(home)} than in markets without its tariff"


def _the(market: str) -> str:
    return f"the {market}" if market.startswith("United") else market


def market_name(market: str) -> str:
    """Return a market as a reader knows it.

    Examples
    --------
    >>> market_name("EU"), market_name("GBR")
    ('European Union', 'United Kingdom')
    """
    return "European Union" if market == "EU" else leading(country_name(market))
