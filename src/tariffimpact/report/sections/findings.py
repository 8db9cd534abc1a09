"""The first thing a reader sees: what was found, in plain sentences with their ranges."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from tariffimpact import units
from tariffimpact.codes import country_name
from tariffimpact.companies import HOME_MARKET
from tariffimpact.facts import Cause, OriginShare, PriceChange
from tariffimpact.interval import Interval
from tariffimpact.report.content import Paragraph
from tariffimpact.report.lead import LeadEvent
from tariffimpact.report.origins import REFERENCE_ORIGIN, OriginScenario, rate_of
from tariffimpact.report.results import Results
from tariffimpact.report.sections.cans import cents
from tariffimpact.report.sections.companies import companies_finding
from tariffimpact.report.sections.exposure import recovered_words
from tariffimpact.report.sections.passthrough import (
    apart_words,
    covered_words,
    full_share_words,
    share_evidence,
)
from tariffimpact.report.sections.prices import rise_words
from tariffimpact.report.sections.refunds import paid_back_words, refund_cites, suit_words
from tariffimpact.report.standings import standing
from tariffimpact.report.wording import points, tariff, within

_PRICES: Final = 4
"""Prices, before and after, that a sentence can hold."""
_DAYS: Final = 2
"""Stretches of days of import that a sentence tells of: the last, and the one before."""
_TOLD: Final = 3
"""Groups of origins that it tells of in each."""
_RATES: Final = 2
"""Of these, those whose rates a sentence can hold."""


def findings(results: Results) -> tuple[Paragraph, ...]:
    """Return the findings the facts support, most important first."""
    lead = results.lead
    found = _no_event(results) if lead is None else _lead_findings(results, lead)
    return (
        *found,
        *_recovery(results),
        *_refund(results),
        *_afterwards(results),
        *companies_finding(results),
        *_can(results),
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


def _lead_findings(results: Results, lead: LeadEvent) -> list[Paragraph]:
    prices = tuple(dict.fromkeys(row.source_id for row in lead.changes))
    found = [Paragraph(f"{rise_words(lead)}{_before_and_after(lead)}.", prices, "evidence")]
    if lead.gap:
        what = f"What the {lead.move} says about pass-through cannot be told: {lead.gap}."
        return [*found, Paragraph(what)]
    if not lead.has_rate:
        return [*found, Paragraph(apart_words(lead), prices, "accounting")]
    found.append(Paragraph(f"{covered(lead)}{_example(lead)}", prices, standing(*lead.changes)))
    share = _no_share(lead) if lead.customs_share is None else days_decide(results, lead)
    return [*found, share, *_story_origin(lead)]


def _before_and_after(lead: LeadEvent) -> str:
    """Return the prices before and after, where there are several, and few enough for a sentence.

    One price and its rise are a sentence already.
    """
    if not 1 < len(lead.changes) <= _PRICES:
        return ""
    told = [
        f"{row.product} {units.money(row.old_price, row.currency)} to "
        f"{units.money(row.new_price, row.currency)}"
        for row in lead.changes
    ]
    return f": {units.listed(told)}"


def _example(lead: LeadEvent) -> str:
    """Say that the origin is none on record, where it is not."""
    if not lead.is_example:
        return ""
    return (
        f" Where the goods come from is not on record: {lead.scenarios[0].countries} is an "
        "example, and rows of origins.csv would take its place."
    )


def covered(lead: LeadEvent) -> str:
    """Say up to which declared value the rise covers the duty, by origin and day of import."""
    if lead.move != "rise":
        return _full(lead)
    row = lead.changes[0]
    shares = [entry.bounds.full_share for entry in lead.of(lead.scenarios[0])]
    if all(share is not None and share.low > 1 for share in shares):
        return (
            "No declared value makes the rise the duty alone: it would have to be "
            f"{full_share_words(lead)} of the price."
        )
    told = [
        f"declared at {covered_words(row, scenarios[:_TOLD])}{_entered(scenarios[0])}"
        for scenarios in _by_day(lead)[:_DAYS]
    ]
    return (
        f"The rise covers the duty on one {row.product} {'; or '.join(told)}. Declared at more, "
        f"sellers bore a part; at less, the rise is above the duty.{_rest(lead)}"
    )


def _by_day(lead: LeadEvent) -> list[list[OriginScenario]]:
    """Return the scenarios of named origins, those that entered on the same days together."""
    days: dict[str, list[OriginScenario]] = {}
    for scenario in lead.singles:
        days.setdefault(scenario.entered, []).append(scenario)
    return list(days.values())


def _rest(lead: LeadEvent) -> str:
    """Say that the section has more days and origins, where a sentence cannot hold them."""
    days = _by_day(lead)
    whole = len(days) <= _DAYS and all(len(group) <= _TOLD for group in days)
    return "" if whole else " The section below has the other days of import and origins."


def _entered(scenario: OriginScenario) -> str:
    """Return which goods are meant, by their days of import; blank where those do not matter."""
    return f" if it entered {scenario.entered}" if scenario.entered else ""


def _full(lead: LeadEvent) -> str:
    """Say at which customs value a cut is the duty taken off."""
    reference = lead.scenarios[0]
    return (
        f"At {reference.label}'s {reference.words} that is full pass-through only if the customs "
        f"value is {full_share_words(lead)} of the price. If it is more, less than the duty was "
        "passed on; if less, more."
    )


def _no_share(lead: LeadEvent) -> Paragraph:
    """Say that nothing bounds the customs share, and how to bound it."""
    return Paragraph(
        f"No range of the customs share of {lead.goods} is on record, so nothing bounds the rate "
        "from above; a row customs_share of assumptions.csv does, if its applies_to names "
        f"{lead.subject.hint()}."
    )


def days_decide(results: Results, lead: LeadEvent) -> Paragraph:
    """Say what the day of import and the origin do to the rate of the first product."""
    assert lead.customs_share is not None
    row, days = lead.changes[0], _by_day(lead)
    decides = "Who bore it depends on the day of import. " if len(days) > 1 else ""
    decides = decides or ("Who bore it depends on the origin. " if len(lead.singles) > 1 else "")
    moved = "raised" if lead.move == "rise" else "lowered"
    per = "each dollar of duty" if lead.move == "rise" else "each dollar of duty taken off"
    whose = "the price" if len(lead.changes) == 1 else f"the {row.product}'s price"
    told = "; ".join(
        f"by {units.listed([_rate(lead, s) for s in group[:_RATES]])}{_stock(group[0])}"
        for group in days[:_DAYS]
    )
    values = share_evidence(results, lead)
    like = f", as with {values}," if values else ""
    return Paragraph(
        f"{decides}If the customs value is {units.percent(lead.customs_share.value, 0)} of the "
        f"price{like} and the whole {lead.move} the tariff's, {per} {moved} {whose} "
        f"{told}. No one of these is “the” rate.{_wide(lead)}",
        tuple(filter(None, (lead.customs_share.source_id,))),
        standing(lead.customs_share, *lead.changes),
    )


def _stock(scenario: OriginScenario) -> str:
    return f" on what entered {scenario.entered}" if scenario.entered else ""


def _rate(lead: LeadEvent, scenario: OriginScenario) -> str:
    """Return one scenario's rate on the first product with its verdict."""
    entry = lead.of(scenario)[0]
    if entry.bounds.rate is None:
        return f"no rate for {scenario.countries}"
    rate = units.money(entry.bounds.rate, entry.price.currency, 2)
    return f"{rate} from {scenario.countries} at {scenario.words} ({entry.bounds.verdict})"


def _wide(lead: LeadEvent) -> str:
    """Say what is left where nothing is taken from other makers' goods."""
    if lead.wide_share is None:
        return ""
    row, scenario = lead.changes[0], lead.scenarios[0]
    share, change = lead.wide_share.value, scenario.tariff_change
    rate = Interval.exactly(abs(row.change) / row.old_price) / (change.magnitude * share)
    return (
        f" With nothing taken from other makers ({units.percent(share, 0)}), "
        f"{scenario.countries}'s {scenario.words} leaves {units.money(rate, row.currency, 2)}."
    )


def _story_origin(lead: LeadEvent) -> list[Paragraph]:
    """Say how many of the goods came from the origin whose rate the story quotes."""
    if not lead.shares or lead.is_example or lead.move != "rise":
        return []
    told = units.listed(
        [
            f"{country_name(row.origins[0])} {units.percent(row.share, 0)}"
            for row in lead.shares
            if row.share is not None
        ]
    )
    alone = lead.story.origins == (REFERENCE_ORIGIN,) and lead.story.is_current
    story = next((r for r in lead.shares if r.origins == (REFERENCE_ORIGIN,)), None)
    said = ""
    if alone and story is not None and story.share is not None:
        said = (
            f" {country_name(story.origins[0])}'s {tariff(lead.story.tariff_change)}, the rate the "
            "story tells of, bore on few."
            if story.share.high < 0.5
            else ""
        )
    first = lead.shares[0]
    return [
        Paragraph(
            f"Of the {within(first.product)} that entered in {_window(first)}, by customs value "
            f"and as far as told by origin: {told}.{said}",
            tuple(dict.fromkeys(row.source_id for row in lead.shares)),
            standing(*lead.shares, computed=False),
        )
    ]


def _window(row: OriginShare) -> str:
    """Return the time of a row of origins in words: a month, a year, or its days."""
    last = None if row.ends_on is None else row.ends_on - timedelta(days=1)
    if last is None:
        return f"the time from {units.day(row.starts_on)}"
    if (row.starts_on.day, row.starts_on.month) == (
        1,
        last.month,
    ) and last.year == row.starts_on.year:
        return f"{row.starts_on:%B %Y}"
    if (row.starts_on.month, row.starts_on.day, last.month, last.day) == (1, 1, 12, 31):
        return f"{row.starts_on:%Y}"
    return f"the time from {units.day(row.starts_on)} to {units.day(last)}"


def _recovery(results: Results) -> list[Paragraph]:
    found = results.recovery
    if found is None:
        return []
    part = found.standing.segment or found.standing.scope
    return [
        Paragraph(
            f"{recovered_words(found)}. That bounds and does not measure: the figure is that of "
            f"{part if found.standing.segment else f'the {part}'}, and may allow for price moves "
            "already.",
            (found.standing.source_id,),
            standing(found.standing, found.home_share, found.stays, found.ratio),
        )
    ]


def _refund(results: Results) -> list[Paragraph]:
    """Say that the duty behind the rise was later held void, what is paid back, and to whom."""
    lead = results.lead
    if lead is None or lead.reference_rate is None or lead.reference_rate.refundable.high == 0:
        return []
    rate, void = lead.reference_rate.rate, lead.reference_rate.refundable
    part = "All" if void == rate else points(void)
    was, are = ("was", "is") if part in ("All", "1 point") else ("were", "are")
    back = paid_back_words(results)
    suits = suit_words(results, lead.company)
    void_words = (
        f"{part} of the {tariff(rate)} {was} held void in February 2026, and {are} refundable to "
        "the importer by the trade court's orders, whoever paid the higher price."
    )
    return [
        Paragraph(
            " ".join(filter(None, (void_words, back, suits))),
            (*results.known("scotus-learning-resources"), *refund_cites(results, lead.company)),
            "evidence",
        )
    ]


def _afterwards(results: Results) -> list[Paragraph]:
    """Say what the rate is now, and what prices did after the duty was voided."""
    lead = results.lead
    if lead is None or not lead.scenarios:
        return []
    later, change = _later(results, lead), lead.changes[0]
    day, origin = min(results.as_of, results.schedule_end), lead.scenarios[0].origins[0]
    rate = rate_of(results.schedule, change, origin, day)
    then = rate_of(results.schedule, change, origin, lead.effective_on)
    if day <= lead.effective_on or rate is None or then is None:
        return []
    if rate.rate == then.rate and not later:
        return []
    last = ", the last day the schedule knows," if day < results.as_of else ""
    text = (
        f"On {units.day(day)}{last} {within(rate.product.name)} from {country_name(origin)} paid "
        f"{tariff(rate.rate)}."
    )
    if later:
        moves = units.listed([_move(results, row) for row in later])
        text += f" No price on record came down when the duty fell: {moves}."
    return [
        Paragraph(
            text,
            tuple(
                dict.fromkeys(
                    [p.source.source_id for p in rate.counted] + [r.source_id for r in later]
                )
            ),
            "evidence",
        )
    ]


def _later(results: Results, lead: LeadEvent) -> list[PriceChange]:
    """Return the later rises of the lead's products in the home market, if none was a cut."""
    products = {row.product for row in lead.changes}
    later = [
        row
        for row in results.facts.prices
        if row.company == lead.company
        and row.product in products
        and row.market == HOME_MARKET
        and row.effective_on > lead.effective_on
    ]
    return [] if any(row.change < 0 for row in later) else later


def _move(results: Results, row: PriceChange) -> str:
    return (
        f"the {row.product} rose again on {units.day(row.effective_on)}, by "
        f"{units.money(row.change, row.currency)} to "
        f"{units.money(row.new_price, row.currency)}{_why(results, row)}"
    )


def _why(results: Results, row: PriceChange) -> str:
    """Return the reason of a move that is not the tariff, as the claim about it that is used."""
    if row.cause is not Cause.OTHER:
        return ""
    about = f"why the {row.product} rose in {row.effective_on:%B %Y}".casefold()
    claims = [c.claim for c in results.facts.conflicts if c.used and c.subject.casefold() == about]
    named = f": {claims[0][:1].lower()}{claims[0][1:]}" if claims else ""
    return f", for another reason than the tariff{named}"


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
            standing(can.statement, can.metal_mass, can.metal_price, can.shelf_price),
        )
    ]
