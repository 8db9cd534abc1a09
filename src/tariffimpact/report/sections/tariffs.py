"""What the tariff on the lead product was, by origin and day, and what became of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from tariffimpact import charts, units
from tariffimpact.codes import country_name, hts_label
from tariffimpact.interval import Interval
from tariffimpact.report.content import Block, Figure, Paragraph, Section, Table
from tariffimpact.report.lead import LeadEvent
from tariffimpact.report.results import Results
from tariffimpact.report.sections.refunds import refund_cites
from tariffimpact.report.wording import MOST_DRAWN, tariff, within
from tariffimpact.tariffs import TariffRate

if TYPE_CHECKING:
    import pandas as pd


def tariff_section(results: Results) -> Section | None:
    """Return the steps by origin, the make-up on the day of the rise, and the refundable part."""
    lead = results.lead
    if lead is None or not lead.scenarios:
        return None
    rates = _rates(results, lead)
    blocks: list[Block] = [
        Paragraph(
            "The rate is what an importer was charged on the day: threatened and announced duties "
            "never count, duties later held void count while they were collected. Goods on the "
            "shelf were imported earlier, at that day's rate.",
            standing="evidence",
        ),
        _steps(results, lead, rates),
        _components(lead, rates),
        *_refund(results, rates),
    ]
    return Section("tariff", "What the tariff was, by origin and day", tuple(blocks))


def _steps(results: Results, lead: LeadEvent, rates: list[TariffRate]) -> Figure:
    import pandas as pd

    product = rates[0].product
    first, last = results.schedule.coverage(product.hts, rates[0].origin)
    end = min(results.as_of + timedelta(days=1), last)
    frame = pd.concat(
        [
            results.schedule.history(product.hts, rate.origin, first, end).assign(
                origin=country_name(rate.origin)
            )
            for rate in rates
        ],
        ignore_index=True,
    )
    events = _events(results, lead, end)
    days = "1 date" if len(events) == 1 else f"{len(events)} dates"
    listed = units.listed(
        [f"{tariff(rate.rate)} from {country_name(rate.origin)}" for rate in rates]
    )
    goods = within(product.name)
    title = f"On {units.day(lead.effective_on)} {goods} paid {listed}"
    return Figure(
        name="tariff-by-origin",
        title=title,
        subtitle=f"US duty on {goods} ({hts_label(product.hts)}), percent of "
        "customs value, by day of entry",
        source="Legal texts under Sources; price moves as reported.",
        alt=f"{title}. The chart shows the rate by origin from {units.day(first)} to "
        f"{units.day(end)} and marks {days} on which makers moved prices.",
        frame=frame,
        draw=lambda: charts.tariff_steps(frame, until=end, events=events),
        cites=_sources(rates),
    )


def _rates(results: Results, lead: LeadEvent) -> list[TariffRate]:
    """Return the rate on the day of the move for one origin of each scenario of named origins."""
    code = lead.changes[0].hts or ""
    single = list(lead.singles) or list(lead.scenarios)
    origins = dict.fromkeys(scenario.origins[0] for scenario in single)
    return [results.schedule.rate(code, origin, lead.effective_on) for origin in origins]


def _events(results: Results, lead: LeadEvent, end: date) -> pd.DataFrame:
    """Return the days on which makers of the lead's kind of product moved prices."""
    import pandas as pd

    moves: dict[tuple[date, str], list[float]] = {}
    for profile in results.companies.profiles:
        for row in profile.price_moves:
            if row.hts == lead.changes[0].hts and row.change and row.effective_on < end:
                moves.setdefault((row.effective_on, row.company), []).append(row.relative_change)
    return pd.DataFrame(
        [
            (day, company, units.percent(Interval(min(sizes), max(sizes)), 0))
            for (day, company), sizes in sorted(moves.items())[:MOST_DRAWN]
        ],
        columns=["day", "label", "detail"],
    )


def _components(lead: LeadEvent, rates: list[TariffRate]) -> Table:
    rows = [(rate, part) for rate in rates for part in rate.components]
    return Table(
        caption=f"What the rate of {units.day(lead.effective_on)} is made of",
        columns=("Origin", "Authority", "Component", "Amount", "Standing"),
        rows=tuple(
            (
                country_name(rate.origin),
                part.authority,
                part.name,
                "per unit" if part.amount is None else units.percent(part.amount),
                part.status.value.replace("_", " ") + ("" if part.counted else ", not counted"),
            )
            for rate, part in rows
        ),
        cites=tuple((part.source.source_id,) for _, part in rows),
        numeric=(3,),
        note="Void: collected, later held unlawful, refundable.",
    )


def _refund(results: Results, rates: list[TariffRate]) -> list[Paragraph]:
    """Say which part of the duty that the rise answered was later held void."""
    refundable = [rate for rate in rates if rate.refundable.high > 0]
    if not refundable:
        return []
    whole = all(rate.refundable == rate.rate for rate in refundable)
    part = "All of it" if whole else "Part of it"
    return [
        Paragraph(
            f"{part} rested on an emergency act under which, the Supreme Court held on 20 February "
            "2026, no tariff can be laid; of refunds it said nothing. What was collected up to 24 "
            "February 2026 is refundable by orders of the trade court, to the importer of record, "
            "not to whoever paid the higher price: see who has the money.",
            (*results.known("scotus-learning-resources"), *refund_cites(results)),
            "evidence",
        )
    ]


def _sources(rates: list[TariffRate]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(p.source.source_id for rate in rates for p in rate.counted))
