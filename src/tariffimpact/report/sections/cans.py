"""The can: what the aluminium duty can be, in cents, against the rise spoken of."""

from __future__ import annotations

from tariffimpact import charts, units
from tariffimpact.facts import DutyBase
from tariffimpact.interval import Interval, Quantity
from tariffimpact.report.cans import METAL_AUTHORITY, CanDuty
from tariffimpact.report.content import Figure, Paragraph, Section
from tariffimpact.report.results import Results


def can_section(results: Results) -> Section | None:
    """Return the cents per can, or nothing where the facts do not hold them."""
    can = results.can
    if can is None:
        return None
    company = can.statement.company
    return Section(
        "can",
        f"{company}: how much of {units.percent(can.claimed, 0)} can be the can",
        (
            Paragraph(
                f"A can holds {_grams(can)} of aluminium, worth {_price(can)} a tonne. If all of "
                f"it had paid {units.percent(can.ad_valorem, 0)}, the duty would be "
                f"{cents(can.duty)} a can. That is a bound from above: most of the metal is "
                "recycled at home and pays no duty, though its price follows the market's.",
                _cites(can),
                "accounting",
            ),
            _figure(can),
            Paragraph(
                f"{units.percent(can.claimed, 0)} of a shelf price of "
                f"{units.money(can.shelf_price.value, 'USD', 2)} is {cents(can.rise)}. The duty is "
                f"{units.percent(can.share_of_rise, 0)} of that, and {cents(can.left)} are left "
                "for other causes, margin among them.",
                _cites(can),
                "accounting",
            ),
            *_what_it_is_a_rise_of(results, company),
            *_widening(results),
        ),
    )


def cents(amount: Quantity) -> str:
    """Return an amount in US cents, one decimal."""
    span = Interval.of(amount) * 100.0
    return f"{units.ratio(span, 1)} cents"


def _figure(can: CanDuty) -> Figure:
    import pandas as pd

    frame = pd.DataFrame(
        [
            (f"{units.percent(can.claimed, 0)} of the shelf price", can.rise.low, can.rise.high),
            ("Aluminium duty, if all metal paid it", can.duty.low, can.duty.high),
            ("Left for other causes", can.left.low, can.left.high),
        ],
        columns=["label", "low", "high"],
    )
    title = (
        f"The aluminium duty is at most {cents(can.duty.high)} a can, "
        f"{units.percent(can.share_of_rise, 0)} of a {units.percent(can.claimed, 0)} rise"
    )
    return Figure(
        name="cents-per-can",
        title=title,
        subtitle="US dollars per 12-ounce can, range of the inputs",
        source="Metal, price and shelf price: see Assumptions.",
        alt=f"{title}. The rise would be {cents(can.rise)}; {cents(can.left)} are left.",
        frame=frame,
        draw=lambda: charts.range_bars(frame, form="money", currency="USD"),
        cites=_cites(can),
    )


def _what_it_is_a_rise_of(results: Results, company: str) -> list[Paragraph]:
    """Say what the sources disagree on, where the data records a disagreement about the company."""
    stem = company.split()[0].lower()[:5]
    used = [row for row in results.facts.conflicts if row.used and stem in row.subject.lower()]
    return [
        Paragraph(
            f"{row.subject}: {row.claim.lower()}. {row.reason}.", (row.source_id,), "evidence"
        )
        for row in used
    ]


def _widening(results: Results) -> list[Paragraph]:
    """Say which other products the metal duty was widened to, beside metal articles."""
    rows = [
        row
        for row in results.facts.tariffs
        if row.authority == METAL_AUTHORITY and row.base is DutyBase.METAL and len(row.hts) > 1
    ]
    return [
        Paragraph(
            f"The metal duty does not stop at cans. {row.name}, from {units.day(row.starts_on)}: "
            f"“{row.quote}”",
            (row.source_id,),
            "evidence",
        )
        for row in rows[:1]
    ]


def _grams(can: CanDuty) -> str:
    return f"{units.ratio(can.metal_mass.value, 0)} grams"


def _price(can: CanDuty) -> str:
    return units.money(can.metal_price.value, "USD", 0)


def _cites(can: CanDuty) -> tuple[str, ...]:
    parts = (can.metal_mass, can.metal_price, can.shelf_price)
    return (can.statement.source_id, *(p.source_id for p in parts if p.source_id))
