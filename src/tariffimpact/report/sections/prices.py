"""What the prices did."""

from __future__ import annotations

from tariffimpact import charts, units
from tariffimpact.companies import HOME_MARKET
from tariffimpact.facts import Cause, PriceChange
from tariffimpact.interval import Interval
from tariffimpact.report.content import Block, Figure, Paragraph, Section, Table
from tariffimpact.report.lead import LeadEvent
from tariffimpact.report.results import Results
from tariffimpact.report.sections.history import control_figure, has_history, market_name
from tariffimpact.report.wording import MOST_DRAWN, first_items, shared_words

_CAUSES = {
    Cause.TARIFF: "tariff",
    Cause.ECONOMY: "economy",
    Cause.OTHER: "other",
    Cause.UNSTATED: "not stated",
}


_ABROAD = (
    "Markets outside the US paid no US tariff: the same product there on the same day is a "
    "control. "
)
_VERBS = {"rise": "raised", "cut": "cut", "change": "changed"}


def rise_words(lead: LeadEvent) -> str:
    """Return the lead event in half a sentence: who moved how many prices by how much."""
    moves = [row.relative_change for row in lead.changes]
    by = units.listed(
        [
            units.money(amount, lead.changes[0].currency)
            for amount in sorted({round(abs(row.change), 9) for row in lead.changes})
        ]
    )
    span = Interval(min(moves), max(moves))
    share = units.percent(span if lead.move == "change" else span.magnitude)
    products = [row.product for row in lead.changes]
    noun = "price" if len(products) == 1 or shared_words(products) else "prices"
    return f"{lead.company} {_VERBS[lead.move]} the US {noun} of {lead.goods} by {by}, or {share}"


def price_section(results: Results) -> Section | None:
    """Return prices over the duty, the same products elsewhere, and every move on record."""
    rows = results.facts.prices
    if not rows:
        return None
    blocks: list[Block] = []
    if results.lead is not None:
        if not has_history(results, results.lead):  # else its picture opens the report
            blocks.append(_dumbbell(results.lead))
        blocks += _rounding(results.lead)
    controls = control_figure(results)
    blocks += [] if controls is None else [controls]
    blocks.append(_table(rows))
    return Section("prices", "What prices and duties did", tuple(blocks))


def _dumbbell(lead: LeadEvent) -> Figure:
    """Return the event's prices before and after, where no duty is known to stand beside them."""
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
    drawn, rest = first_items(frame, "product", "prices")
    moves = [
        f"{row.product} from {units.money(row.old_price, row.currency)} to "
        f"{units.money(row.new_price, row.currency)} ({units.percent(row.relative_change)})"
        for row in lead.changes[:MOST_DRAWN]
    ]
    title = rise_words(lead)
    return Figure(
        name="prices",
        title=title,
        subtitle=f"US retail price before and after {units.day(lead.effective_on)}, "
        f"{lead.changes[0].currency}{rest}",
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
            "The source rounds prices; the tags stand within "
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
                units.day(row.effective_on, short=True),
                row.company,
                row.product,
                market_name(row.market),
                units.money(row.old_price, row.currency),
                units.money(row.new_price, row.currency),
                units.percent(row.relative_change),
                _CAUSES[row.cause],
            )
            for row in ordered
        ),
        cites=tuple((row.source_id,) for row in ordered),
        numeric=(4, 5, 6),
        note=f"{_ABROAD if any(row.market != HOME_MARKET for row in rows) else ''}A rise for which "
        "the seller gave another cause is no answer to the tariff.",
    )
