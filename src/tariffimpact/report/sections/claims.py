"""Claims about a price rise that the facts refute, or cut down, each with its arithmetic."""

from __future__ import annotations

from tariffimpact import units
from tariffimpact.facts import Cause, Exposure, PriceChange
from tariffimpact.interval import Interval
from tariffimpact.passthrough import full_share, implied_customs_share
from tariffimpact.report.assumed import assumed
from tariffimpact.report.content import Paragraph
from tariffimpact.report.lead import LeadEvent
from tariffimpact.report.lead_recovery import lead_exposures
from tariffimpact.report.results import Results
from tariffimpact.report.standings import standing
from tariffimpact.report.wording import within
from tariffimpact.tariffs import TariffRate


def refuted_claims(results: Results, lead: LeadEvent) -> list[Paragraph]:
    """Return one paragraph per claim that the facts at hand can test; all are of rises."""
    return [
        *_headline_claim(lead),
        *_threat(lead),
        *_exposure_claim(results, lead),
        *_cumulative_claim(results, lead),
    ]


def _headline_claim(lead: LeadEvent) -> list[Paragraph]:
    row, scenario = lead.changes[0], lead.story
    naive = row.relative_change / scenario.tariff_change.high
    return [
        Paragraph(
            f"Whoever divides {units.money(row.change, row.currency)} by {scenario.change_words} "
            f"of {units.money(row.old_price, row.currency)} computes that "
            f"{units.percent(naive, 0)} was passed on: that takes the whole price as customs value "
            f"and every unit as from {scenario.countries}. It is the lower end of the set for that "
            "origin, not an estimate.",
            (row.source_id,),
            "accounting",
        )
    ]


def _threat(lead: LeadEvent) -> list[Paragraph]:
    """Say what a threatened duty would have added."""
    row, share = lead.changes[0], lead.customs_share
    if share is None or lead.old_rate is None:
        return []
    charged = lead.story.tariff_change * share.value * row.old_price
    found = []
    for part in lead.threatened:
        change = None if part.amount is None else part.amount - _of(lead.old_rate, part.authority)
        if change is None or change.low <= 0:
            continue
        feared = change * share.value * row.old_price
        at = full_share(old_price=row.old_price, new_price=row.new_price, tariff_change=change.high)
        found.append(
            Paragraph(
                f"The threat ({part.name}) never took effect. It would have added "
                f"{units.money(feared, row.currency, 0)} of duty to one {row.product} "
                f"instead of {units.money(charged, row.currency, 0)}, and the rise would be full "
                f"pass-through at a customs share of {units.percent(float(at), 0)}.",
                (part.source.source_id,),
                standing(row, share),
            )
        )
    return found


def _of(rate: TariffRate, authority: str) -> Interval:
    """Return what an authority's duties were of a rate."""
    amounts = [part.amount for part in rate.counted if part.authority == authority]
    return sum((amount for amount in amounts if amount is not None), start=Interval.exactly(0.0))


def _exposure_claim(results: Results, lead: LeadEvent) -> list[Paragraph]:
    """Test whether the company's exposure can be the duty on this product alone."""
    exposures = [
        row
        for row in results.facts.exposures
        if row.company == lead.company and row.segment is None and row.amount_usd is not None
    ]
    unit_rows = [
        row
        for row in results.facts.financials
        if row.company == lead.company and row.measure == "units"
    ]
    home = assumed(results.facts, "us_share", lead.subject)
    if not exposures or not unit_rows or home is None or lead.changes[0].currency != "USD":
        return []
    exposure = min(exposures, key=lambda row: row.disclosed_on)
    sold = [row for row in unit_rows if row.starts_on == exposure.starts_on]
    if not sold or exposure.amount_usd is None:
        return []
    row, scenario, units_sold = lead.changes[0], lead.story, sold[-1].value * home.value
    share = implied_customs_share(
        exposure=exposure.amount_usd,
        units_sold=units_sold,
        ad_valorem=scenario.tariff_change,
        price=row.old_price,
    )
    a_unit = exposure.amount_usd / units_sold
    kind = within(lead.reference_rate.product.family) if lead.reference_rate else lead.goods
    verdict = "it cannot be" if share.low > 1 else "it could be"
    return [
        Paragraph(
            f"Were {units.big_money(exposure.amount_usd, 'USD')} the tariff on {kind}, it would "
            f"be {units.money(a_unit, 'USD', 0)} for each of {units.count(units_sold)} units a "
            f"year, a customs value of {units.percent(share, 0)} of the {row.product}'s price at "
            f"{scenario.change_words}: as the duty on this product alone {verdict}."
            f"{_segment_words(results, lead, exposure, units_sold)}",
            (exposure.source_id, sold[-1].source_id, *_segment_cites(results, lead, exposure)),
            standing(exposure, sold[-1], home),
        )
    ]


def _segment(results: Results, lead: LeadEvent, group: Exposure) -> Exposure | None:
    """Return what the company put on the product's segment on the day of its group's figure."""
    same = (
        row
        for row in lead_exposures(results.facts, lead)
        if row.segment is not None and row.disclosed_on == group.disclosed_on
    )
    return next(same, None)


def _segment_words(results: Results, lead: LeadEvent, group: Exposure, units_sold: Interval) -> str:
    part = _segment(results, lead, group)
    if part is None or part.amount_usd is None:
        return " Other goods carry part of it."
    return (
        f" The company itself put {units.big_money(part.amount_usd, 'USD')} of it on "
        f"{part.segment}: {units.money(part.amount_usd / units_sold, 'USD', 0)} a unit."
    )


def _segment_cites(results: Results, lead: LeadEvent, group: Exposure) -> tuple[str, ...]:
    part = _segment(results, lead, group)
    return () if part is None else (part.source_id,)


def _cumulative_claim(results: Results, lead: LeadEvent) -> list[Paragraph]:
    """Find a product that rose twice by more than the largest duty it can have borne."""
    share = lead.customs_share
    if share is None:
        return []
    widest = max(lead.scenarios, key=lambda scenario: scenario.tariff_change.high)
    highest = widest.tariff_change.high
    found = []
    for first, last in _twice_raised(results, lead):
        rise = last.new_price - first.old_price
        largest = highest * share.value.high * first.old_price
        if rise > largest:
            found.append(
                Paragraph(
                    f"{last.company}'s {last.product} rose by {units.money(rise, last.currency)} "
                    f"in two steps, on {units.money(first.old_price, first.currency)}. The largest "
                    f"added duty of any scenario, {widest.change_words} of a customs value of "
                    f"{units.percent(share.value.high, 0)}, is "
                    f"{units.money(largest, last.currency, 2)}: more than full pass-through, or "
                    "another cause.",
                    (first.source_id, last.source_id),
                    standing(first, last, share),
                )
            )
    return found


def _twice_raised(results: Results, lead: LeadEvent) -> list[tuple[PriceChange, PriceChange]]:
    """Return the first and the last rise of each product of the lead's kind that rose twice."""
    by_product: dict[tuple[str, str], list[PriceChange]] = {}
    for profile in results.companies.profiles:
        for row in sorted(profile.price_moves, key=lambda row: row.effective_on):
            answers = row.cause is not Cause.OTHER and row.change > 0
            if row.hts == lead.changes[0].hts and answers:
                by_product.setdefault((row.company, row.product), []).append(row)
    return [(rows[0], rows[-1]) for rows in by_product.values() if len(rows) > 1]
