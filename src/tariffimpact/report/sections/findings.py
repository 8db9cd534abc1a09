"""The first thing a reader sees: what was found, in plain sentences with their ranges."""

from __future__ import annotations

from tariffimpact import units
from tariffimpact.codes import country_name
from tariffimpact.companies import HOME_MARKET
from tariffimpact.report.content import Paragraph
from tariffimpact.report.lead import LeadEvent
from tariffimpact.report.results import Results
from tariffimpact.report.sections.cans import cents
from tariffimpact.report.sections.companies import exposure_span, passing_words
from tariffimpact.report.sections.exposure import recovered_words
from tariffimpact.report.sections.passthrough import apart_words, full_share_words
from tariffimpact.report.sections.prices import rise_words
from tariffimpact.report.wording import leading, points, tariff


def findings(results: Results) -> tuple[Paragraph, ...]:
    """Return the findings the facts support, most important first."""
    lead = results.lead
    found = _no_event(results) if lead is None else _lead_findings(lead)
    return (
        *found,
        *_recovery(results),
        *_companies(results),
        *_can(results),
        *_refund(results),
    )


def _no_event(results: Results) -> list[Paragraph]:
    if not results.facts.prices:
        return []
    return [
        Paragraph(
            f"No price on record moved in the {country_name(HOME_MARKET)}, whose tariffs are the "
            "subject here: prices of other markets are listed, and answer nothing."
        )
    ]


def _lead_findings(lead: LeadEvent) -> list[Paragraph]:
    prices = tuple(row.source_id for row in lead.changes)
    found = [Paragraph(f"{rise_words(lead)}.", prices, "evidence")]
    if lead.gap:
        what = f"What the {lead.move} says about pass-through cannot be told: {lead.gap}."
        return [*found, Paragraph(what)]
    if not lead.has_rate:
        return [*found, Paragraph(apart_words(lead), prices, "accounting")]
    reference = lead.scenarios[0]
    found.append(
        Paragraph(
            f"At {reference.label}'s {reference.words} {_full(lead)}{_example(lead)}",
            prices,
            "accounting",
        )
    )
    return [*found, _no_share(lead) if lead.customs_share is None else _spread(lead)]


def _example(lead: LeadEvent) -> str:
    """Say that the origin is none on record, where it is not."""
    if not lead.is_example:
        return ""
    return (
        f" Where the goods come from is not on record: {lead.scenarios[0].label} is an example, "
        "and rows of origins.csv would take its place."
    )


def _full(lead: LeadEvent) -> str:
    """Say which customs value would make the move full pass-through, and what any other says."""
    shares = [entry.bounds.full_share for entry in lead.of(lead.scenarios[0])]
    if all(share is not None and share.low > 1 for share in shares):
        return (
            f"no customs value makes that the duty alone: it would have to be "
            f"{full_share_words(lead)} of the price."
        )
    return (
        f"that is full pass-through only if the customs value is {full_share_words(lead)} of the "
        "price. If it is more, less than the duty was passed on; if less, more."
    )


def _no_share(lead: LeadEvent) -> Paragraph:
    """Say that nothing bounds the customs share, and how to bound it."""
    return Paragraph(
        f"No range of the customs share of {lead.goods} is on record, so nothing bounds the rate "
        "from above; a row customs_share of assumptions.csv does, if its applies_to names "
        f"{lead.subject.hint()}."
    )


def _spread(lead: LeadEvent) -> Paragraph:
    """Say what the origin does to the rate of the first product, and what can be told then."""
    assert lead.customs_share is not None
    row = lead.changes[0]
    by_origin = [
        f"{units.money(entry.bounds.rate, row.currency, 2)} if it came from "
        f"{entry.scenario.label} ({entry.scenario.words})"
        for entry in lead.bounds
        if entry.price is row and entry.bounds.rate is not None and (not entry.scenario.is_open)
    ]
    whose = "the" if len(lead.changes) == 1 else f"the {row.product}'s"
    decides = "The origin decides. With" if len(lead.scenarios) > 1 else "With"
    moved = "raised" if lead.move == "rise" else "lowered"
    per = "each dollar of duty" if lead.move == "rise" else "each dollar of duty taken off"
    return Paragraph(
        f"{decides} a customs share of {units.percent(lead.customs_share.value, 0)} assumed, "
        f"{per} {moved} {whose} price by {units.listed(by_origin)}. {_told(lead)} The "
        "declared value of one unit would narrow this more than any other fact.",
        tuple(filter(None, (lead.customs_share.source_id,))),
        "assumption",
    )


def _told(lead: LeadEvent) -> str:
    """Say for which products the widest scenario tells full pass-through from more or less."""
    last = lead.scenarios[-1]
    told = [e.price.product for e in lead.of(last) if e.bounds.verdict != "cannot tell"]
    if len(lead.changes) == 1:
        row = lead.of(last)[0]
        verdict = (
            f"pass-through was {row.bounds.verdict}"
            if told
            else "full pass-through cannot be told from more or less"
        )
    elif told:
        verdict = f"only for {units.listed(told)} can full pass-through be told from more or less"
    else:
        verdict = "full pass-through cannot be told from more or less for any model"
    if len(lead.scenarios) == 1:
        return leading(f"{verdict}.")
    return f"For {last.label} ({last.words}), {verdict}."


def _refund(results: Results) -> list[Paragraph]:
    """Say that the duty behind the rise was later held void, where it was."""
    lead = results.lead
    if lead is None or lead.reference_rate is None or lead.reference_rate.refundable.high == 0:
        return []
    rate, void = lead.reference_rate.rate, lead.reference_rate.refundable
    part = "All" if void == rate else points(void)
    was, are = ("was", "is") if part in ("All", "1 point") else ("were", "are")
    return [
        Paragraph(
            f"{part} of the {tariff(rate)} {was} "
            f"held void in February 2026 and {are} refundable to the importer, whoever paid the "
            "higher price.",
            results.known("scotus-learning-resources"),
            "evidence",
        )
    ]


def _companies(results: Results) -> list[Paragraph]:
    profiles = results.companies.profiles
    if len(profiles) < 2:
        return []
    known = exposure_span(results.companies)
    costs = "" if known is None else f" {known}; gross and net figures do not compare."
    silent = [p.company for p in profiles if not p.exposures]
    unsaid = f" {units.listed(silent)} disclosed none." if silent else ""
    return [
        Paragraph(
            f"{passing_words(results.companies)}.{costs}{unsaid}",
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
    scope = found.exposures[-1].scope
    whose = "the whole group's" if scope == "group" else f"of {scope}"
    return [
        Paragraph(
            f"{recovered_words(found)} at most, and nobody outside can say it exactly: the figure "
            f"is {whose}, it may count price rises already, and units sold in the US are not "
            "published.",
            (found.exposures[-1].source_id,),
            "accounting",
        )
    ]
