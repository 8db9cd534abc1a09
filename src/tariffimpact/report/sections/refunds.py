"""Who has the money: what was collected under the void duties, what came back, and to whom."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tariffimpact import charts, units
from tariffimpact.facts import ALL_IMPORTERS, Lawsuit, LawsuitAbout, Refund, RefundStage
from tariffimpact.interval import Interval
from tariffimpact.report.content import Block, Figure, Paragraph, Section, Table
from tariffimpact.report.results import Results
from tariffimpact.report.standings import standing

_STAGES: Final = {
    RefundStage.COLLECTED: "paid",
    RefundStage.ORDERED: "ordered",
    RefundStage.CLAIMED: "claimed",
    RefundStage.ACCEPTED: "accepted",
    RefundStage.CERTIFIED: "certified for payment",
    RefundStage.EXPECTED: "expected",
    RefundStage.BOOKED: "booked",
    RefundStage.RECEIVED: "received",
    RefundStage.PROMISED: "promised to customers",
    RefundStage.HANDED_ON: "handed on to customers",
    RefundStage.DENIED: "denied or delayed",
}
_BACK: Final = (RefundStage.CERTIFIED, RefundStage.RECEIVED)
"""What has left the Treasury, or is on its way."""
_OWN: Final = (RefundStage.BOOKED, RefundStage.RECEIVED)
"""What a company has in its accounts, or in hand."""
_CUSTOMERS: Final = "Customers, out of the importers' part"
_TO_CUSTOMERS: Final = (RefundStage.PROMISED, RefundStage.HANDED_ON)


def refund_section(results: Results) -> Section | None:
    """Return what came back of the duties held void, who has it, and who sues for it."""
    rows, suits = results.facts.refunds, results.facts.lawsuits
    if not rows and not suits:
        return None
    blocks: list[Block] = [*_law(results), *_figure(rows), *_at_large(rows), *_companies(rows)]
    blocks += _suits(suits)
    return Section("refunds", "Who has the money", tuple(blocks))


def money_frame(rows: Iterable[Refund]) -> list[tuple[str, Interval]]:
    """Return who has how much of what was collected: importers, the Treasury, customers.

    Importers have what was paid out or certified, by the last figure of each; the Treasury the
    rest; customers what was handed on to them, a part of the importers' share.
    """
    at_large = [row for row in rows if row.company == ALL_IMPORTERS and row.amount is not None]
    collected = _last(at_large, RefundStage.COLLECTED)
    back = [found for stage in _BACK if (found := _last(at_large, stage)) is not None]
    if collected is None or not back:
        return []
    paid = Interval(min(span.low for span in back), max(span.high for span in back))
    handed = [row.amount for row in rows if row.stage is RefundStage.HANDED_ON and row.amount]
    told = [
        ("Importers: paid back, or certified for payment", paid),
        ("The Treasury still", collected - paid),
    ]
    if handed:
        told.append((_CUSTOMERS, sum(handed, Interval.exactly(0.0))))
    return told


def paid_back_words(results: Results) -> str:
    """Return in a sentence how much of what was collected is back with importers."""
    told = dict(money_frame(results.facts.refunds))
    at_large = [r for r in results.facts.refunds if r.company == ALL_IMPORTERS and r.amount]
    collected = _last(at_large, RefundStage.COLLECTED)
    if not told or collected is None:
        return ""
    paid = next(iter(told.values()))
    last = max(row.said_on for row in at_large if row.stage in _BACK)
    denied = any(row.stage is RefundStage.DENIED for row in results.facts.refunds)
    customers = "" if len(told) > 2 else ", none of it to customers by any sum on record"
    refused = (
        " Entries that customs had closed for good were still refused to importers that had not "
        "sued."
        if denied
        else ""
    )
    return (
        f"Of about {units.big_money(collected, 'USD')} collected from all importers, "
        f"{units.big_money(paid, 'USD')} was paid back or certified by {units.day(last)}"
        f"{customers}.{refused}"
    )


def suit_words(results: Results, company: str) -> str:
    """Return in a sentence that buyers sue a company, where they do."""
    suits = [
        row
        for row in results.facts.lawsuits
        if row.company == company and row.about is LawsuitAbout.CUSTOMERS
    ]
    if not suits:
        return ""
    last = max(suits, key=lambda row: row.filed_on)
    return (
        f"Buyers have sued {company} for it since {last.filed_on:%B %Y}; no outcome was known on "
        f"{units.day(last.said_on)}."
    )


def refund_cites(results: Results, company: str = "") -> tuple[str, ...]:
    """Return the sources of the orders and of the last figures, and of suits against a company."""
    rows = [row for row in results.facts.refunds if row.company == ALL_IMPORTERS]
    wanted = (RefundStage.ORDERED, RefundStage.COLLECTED, *_BACK, RefundStage.DENIED)
    latest = {row.stage: row.source_id for row in sorted(rows, key=lambda row: row.said_on)}
    suits = [row.source_id for row in results.facts.lawsuits if row.company == company]
    found = [latest[stage] for stage in wanted if stage in latest]
    return tuple(dict.fromkeys([*found, *(suits if company else [])]))


def _last(rows: Iterable[Refund], stage: RefundStage) -> Interval | None:
    """Return the last amount said of a stage."""
    found = [row for row in rows if row.stage is stage]
    return max(found, key=lambda row: row.said_on).amount if found else None


def _law(results: Results) -> list[Paragraph]:
    """Say on what a refund rests, and on what it does not."""
    silent = [row for row in results.facts.remarks if "refunds: nothing" in row.subject]
    orders = [r for r in results.facts.refunds if r.stage is RefundStage.ORDERED]
    told = [f"{units.day(row.said_on)}, {row.scope}: “{row.quote}”" for row in orders]
    text = " ".join(
        filter(
            None,
            (
                "The Supreme Court voided the duties and said nothing of refunds."
                if silent
                else "",
                f"The trade court ordered them: {'; '.join(told)}." if told else "",
            ),
        )
    )
    cites = tuple(dict.fromkeys(row.source_id for row in (*silent, *orders)))
    return [Paragraph(text, cites, "evidence")] if text else []


def _figure(rows: tuple[Refund, ...]) -> list[Figure]:
    import pandas as pd

    told = money_frame(rows)
    if not told:
        return []
    rows_drawn = [(label, span.low, span.high) for label, span in told]
    if len(told) < 3:
        rows_drawn.append((_CUSTOMERS, float("nan"), float("nan")))
    frame = pd.DataFrame(rows_drawn, columns=["label", "low", "high"])
    nothing = "no sum on record"
    used = [row for row in rows if row.company == ALL_IMPORTERS and row.amount is not None]
    importers, treasury = told[0][1], told[1][1]
    title = (
        f"Importers have {units.big_money(importers, 'USD')} of it back, the Treasury "
        f"{units.big_money(treasury, 'USD')} still"
    )
    return [
        Figure(
            name="who-has-the-money",
            title=title,
            subtitle="Duties collected under the emergency act and held void, US dollars; the "
            "range is between what two sources count",
            source="Customs authority's counts as reported; see Sources.",
            alt=f"{title}. "
            + " ".join(f"{label}: {units.big_money(span, 'USD')}." for label, span in told)
            + ("" if len(told) > 2 else f" {_CUSTOMERS}: {nothing}."),
            frame=frame,
            draw=lambda: charts.range_bars(frame, form="money", currency="USD", missing=nothing),
            cites=tuple(dict.fromkeys(row.source_id for row in used)),
        )
    ]


def _at_large(rows: tuple[Refund, ...]) -> list[Table]:
    """Return what is said of all importers together, oldest first."""
    told = sorted((r for r in rows if r.company == ALL_IMPORTERS), key=lambda row: row.said_on)
    return [_table("All importers together", told, named=False)] if told else []


def _companies(rows: tuple[Refund, ...]) -> list[Block]:
    """Return what companies booked, received, promised, and how much that is together."""
    told = [row for row in rows if row.company != ALL_IMPORTERS]
    if not told:
        return []
    own = [row for row in told if row.stage in _OWN and row.amount and row.currency == "USD"]
    largest = _largest_of_each(own)  # what is booked first and received later is one refund
    total = sum(largest, Interval.exactly(0.0))
    promised = [row.company for row in told if row.stage in _TO_CUSTOMERS]
    who = (
        "One company on record has"
        if len(largest) == 1
        else f"{len(largest)} companies on record have"
    )
    whose = "its" if len(largest) == 1 else "their"
    words = f"{who} {units.big_money(total, 'USD')} of refunds in {whose} accounts or in hand."
    if promised:
        words += f" {units.listed(list(dict.fromkeys(promised)))} said that customers will have it."
    ordered = sorted(told, key=lambda row: -(row.amount.high if row.amount else 0.0))
    return [
        Paragraph(words, tuple(dict.fromkeys(r.source_id for r in own)), standing(*own)),
        _table("Refunds in companies' words", ordered, named=True),
    ]


def _largest_of_each(rows: Iterable[Refund]) -> list[Interval]:
    """Return the largest refund of each company that has one."""
    found: dict[str, Interval] = {}
    for row in rows:
        if row.amount is not None and row.amount.high > 0:
            before = found.get(row.company, row.amount)
            found[row.company] = max(before, row.amount, key=lambda span: span.high)
    return list(found.values())


def _table(caption: str, rows: list[Refund], *, named: bool) -> Table:
    """Return what is said of refunds, without a column of periods that nobody stated."""
    columns = ["Company" if named else "Duties", "What", "Amount", "Said", "Period", "Of it"]
    told = [
        [
            row.company if named else row.scope,
            _STAGES[row.stage],
            ""
            if row.amount is None
            else units.big_money(row.amount, row.currency or "USD")
            + (" with interest" if row.with_interest else ""),
            units.day(row.said_on, short=True),
            row.period or "",
            row.notes,
        ]
        for row in rows
    ]
    if not any(row.period for row in rows):
        for cells in (columns, *told):
            del cells[4]
    return Table(
        caption=caption,
        columns=tuple(columns),
        rows=tuple(map(tuple, told)),
        cites=tuple((row.source_id,) for row in rows),
        numeric=(2,),
    )


def _suits(suits: tuple[Lawsuit, ...]) -> list[Table]:
    if not suits:
        return []
    ordered = sorted(suits, key=lambda row: (row.about is not LawsuitAbout.CUSTOMERS, row.filed_on))
    return [
        Table(
            caption="Suits over the duties, customers' first",
            columns=("Filed", "Who", "Against", "Where", "For what", "Status"),
            rows=tuple(
                (
                    units.day(row.filed_on, short=True),
                    row.plaintiff + (f", for {row.class_of}" if row.class_of else ""),
                    row.defendant,
                    row.court + (f", {row.docket}" if row.docket else ""),
                    row.claim,
                    f"{row.status.value}, {units.day(row.said_on, short=True)}",
                )
                for row in ordered
            ),
            cites=tuple((row.source_id,) for row in ordered),
        )
    ]
