"""The first thing a reader sees: what was found, in plain sentences with their ranges."""

from __future__ import annotations

from tariffimpact import units
from tariffimpact.report.content import Paragraph
from tariffimpact.report.lead import LeadEvent
from tariffimpact.report.results import Results
from tariffimpact.report.sections.cans import cents
from tariffimpact.report.sections.companies import exposure_span
from tariffimpact.report.sections.exposure import recovered_words
from tariffimpact.report.sections.passthrough import full_share_words
from tariffimpact.report.sections.prices import rise_words
from tariffimpact.report.wording import within


def findings(results: Results) -> tuple[Paragraph, ...]:
    """Return the findings the facts support, most important first."""
    lead = results.lead
    found = [] if lead is None else _lead_findings(lead)
    return (
        *found,
        *_recovery(results),
        *_companies(results),
        *_can(results),
        *_refund(results),
    )


def _lead_findings(lead: LeadEvent) -> list[Paragraph]:
    prices = tuple(row.source_id for row in lead.changes)
    found = [Paragraph(f"{rise_words(lead)}.", prices, "evidence")]
    if not lead.scenarios:
        return found
    reference = lead.scenarios[0]
    found.append(
        Paragraph(
            f"At {reference.label}'s {units.percent(reference.tariff_change, 0)} that is full "
            f"pass-through only if the customs value is {full_share_words(lead)} of the price. "
            "If it is more, less than the duty was passed on; if less, more.",
            prices,
            "accounting",
        )
    )
    if lead.customs_share is not None:
        found.append(_spread(lead))
    return found


def _spread(lead: LeadEvent) -> Paragraph:
    """Say what the origin does to the rate of the first product, and what can be told then."""
    assert lead.customs_share is not None
    row, last = lead.changes[0], lead.scenarios[-1]
    by_origin = units.listed(
        [
            f"{units.money(entry.bounds.rate, row.currency, 2)} if it came from "
            f"{entry.scenario.label} ({units.percent(entry.bounds.tariff_change, 0)})"
            for entry in lead.bounds
            if entry.price is row
            and entry.bounds.rate is not None
            and entry.scenario.tariff_change.is_exact
        ]
    )
    told = [e.price.product for e in lead.of(last) if e.bounds.verdict != "cannot tell"]
    verdict = (
        f"only for {units.listed(told)} can full pass-through be told from more or less"
        if told
        else "full pass-through cannot be told from more or less for any model"
    )
    return Paragraph(
        f"The origin decides. With a customs share of {units.percent(lead.customs_share.value, 0)} "
        f"assumed, each dollar of duty raised the {row.product}'s price by {by_origin}. For "
        f"{within(last.label)} ({units.percent(last.tariff_change, 0)}), {verdict}. The declared "
        "value of one console would narrow this more than any other fact.",
        tuple(filter(None, (lead.customs_share.source_id,))),
        "assumption",
    )


def _refund(results: Results) -> list[Paragraph]:
    """Say that the duty behind the rise was later held void, where it was."""
    lead = results.lead
    if lead is None or lead.reference_rate is None or lead.reference_rate.refundable.high == 0:
        return []
    whole = lead.reference_rate.refundable == lead.reference_rate.rate
    return [
        Paragraph(
            f"{'All' if whole else 'Part'} of the {units.percent(lead.reference_rate.rate, 0)} was "
            "held void in February 2026 and is refundable to the importer, whoever paid the "
            "higher price.",
            results.known("scotus-learning-resources"),
            "evidence",
        )
    ]


def _companies(results: Results) -> list[Paragraph]:
    profiles = results.companies.profiles
    if len(profiles) < 2:
        return []
    raised = [p for p in profiles if p.response.startswith("passes on")]
    known = exposure_span(results.companies)
    costs = "" if known is None else f" {known}; gross and net figures do not compare."
    silent = [p.company for p in profiles if not p.exposures]
    unsaid = f" {units.listed(silent)} disclosed none." if silent else ""
    return [
        Paragraph(
            f"Of {len(profiles)} companies, {len(raised)} pass the tariff on, at least in part."
            f"{costs}{unsaid}",
            standing="evidence",
        )
    ]


def _can(results: Results) -> list[Paragraph]:
    can = results.can
    if can is None:
        return []
    return [
        Paragraph(
            f"The aluminium duty is {cents(can.duty)} a can at most, "
            f"{units.percent(can.share_of_rise, 0)} of {can.statement.company}'s "
            f"{units.percent(can.claimed, 0)} if that were a shelf price; {cents(can.left)} a can "
            "are left for other causes.",
            (can.statement.source_id,),
            "accounting",
        )
    ]


def _recovery(results: Results) -> list[Paragraph]:
    found = results.recovery
    if found is None:
        return []
    return [
        Paragraph(
            f"{recovered_words(found)} at most, and nobody outside can say it exactly: the figure "
            "is the whole group's, it may count price rises already, and units sold in the US are "
            "not published.",
            (found.exposures[-1].source_id,),
            "accounting",
        )
    ]
