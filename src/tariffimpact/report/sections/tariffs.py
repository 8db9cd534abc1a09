"""What the tariff on the lead product was, by origin and day, and what became of it."""

from __future__ import annotations

from tariffimpact import units
from tariffimpact.codes import country_name
from tariffimpact.report.content import Block, Paragraph, Section, Table
from tariffimpact.report.lead import LeadEvent
from tariffimpact.report.results import Results
from tariffimpact.report.sections.refunds import refund_cites
from tariffimpact.tariffs import TariffRate


def tariff_section(results: Results) -> Section | None:
    """Return the make-up of the rate on the day of the rise, by origin, and the refundable part."""
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
        _components(lead, rates),
        *_refund(results, rates),
    ]
    return Section("tariff", "What the tariff was made of", tuple(blocks))


def _rates(results: Results, lead: LeadEvent) -> list[TariffRate]:
    """Return the rate on the day of the move for one origin of each scenario of named origins."""
    code = lead.changes[0].hts or ""
    single = list(lead.singles) or list(lead.scenarios)
    origins = dict.fromkeys(scenario.origins[0] for scenario in single)
    return [results.schedule.rate(code, origin, lead.effective_on) for origin in origins]


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
