"""What the lead rise says if rivals respond: a market of differentiated products, as a range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tariffimpact import charts, units
from tariffimpact.codes import country_name
from tariffimpact.facts import PriceChange
from tariffimpact.interval import Interval
from tariffimpact.market import MarketRange, ProductTable, impose_range
from tariffimpact.report.content import Block, Figure, Paragraph, Section
from tariffimpact.report.lead import LeadEvent
from tariffimpact.report.origins import OriginScenario
from tariffimpact.report.results import Results
from tariffimpact.report.wording import leading

if TYPE_CHECKING:
    import pandas as pd

OUTSIDE_SHARE: Final = Interval(0.3, 0.7)
"""Share of potential buyers who buy none of the products: nobody publishes it."""


def rival_section(results: Results, table: ProductTable) -> Section | None:
    """Return what a logit market makes of the reference tariff, beside what the maker did.

    Parameters
    ----------
    results
        What the report has to say.
    table
        The products of the lead's market, prices, sales and margins, each a number or a range.
    """
    lead = results.lead
    firms = table.labels["firm"]
    found = None if lead is None or not lead.has_rate else _taxed(lead, table)
    if lead is None or found is None or len(set(firms)) < 2:
        return None
    scenario, origin, taxed = found
    answer = impose_range(
        table,
        outside_share=OUTSIDE_SHARE,
        ad_valorem=scenario.tariff_change.high,
        where={"origin": origin},
    )
    falls = (
        f"on {lead.company}'s products alone, so that its rivals need not follow"
        if taxed == {lead.company}
        else f"on every product from {country_name(origin)}"
    )
    blocks: tuple[Block, ...] = (
        Paragraph(
            f"A market of {len(answer.products)} products, buyers choosing by a logit, makers "
            "setting prices against each other (Bertrand), sales and margins known only as ranges "
            f"and {units.percent(OUTSIDE_SHARE, 0)} of potential buyers buying none. The duty "
            f"falls {falls}.",
            standing="assumption",
        ),
        _figure(lead, answer),
        Paragraph(_compared(lead, answer), standing="model"),
        Paragraph(answer.explain(), standing="model"),
    )
    return Section("rivals", "If rivals respond", blocks)


def _taxed(lead: LeadEvent, table: ProductTable) -> tuple[OriginScenario, str, set[object]] | None:
    """Return the first exact scenario of an origin of the lead's products, and who is taxed by it.

    None where the table has the lead's products from no origin of which the duty is known.
    """
    pairs = list(zip(table.labels["firm"], table.labels["origin"], strict=True))
    for scenario in lead.scenarios:
        for origin in scenario.origins:
            taxed: set[object] = {firm for firm, of in pairs if of == origin}
            exact = scenario.tariff_change.is_exact and not scenario.is_open
            if exact and scenario.is_current and lead.company in taxed:
                return scenario, origin, taxed
    return None


def _figure(lead: LeadEvent, answer: MarketRange) -> Figure:
    import pandas as pd

    seen = {row.product: row.change for row in lead.changes}
    frame = pd.DataFrame(
        {
            "product": answer.products,
            "firm": answer.firms,
            "low": [round(float(value), 4) for value in answer.low],
            "high": [round(float(value), 4) for value in answer.high],
            "seen": [seen.get(product) for product in answer.products],
            "currency": answer.currency,
        }
    ).astype({"seen": float})
    title = rivals_title(frame, lead.company)
    did = f"what {lead.company} did"
    drawn = frame.rename(columns={"product": "label", "firm": "group"})
    return Figure(
        name="if-rivals-respond",
        title=title,
        subtitle=f"Change of shelf price, {answer.currency}, over the assumed sales and margins; "
        "model results, no evidence",
        source="Model; prices as listed; sales and margins are assumptions, see the data.",
        alt=f"{title}. {answer.summary()}",
        frame=frame,
        draw=lambda: charts.range_bars(
            drawn, form="money", currency=answer.currency, digits=0, seen_label=did
        ),
        cites=tuple(row.source_id for row in lead.changes),
    )


def rivals_title(frame: pd.DataFrame, company: str) -> str:
    """Return by how much the model moves the company's prices and its rivals', in whole money."""
    own = frame["firm"] == company
    currency = str(frame["currency"].iloc[0])
    spans = [
        units.money(Interval(float(part["low"].min()), float(part["high"].max())), currency, 0)
        for part in (frame[own], frame[~own])
    ]
    return (
        f"In a market with rivals, the duty moves {company}’s prices by {spans[0]} and its "
        f"rivals’ by {spans[1]}"
    )


def _compared(lead: LeadEvent, answer: MarketRange) -> str:
    """Say whether each observed rise lies in the model's range."""
    inside: list[str] = []
    outside: list[str] = []
    for row in lead.changes:
        span = _of(answer, row)
        if span is not None:
            (inside if row.change in span else outside).append(row.product)
    words = []
    if inside:
        words.append(f"the {lead.move} lies in the model's range for {units.listed(inside)}")
    if outside:
        what = "it" if inside else f"the {lead.move}"
        words.append(f"{what} lies outside the model's range for {units.listed(outside)}")
    said = leading("; ".join(words)) or "The model has none of the products"
    return f"{said}. A range that holds the {lead.move} does not show that the tariff caused it."


def _of(answer: MarketRange, row: PriceChange) -> Interval | None:
    if row.product not in answer.products:
        return None
    place = answer.products.index(row.product)
    return Interval(float(answer.low[place]), float(answer.high[place]))
