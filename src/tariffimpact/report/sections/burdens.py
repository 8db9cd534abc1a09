"""Who bears the duty on one unit, at the two corners of what is assumed."""

from __future__ import annotations

from tariffimpact import charts, units
from tariffimpact.facts import PriceChange
from tariffimpact.interval import Interval
from tariffimpact.pricing.cost import duty_per_unit
from tariffimpact.pricing.incidence import Incidence, unit_incidence
from tariffimpact.report.assumed import assumed
from tariffimpact.report.content import Figure, Paragraph, Section
from tariffimpact.report.lead import LeadEvent
from tariffimpact.report.results import Results
from tariffimpact.report.wording import MOST_DRAWN, first_items


def burden_section(results: Results) -> Section | None:
    """Return the stacked bars of consumer, firm and exporter burden, lowest and highest."""
    lead = results.lead
    if lead is None or not lead.has_rate or lead.move != "rise" or lead.customs_share is None:
        return None  # where price and duty fell there is nothing to bear
    cut = assumed(results.facts, "exporter_cut", lead.subject)
    figure = _figure(lead, Interval.exactly(0.0) if cut is None else cut.value)
    blocks = (
        Paragraph(
            "Per unit sold, price rise plus exporter's cut less the rise of the firms' margin is "
            "the added duty, so three burdens sum to one. The price rise is known; the duty is "
            "not, so each product has two bars: the smallest and the largest share that buyers "
            "can have borne. A firm burden below zero is a margin that rose: a windfall."
            + ("" if cut else " No range of the exporter's cut is on record; none is taken."),
            standing="accounting",
        ),
        figure,
        Paragraph(
            "Buyers who no longer buy bear something too, and it is in no bar: the ledger here is "
            "of units still sold.",
            standing="accounting",
        ),
    )
    return Section("burden", "Who bears the duty", blocks)


def corner(
    row: PriceChange,
    *,
    old_tariff: float,
    new_tariff: float,
    customs_share: float,
    exporter_share: float,
) -> Incidence:
    """Return the ledger of one unit, the exporter taking a share of the added duty off its price.

    The duty is on the lower customs value: a cut of `x` of what is added is
    v0 - v1 = x (τ1 v1 - τ0 v0), so v1 = v0 (1 + x τ0) / (1 + x τ1).
    """
    old_value = customs_share * row.old_price
    new_value = old_value * (1 + exporter_share * old_tariff) / (1 + exporter_share * new_tariff)
    return unit_incidence(
        old_price=row.old_price,
        new_price=row.new_price,
        old_customs_value=old_value,
        new_customs_value=new_value,
        old_duty=float(duty_per_unit(customs_value=old_value, ad_valorem=old_tariff)),
        new_duty=float(duty_per_unit(customs_value=new_value, ad_valorem=new_tariff)),
        currency=row.currency,
    )


def corners(lead: LeadEvent, cut: Interval) -> list[tuple[PriceChange, str, Incidence]]:
    """Return the least and the most that buyers can have borne of the duty, for each product."""
    assert lead.customs_share is not None
    share, scenario = lead.customs_share.value, lead.scenarios[0]
    old = scenario.old_tariff.high
    new = old + scenario.tariff_change.high
    ends = (("least", share.high, cut.low), ("most", share.low, cut.high))
    return [
        (
            row,
            f"{which}: customs share {units.percent(s, 0)}, exporter takes {units.percent(x, 0)}",
            corner(row, old_tariff=old, new_tariff=new, customs_share=s, exporter_share=x),
        )
        for row in lead.changes
        for which, s, x in ends
    ]


def _figure(lead: LeadEvent, cut: Interval) -> Figure:
    import pandas as pd

    found = corners(lead, cut)
    frame = pd.concat(
        [ledger.to_frame().assign(group=row.product, case=case) for row, case, ledger in found],
        ignore_index=True,
    )
    drawn, rest = first_items(frame, "group", "who-bears-the-duty")
    burdens = [ledger.consumer_burden for _, _, ledger in found]
    span = Interval(min(burdens), max(burdens))
    scenario = lead.scenarios[0]
    duty = "duty" if scenario.is_from_zero else "added duty"
    title = f"Buyers bear {units.percent(span, 0)} of the {duty}: what is unknown decides"
    return Figure(
        name="who-bears-the-duty",
        title=title,
        subtitle=f"Share of the {duty} on one unit at {scenario.words}, least and most that buyers "
        f"can bear{rest}",
        source="Prices as reported; customs share and exporter's cut are assumptions.",
        alt=f"{title}. "
        + " ".join(
            f"{row.product}, {case}: {entry.summary()}"
            for row, case, entry in found[: 2 * MOST_DRAWN]
        ),
        frame=frame,
        draw=lambda: charts.burden_bars(drawn),
        cites=tuple(row.source_id for row in lead.changes),
    )
