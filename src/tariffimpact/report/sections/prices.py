"""What the prices did."""

from __future__ import annotations

from itertools import takewhile

from tariffimpact import charts, units
from tariffimpact.companies import HOME_MARKET
from tariffimpact.facts import Cause, PriceChange
from tariffimpact.interval import Interval
from tariffimpact.report.content import Block, Figure, Paragraph, Section, Table
from tariffimpact.report.lead import LeadEvent
from tariffimpact.report.results import Results
from tariffimpact.report.wording import MOST_DRAWN, first_items

_CAUSES = {
    Cause.TARIFF: "tariff",
    Cause.ECONOMY: "economy",
    Cause.OTHER: "other",
    Cause.UNSTATED: "not stated",
}


def rise_words(lead: LeadEvent) -> str:
    """Return the lead event in half a sentence: who moved how many prices by how much."""
    changes = sorted({row.change for row in lead.changes})
    moves = [row.relative_change for row in lead.changes]
    span = Interval(min(moves), max(moves))
    goods = f"the US price of {_goods([row.product for row in lead.changes])}"
    verb = "raised" if changes[0] > 0 else "changed"
    by = units.listed([units.money(abs(change), lead.changes[0].currency) for change in changes])
    return f"{lead.company} {verb} {goods} by {by}, or {units.percent(span)}"


def _goods(products: list[str]) -> str:
    """Return products by the words their names begin with: 3 PlayStation 5 models."""
    if len(products) == 1:
        return f"the {products[0]}"
    columns = zip(*(product.split() for product in products), strict=False)
    shared = " ".join(c[0] for c in takewhile(lambda words: len(set(words)) == 1, columns))
    return f"{len(products)} {shared} models" if shared else units.listed(products)


def price_section(results: Results) -> Section | None:
    """Return the lead event's prices and every other price move on record."""
    rows = results.facts.prices
    if not rows:
        return None
    blocks: list[Block] = []
    if results.lead is not None:
        blocks += [_figure(results.lead), *_rounding(results.lead)]
    blocks.append(_table(rows))
    return Section("prices", "What the prices did", tuple(blocks))


def _figure(lead: LeadEvent) -> Figure:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "product": row.product,
            "old_price": row.old_price,
            "new_price": row.new_price,
            "currency": row.currency,
            "relative_change": row.relative_change,
        }
        for row in sorted(lead.changes, key=lambda row: -row.old_price)
    )
    drawn, rest = first_items(frame, "product", "console-prices")
    moves = [
        f"{row.product} from {units.money(row.old_price, row.currency)} to "
        f"{units.money(row.new_price, row.currency)} ({units.percent(row.relative_change)})"
        for row in lead.changes[:MOST_DRAWN]
    ]
    title = rise_words(lead)
    return Figure(
        name="console-prices",
        title=title,
        subtitle=f"US recommended retail price before and after {_day(lead)}, {_unit(lead)}{rest}",
        source=f"{lead.company}, as reported on {units.day(lead.changes[0].announced_on)}.",
        alt=f"{title}: {'; '.join(moves)}.",
        frame=frame,
        draw=lambda: charts.price_dumbbell(drawn),
        cites=tuple(row.source_id for row in lead.changes),
    )


def _rounding(lead: LeadEvent) -> list[Paragraph]:
    rounded = [row for row in lead.changes if row.rounding]
    if not rounded:
        return []
    worst = max(row.rounding for row in rounded)
    effect = 2 * worst / min(row.old_price for row in rounded)
    return [
        Paragraph(
            "The source rounds prices to whole amounts; the tags stand within "
            f"{units.money(worst, rounded[0].currency)} of them, which moves no share in this "
            f"report by more than {units.percent(effect, 3)}.",
            tuple(row.source_id for row in rounded),
        )
    ]


def _table(rows: tuple[PriceChange, ...]) -> Table:
    ordered = sorted(rows, key=lambda row: (row.market != HOME_MARKET, row.effective_on))
    return Table(
        caption="Price moves on record, with the cause the seller gave",
        columns=("From", "Company", "Product", "Market", "Old", "New", "Change", "Stated cause"),
        rows=tuple(
            (
                row.effective_on.isoformat(),
                row.company,
                row.product,
                row.market,
                units.money(row.old_price, row.currency),
                units.money(row.new_price, row.currency),
                units.percent(row.relative_change),
                _CAUSES[row.cause],
            )
            for row in ordered
        ),
        cites=tuple((row.source_id,) for row in ordered),
        numeric=(4, 5, 6),
        note="Markets outside the US paid no US tariff: the same product there on the same day is "
        "a control. A rise for which the seller gave another cause is no answer to the tariff.",
    )


def _day(lead: LeadEvent) -> str:
    return units.day(lead.effective_on)


def _unit(lead: LeadEvent) -> str:
    return lead.changes[0].currency
