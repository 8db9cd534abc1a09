"""The can: what the aluminium duty can be, in cents, against the rise spoken of."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from tariffimpact import charts, units
from tariffimpact.charts.style import GRID, ORANGE
from tariffimpact.interval import Interval, Quantity
from tariffimpact.report.can_duty import WIDENED, CanDuty
from tariffimpact.report.content import Figure, Paragraph, Section
from tariffimpact.report.results import Results

if TYPE_CHECKING:
    import pandas as pd


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

    ends = (
        ("Most the duty can explain", can.duty.high, can.rise.low),
        ("Least, if all metal paid it", can.duty.low, can.rise.high),
    )
    frame = pd.DataFrame(
        [
            (case, part, amount, _part_words(part, amount, rise))
            for case, duty, rise in ends
            for part, amount in (("duty", min(duty, rise)), ("other", max(rise - duty, 0.0)))
        ],
        columns=["case", "part", "amount", "words"],
    )
    title = can_title(frame, can.claimed)
    return Figure(
        name="cents-per-can",
        title=title,
        subtitle=f"US cents per 12-ounce can if all its metal had paid "
        f"{units.percent(can.ad_valorem, 0)}; a {units.percent(can.claimed, 0)} rise of the shelf "
        f"price is {cents(can.rise)}",
        source="Metal, price and shelf price: see Assumptions.",
        alt=f"{title}. "
        + " ".join(f"{row.case}: {row.words}." for row in frame.itertuples()),
        frame=frame,
        draw=lambda: charts.stacked_bars(
            frame,
            parts={
                "duty": charts.Part("aluminium duty", ORANGE, bold=True),
                "other": charts.Part("other causes", GRID),
            },
            form="cents", totals=True, total_word="rise",
        ),
        cites=_cites(can),
    )  # fmt: skip


def _part_words(part: str, amount: float, rise: float) -> str:
    said = f"{units.ratio(100 * amount, 1)}¢"
    return f"{said} duty · {units.percent(amount / rise, 0)}" if part == "duty" else f"{said} other"


def can_title(frame: pd.DataFrame, claimed: float) -> str:
    """Return the largest share of the rise that the duty is in any bar."""
    shares = [
        float(bar[bar["part"] == "duty"]["amount"].sum() / bar["amount"].sum())
        for _, bar in frame.groupby("case")
    ]
    return (
        f"Aluminium can explain at most {units.percent(max(shares), 0)} of a "
        f"{units.percent(claimed, 0)} rise in a can of soda"
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
    told = results.schedule.component(WIDENED)
    day = units.day(date.fromisoformat(told["starts_on"]))
    return [
        Paragraph(
            f"The metal duty does not stop at cans. {told['name']}, from {day}: “{told['quote']}”",
            (told["source_id"],),
            "evidence",
        )
    ]


def _grams(can: CanDuty) -> str:
    return f"{units.ratio(can.metal_mass.value, 0)} grams"


def _price(can: CanDuty) -> str:
    return units.money(can.metal_price.value, "USD", 0)


def _cites(can: CanDuty) -> tuple[str, ...]:
    parts = (can.metal_mass, can.metal_price, can.shelf_price)
    return (can.statement.source_id, *(p.source_id for p in parts if p.source_id))
