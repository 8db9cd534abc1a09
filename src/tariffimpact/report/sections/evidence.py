"""What the numbers rest on: method, assumptions, conflicts between sources, limits."""

from __future__ import annotations

import numpy as np

from tariffimpact import charts, units
from tariffimpact.facts import Assumption, Basis, ValueMeasure
from tariffimpact.passthrough import full_share, implied_rate, measure
from tariffimpact.report.content import Block, Bullets, Figure, Paragraph, Section, Table
from tariffimpact.report.lead import LeadEvent
from tariffimpact.report.results import Results
from tariffimpact.report.sections.passthrough import full_share_words, rate_sources
from tariffimpact.report.wording import first_items


def narrowing_section(results: Results) -> Section | None:
    """Return, for each range of the report, the one fact that would narrow it most."""
    rows = [*_lead_rows(results), *_exposure_rows(results), *_can_rows(results)]
    if not rows:
        return None
    table = Table(
        caption="Each range and the fact that would narrow it most",
        columns=("What", "Range now", "Fact that would narrow it", "Why"),
        rows=tuple(rows),
    )
    return Section("narrowing", "What would narrow each range", (table,))


def method_section(results: Results) -> Section:
    """Return how the numbers are made, and the four meanings of pass-through."""
    blocks: list[Block] = [
        Bullets(
            (
                Paragraph(
                    "What somebody reported, quoted and numbered under Sources.",
                    standing="evidence",
                ),
                Paragraph(
                    "What follows from reported numbers by arithmetic alone: duty per unit, "
                    "shares, ledgers, bounds.",
                    standing="accounting",
                ),
                Paragraph(
                    "What follows only if a model of buyers or sellers holds.", standing="model"
                ),
                Paragraph(
                    "A range that nobody has published, with the reason for it, listed under "
                    "Assumptions.",
                    standing="assumption",
                ),
            )
        ),
        Paragraph(
            "A bound is the value at the corner of the assumed ranges that makes the result "
            "smallest or largest, exact where the formula is monotone in each input; where it is "
            "not, the ranges were searched, and the sentence says so. Nothing in the evidence "
            "puts one value of a range above another: what stands at the middle of every range "
            "is marked so."
        ),
    ]
    lead = results.lead
    if lead is not None and lead.has_rate and lead.customs_share is not None:
        blocks += [curve_figure(lead), _dictionary(lead)]
    return Section("method", "How the numbers are made", tuple(blocks))


def assumption_section(results: Results) -> Section | None:
    """Return every assumed range with its reason."""
    rows = results.facts.assumptions
    if not rows:
        return None
    table = Table(
        caption="Assumed ranges",
        columns=("Of", "For", "Range", "Unit", "Reason"),
        rows=tuple(
            (
                _ASSUMED.get(row.name, row.name.replace("_", " ")),
                row.applies_to,
                *range_words(row),
                row.reason,
            )
            for row in rows
        ),
        cites=tuple((row.source_id,) if row.source_id else () for row in rows),
    )
    return Section("assumptions", "Assumptions", (table,))


_ASSUMED = {
    "customs_share": "customs value",
    "us_share": "US sales",
    "exporter_cut": "exporter’s cut of its price",
    "retailer_margin": "retailer’s part of the rise",
    "quantity_ratio": "units sold after, over before",
    "metal_mass": "metal in a can",
    "metal_price": "price of the metal",
    "shelf_price": "shelf price",
}
"""What a reader calls an assumed number."""


def range_words(row: Assumption) -> tuple[str, str]:
    """Return an assumed range as a reader knows it, and what it is of.

    A fraction is said in percent of what it is a fraction of.
    """
    if row.unit.startswith("fraction"):
        of = row.unit.removeprefix("fraction").strip()
        return units.percent(row.value, 1).replace(".0%", "%"), f"percent {of}".strip()
    plain = units.ratio(row.value, 2).replace(".00", "")
    return plain, row.unit


def conflict_section(results: Results) -> Section | None:
    """Return the claims that cannot all be right, and which one the figures rest on."""
    rows = results.facts.conflicts
    used = [row for row in rows if row.used]
    if not used:
        return None
    others = {row.subject: [r for r in rows if r.subject == row.subject and not r.used]
              for row in used}  # fmt: skip
    idle = len({row.subject for row in rows} - set(others))
    left = f" {idle} more, on which no figure here rests, are in conflicts.csv." if idle else ""
    table = Table(
        caption="Sources that disagree, and the claim this report rests on",
        columns=("About", "Taken", "Set aside", "Reason"),
        rows=tuple(
            (row.subject, row.claim, "; ".join(r.claim for r in others[row.subject]), row.reason)
            for row in used
        ),
        cites=tuple(
            tuple(dict.fromkeys((row.source_id, *(r.source_id for r in others[row.subject]))))
            for row in used
        ),
        note=left.strip(),
    )
    return Section("conflicts", "Where sources disagree", (table,))


def limit_section(results: Results) -> Section:
    """Return what the report cannot say."""
    last = results.schedule_end
    return Section(
        "limits",
        "What this report cannot say",
        (
            Bullets(
                (
                    Paragraph(
                        "Not causal: that a price rose after a tariff does not show that the "
                        "tariff raised it. Where a range is conditional on that, it says so."
                    ),
                    *_values(results),
                    Paragraph(
                        "Exposures are the companies' own estimates, on their own definitions; "
                        "they are compared in share of sales, not audited."
                    ),
                    Paragraph(
                        "Recommended prices are not transaction prices: rebates, bundles and stock "
                        "at the old price are not seen."
                    ),
                    Paragraph(
                        f"The tariff schedule is known up to {units.day(last)}; the data "
                        f"speaks for {units.day(results.facts.dated_on)}."
                    ),
                )
            ),
        ),
    )


def _values(results: Results) -> list[Paragraph]:
    """Say which declared values are public, and what is missing still."""
    known = [r for r in results.facts.customs_values if r.measure is ValueMeasure.DECLARED_VALUE]
    products = units.listed(list(dict.fromkeys(row.product for row in known)))
    public = f"Declared values are public of {products} alone, at export." if known else ""
    return [
        Paragraph(
            f"{public or 'No customs value of any product here is on record.'} Without the value "
            "at which a product was entered no pass-through rate is a number; the range is the "
            "answer.",
            tuple(dict.fromkeys(row.source_id for row in known)),
        )
    ]


def _lead_rows(results: Results) -> list[tuple[str, ...]]:
    lead = results.lead
    if lead is None or not lead.has_rate:
        return []
    reference = lead.of(lead.scenarios[0])
    rows: list[tuple[str, ...]] = [
        (
            f"Pass-through, {entry.price.product}, from {entry.scenario.label}",
            "none" if entry.bounds.rate is None else units.ratio(entry.bounds.rate),
            "Customs value of one unit",
            "It sets the duty; with it, the range at a known origin is a number.",
        )
        for entry in reference
        if entry.bounds.most_informative == "customs_share"
    ]
    whole = lead.of(lead.scenarios[-1])
    rows += [
        (
            f"Pass-through, {entry.price.product}, {entry.scenario.label}",
            "none" if entry.bounds.rate is None else units.ratio(entry.bounds.rate),
            _INPUT_FACTS[entry.bounds.most_informative or "customs_share"],
            f"Tariff {entry.scenario.words}, customs share "
            f"{units.percent(entry.bounds.customs_share, 0)}: the wider one in proportion.",
        )
        for entry in whole[:1]
        if len(lead.scenarios) > 1 and entry.bounds.rate is not None
    ]
    return rows


_INPUT_FACTS = {
    "customs_share": "Customs value of one unit",
    "tariff_change": "Origin and day of import of the goods sold",
    "dutiable_share": "Part of the value that bears the duty",
    "caused_share": "A market without the tariff to compare with",
}


def _exposure_rows(results: Results) -> list[tuple[str, ...]]:
    wide = [
        (profile.company, entry)
        for profile in results.companies.profiles
        for entry in profile.exposures
        if entry.share is not None and not entry.exposure.amount.is_exact
    ]
    return [
        (
            f"Exposure, {company}, {_basis(entry.basis)}",
            units.percent(entry.share, 2) if entry.share is not None else "unknown",
            "The amount itself" if entry.exposure.amount.is_bounded else "The gross amount",
            entry.exposure.covers,
        )
        for company, entry in wide
    ]


def _basis(basis: Basis) -> str:
    return "basis not said" if basis is Basis.UNSTATED else basis.value


def _can_rows(results: Results) -> list[tuple[str, ...]]:
    can = results.can
    if can is None:
        return []
    return [
        (
            f"Aluminium duty as a share of a {units.percent(can.claimed, 0)} rise",
            units.percent(can.share_of_rise, 0),
            "What the canmaker pays for sheet, and how much of it is imported metal",
            f"The price of the metal is known to {units.money(can.metal_price.value, 'USD', 0)} a "
            "tonne only.",
        )
    ]


def _dictionary(lead: LeadEvent) -> Table:
    """Return one rise under the four definitions, at the two ends of the customs share."""
    assert lead.customs_share is not None
    row, scenario = lead.changes[0], lead.scenarios[0]
    old = scenario.old_tariff.high
    found = []
    for share in (lead.customs_share.value.low, lead.customs_share.value.high):
        value = share * row.old_price
        said = measure(
            old_price=row.old_price,
            new_price=row.new_price,
            old_customs_value=value,
            new_customs_value=value,
            old_tariff=old,
            new_tariff=old + scenario.tariff_change.high,
        )
        found.append(said)
    names = {
        "rate": "Dollars of price per dollar of duty",
        "retail_rate": "Percent of price per point of tariff (the press)",
        "retail_elasticity": "Percent of price per percent of 1 + tariff (retail regressions)",
        "border": "Share of the tariff not undone by the exporter (import-price regressions)",
    }
    ends = [
        units.percent(s, 0) for s in (lead.customs_share.value.low, lead.customs_share.value.high)
    ]
    return Table(
        caption=f"Four meanings of pass-through: the {row.product} at {scenario.words}",
        columns=("Definition", f"Customs share {ends[0]}", f"Customs share {ends[1]}"),
        rows=tuple(
            (words, *(units.ratio(getattr(said, name)) for said in found))
            for name, words in names.items()
        ),
        numeric=(1, 2),
        note="This report uses the first. The customs value is taken as unchanged.",
    )


def curve_figure(lead: LeadEvent) -> Figure:
    """Return the pass-through rate of each product at every customs share."""
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
    drawn, rest = first_items(frame, "product", "customs-share")
    full = units.listed([units.percent(s, 0) for s in frame["full_share"].unique()], "or")
    plausible = None if lead.customs_share is None else lead.customs_share.value
    title = (
        f"At {scenario.words}, the {lead.move} is full pass-through only if the customs value is "
        f"{full} of the price"
    )
    shaded = "" if plausible is None else f"; shaded: assumed share, {units.percent(plausible, 0)}"
    return Figure(
        name="customs-share",
        title=title,
        subtitle=f"Dollars of price per dollar of duty by customs share of the old price{shaded}"
        f"{rest}",
        source=f"Prices of {units.day(lead.effective_on)}: {lead.company}; rate: {scenario.label}.",
        alt=f"{title}: {full_share_words(lead)}. The larger the share, the less was passed on.",
        frame=frame,
        draw=lambda: charts.pass_through_curves(drawn, plausible=plausible),
        cites=rate_sources(lead),
    )
