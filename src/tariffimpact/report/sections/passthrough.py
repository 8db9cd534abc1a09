"""What a price rise says about pass-through."""

from __future__ import annotations

import numpy as np

from tariffimpact import charts, units
from tariffimpact.interval import Interval
from tariffimpact.passthrough import full_share, implied_rate
from tariffimpact.report.content import Block, Bullets, Figure, Paragraph, Section, Table
from tariffimpact.report.lead import LeadEvent
from tariffimpact.report.results import Results
from tariffimpact.report.sections.claims import refuted_claims
from tariffimpact.report.wording import first_items, leading


def pass_through_section(results: Results) -> Section | None:
    """Return the curves, the bounds by origin and the claims the facts refute."""
    lead = results.lead
    if lead is None or not lead.scenarios:
        return None
    title = f"What the {lead.move} says about pass-through"
    if not lead.has_rate:
        return Section("pass-through", title, (Paragraph(apart_words(lead)), _bounds_table(lead)))
    blocks: tuple[Block, ...] = (
        Paragraph(
            "A duty is a fraction of the customs value, the value declared at the border, which "
            f"nobody publishes. One price {lead.move} is therefore a line of pass-through rates, "
            "one for each customs share, and only an assumption picks a stretch of it. The rate "
            "here is dollars of price per dollar of duty: 1 is full pass-through. Everything in "
            f"this section takes the whole {lead.move} as caused by the tariff, an unchanged "
            f"customs value and {_before(lead)}; each would move the rate.",
            standing="accounting",
        ),
        _curves(lead),
        _bounds_table(lead),
        *_identified_paragraphs(lead),
        *(_claims(results, lead) if lead.move == "rise" else ()),
    )
    return Section("pass-through", title, blocks)


def apart_words(lead: LeadEvent) -> str:
    """Return why no rate of pass-through exists, in a sentence."""
    scenario = lead.scenarios[0]
    tariff = "rose" if scenario.tariff_change.low >= 0 else "fell"
    prices = {"rise": "the price rose", "cut": "the price fell"}.get(
        lead.move, "prices moved both ways"
    )
    return (
        f"The tariff on goods from {scenario.label} {tariff} ({scenario.words}), and {prices}: "
        "where price and tariff move apart no pass-through rate exists."
    )


def _before(lead: LeadEvent) -> str:
    """Return what the goods sold at the old price are taken to have paid."""
    if all(scenario.is_from_zero for scenario in lead.scenarios):
        return "no duty before"
    return f"the duty before as on {units.day(lead.old_day)}"


def _claims(results: Results, lead: LeadEvent) -> tuple[Block, ...]:
    return (
        Paragraph("Claims about the rise that the facts refute, or cut down:"),
        Bullets(tuple(refuted_claims(results, lead))),
    )


def full_share_words(lead: LeadEvent) -> str:
    """Return the full-pass-through shares under the reference scenario, product by product."""
    found = [
        (units.percent(entry.bounds.full_share, 0), entry.price.product)
        for entry in lead.of(lead.scenarios[0])
        if entry.bounds.full_share is not None
    ]
    if len(lead.changes) == 1:
        return found[0][0]
    return units.listed([f"{share} ({product})" for share, product in found])


def _curves(lead: LeadEvent) -> Figure:
    import pandas as pd

    scenario = lead.scenarios[0]
    tariff = scenario.tariff_change.high
    shares = np.round(np.arange(0.30, 1.0001, 0.01), 2)
    frame = pd.concat(
        [
            pd.DataFrame(
                {
                    "product": row.product,
                    "customs_share": shares,
                    "pass_through_rate": implied_rate(
                        old_price=row.old_price,
                        new_price=row.new_price,
                        tariff_change=tariff,
                        customs_share=shares,
                    ),
                    "full_share": full_share(
                        old_price=row.old_price, new_price=row.new_price, tariff_change=tariff
                    ),
                }
            )
            for row in lead.changes
        ],
        ignore_index=True,
    )
    drawn, rest = first_items(frame, "product", "pass-through")
    full = units.listed([units.percent(s, 0) for s in frame["full_share"].unique()], "or")
    plausible = None if lead.customs_share is None else lead.customs_share.value
    title = (
        f"At {scenario.words}, the {lead.move} is full pass-through only if the customs value is "
        f"{full} of the price"
    )
    shaded = "" if plausible is None else f"; shaded: assumed share, {units.percent(plausible, 0)}"
    return Figure(
        name="pass-through",
        title=title,
        subtitle=f"Dollars of price per dollar of duty by customs share of the old price{shaded}"
        f"{rest}",
        source=f"Prices: {lead.company}; rate: {scenario.label}, {units.day(lead.effective_on)}.",
        alt=f"{title}: {full_share_words(lead)}. The larger the share, the less was passed on.",
        frame=frame,
        draw=lambda: charts.pass_through_curves(drawn, plausible=plausible),
        cites=_rate_sources(lead),
    )


def _bounds_table(lead: LeadEvent) -> Table:
    rows = []
    for entry in lead.bounds:
        bounds = entry.bounds
        duty = bounds.tariff_change * bounds.customs_share * entry.price.old_price
        rows.append(
            (
                entry.price.product,
                leading(entry.scenario.label),
                entry.scenario.words,
                units.money(duty, entry.price.currency, 0),
                "none" if bounds.full_share is None else units.percent(bounds.full_share, 0),
                "none" if bounds.rate is None else units.ratio(bounds.rate),
                bounds.verdict,
            )
        )
    share = "0% to 100%"
    if lead.customs_share is not None:
        share = units.percent(lead.customs_share.value, 0)
    return Table(
        caption=f"Pass-through by origin, customs share {share}",
        columns=(
            "Product",
            "Origin",
            "Tariff change",
            "Added duty a unit",
            "Full pass-through at",
            "Pass-through rate",
            "Verdict",
        ),
        rows=tuple(rows),
        cites=tuple(_rate_sources(lead) if i == 0 else () for i in range(len(rows))),
        numeric=(2, 3, 4, 5),
        note="Full pass-through at: the customs share at which the price moves by the added "
        "duty; above 100% no customs share explains the move by duty alone.",
    )


def _identified_paragraphs(lead: LeadEvent) -> list[Paragraph]:
    """Say what holds without the assumption on the customs share."""
    reference = lead.scenarios[0]
    widest = max(lead.scenarios, key=lambda scenario: scenario.tariff_change.magnitude.high)
    lows, at_reference = (
        [abs(row.relative_change) / s.tariff_change.magnitude.high for row in lead.changes]
        for s in (widest, reference)
    )
    of_all = (
        ""
        if len(lead.scenarios) == 1
        else f", {_spelled(lows)} at the largest change of any scenario, {widest.words}"
    )
    found = [
        Paragraph(
            "Without any assumption on the customs share, only a lower bound stands, since the "
            f"customs value cannot exceed the price: {_spelled(at_reference)} at "
            f"{reference.label}'s {reference.words}{of_all}. From above the rate is not "
            "identified.",
            standing="accounting",
        )
    ]
    if len({row.change for row in lead.changes}) == 1 and len(lead.changes) > 1:
        found.append(
            Paragraph(
                f"One {lead.move} of "
                f"{units.money(abs(lead.changes[0].change), lead.changes[0].currency)} on "
                f"{len(lead.changes)} prices is {len(lead.changes)} pass-through rates: with one "
                "customs share for all, they cannot all be complete. With an equal duty in money "
                "on each, they can.",
                standing="accounting",
            )
        )
    return found


def _rate_sources(lead: LeadEvent) -> tuple[str, ...]:
    if lead.reference_rate is None:
        return ()
    return tuple(part.source.source_id for part in lead.reference_rate.counted)


def _spelled(values: list[float]) -> str:
    return units.ratio(Interval(min(values), max(values)))
