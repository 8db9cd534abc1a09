"""Claims about a price rise that the facts refute, or cut down, each with its arithmetic."""

from __future__ import annotations

from tariffimpact import units
from tariffimpact.facts import PriceChange
from tariffimpact.identification import full_share, implied_customs_share
from tariffimpact.report.content import Paragraph
from tariffimpact.report.lead import LeadEvent
from tariffimpact.report.results import Results


def refuted_claims(results: Results, lead: LeadEvent) -> list[Paragraph]:
    """Return one paragraph per claim that the facts at hand can test."""
    return [
        *_headline_claim(lead),
        *_threat(lead),
        *_exposure_claim(results, lead),
        *_cumulative_claim(results, lead),
    ]


def _headline_claim(lead: LeadEvent) -> list[Paragraph]:
    row, scenario = lead.changes[0], lead.scenarios[0]
    naive = row.relative_change / scenario.tariff_change.high
    return [
        Paragraph(
            f"“{units.percent(naive, 0)} passed on” divides "
            f"{units.money(row.change, row.currency)} by "
            f"{units.percent(scenario.tariff_change, 0)} of "
            f"{units.money(row.old_price, row.currency)}: it takes the whole price as customs "
            f"value and every unit as from {scenario.label}. It is the lower end of the set, not "
            "an estimate.",
            (row.source_id,),
            "accounting",
        )
    ]


def _threat(lead: LeadEvent) -> list[Paragraph]:
    """Say what a threatened duty would have meant."""
    row, share = lead.changes[0], lead.customs_share
    if share is None or lead.reference_rate is None:
        return []
    found = []
    for part in lead.threatened:
        if part.amount is None:
            continue
        charged = lead.reference_rate.rate * share.value * row.old_price
        feared = part.amount * share.value * row.old_price
        at = full_share(
            old_price=row.old_price, new_price=row.new_price, tariff_change=part.amount.high
        )
        found.append(
            Paragraph(
                f"The threat ({part.name}) never took effect. It would have made the duty on a "
                f"{row.product} {units.money(feared, row.currency, 0)} instead of "
                f"{units.money(charged, row.currency, 0)}, and the rise full pass-through at a "
                f"customs share of {units.percent(float(at), 0)}.",
                (part.source.source_id,),
                "accounting",
            )
        )
    return found


def _exposure_claim(results: Results, lead: LeadEvent) -> list[Paragraph]:
    """Test whether the company's exposure can be the duty on this product alone."""
    exposures = [
        row
        for row in results.facts.exposures
        if row.company == lead.company and row.amount_usd is not None
    ]
    unit_rows = [
        row
        for row in results.facts.financials
        if row.company == lead.company and row.measure == "units"
    ]
    home = results.facts.assumption_named("us_share")
    if not exposures or not unit_rows or home is None:
        return []
    exposure = min(exposures, key=lambda row: row.disclosed_on)
    sold = [row for row in unit_rows if row.starts_on == exposure.starts_on]
    if not sold or exposure.amount_usd is None:
        return []
    row, scenario, units_sold = lead.changes[0], lead.scenarios[0], sold[-1].value * home.value
    share = implied_customs_share(
        exposure=exposure.amount_usd,
        units_sold=units_sold,
        ad_valorem=scenario.tariff_change,
        price=row.old_price,
    )
    a_unit = exposure.amount_usd / units_sold
    verdict = "it cannot be" if share.low > 1 else "it could be"
    return [
        Paragraph(
            f"“{units.big_money(exposure.amount_usd, 'USD')} is the tariff on consoles”: over "
            f"{units.count(units_sold)} consoles a year it is "
            f"{units.money(a_unit, 'USD', 0)} each, a customs value of {units.percent(share, 0)} "
            f"of the {row.product}'s price at {units.percent(scenario.tariff_change, 0)}. Other "
            f"goods carry part of it; as the duty on this product alone {verdict}.",
            (exposure.source_id, sold[-1].source_id),
            "accounting",
        )
    ]


def _cumulative_claim(results: Results, lead: LeadEvent) -> list[Paragraph]:
    """Find a product that rose twice by more than the largest duty it can have borne."""
    share = lead.customs_share
    if share is None:
        return []
    highest = max(scenario.tariff_change.high for scenario in lead.scenarios)
    found = []
    for first, last in _twice_raised(results, lead):
        rise = last.new_price - first.old_price
        largest = highest * share.value.high * first.old_price
        if rise > largest:
            found.append(
                Paragraph(
                    f"{last.company}'s {last.product} rose by {units.money(rise, last.currency)} "
                    f"in two steps, on {units.money(first.old_price, first.currency)}. The largest "
                    f"duty of any scenario, {units.percent(highest, 0)} of a customs value of "
                    f"{units.percent(share.value.high, 0)}, is "
                    f"{units.money(largest, last.currency, 2)}: more than full pass-through, or "
                    "another cause.",
                    (first.source_id, last.source_id),
                    "accounting",
                )
            )
    return found


def _twice_raised(results: Results, lead: LeadEvent) -> list[tuple[PriceChange, PriceChange]]:
    """Return the first and the last rise of each product of the lead's kind that rose twice."""
    by_product: dict[tuple[str, str], list[PriceChange]] = {}
    for profile in results.companies.profiles:
        for row in sorted(profile.price_moves, key=lambda row: row.effective_on):
            if row.hts == lead.changes[0].hts and row.change > 0:
                by_product.setdefault((row.company, row.product), []).append(row)
    return [(rows[0], rows[-1]) for rows in by_product.values() if len(rows) > 1]
