"""The page of a batch: what the products pay, by whom it is owed, and what holds their margins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from tariffimpact import units
from tariffimpact.interval import Interval

if TYPE_CHECKING:
    from tariffimpact.portfolio import BatchResult
    from tariffimpact.report.content import Block, Paragraph, Section

_GROUPS: Final = {"company": "Company", "origin": "Origin", "authority": "Authority"}
_ROWS: Final = 40
_LARGEST: Final = 25


def batch_page(result: BatchResult, *, dated_on: date, data: str, name: str) -> bytes:
    """Return the page of a batch, self-contained.

    Parameters
    ----------
    result
        What `run_batch` returns.
    dated_on
        The day the data speaks for.
    data
        The data's version, in words.
    name
        What the file of products is called.
    """
    from tariffimpact import charts
    from tariffimpact.release import program_version
    from tariffimpact.report.content import Document, Figure, Paragraph, Section
    from tariffimpact.report.html import render_html

    told = [line for line in result.explain().split("\n")[1:] if line]
    sections = [*_sections(result)]
    sections.append(
        Section("method", "How the figures come about", tuple(Paragraph(t) for t in told))
    )
    document: Document = Document(
        title=f"Duty and prices of {name}",
        lead=result.summary(),
        findings=tuple(_findings(result)),
        sections=tuple(sections),
        references=(),
        data_date=dated_on,
        as_of=dated_on,
        made_with=f"tariffimpact {program_version()}; data: {data}",
    )
    drawn = {
        block.name: charts.svg(block.draw().figure, name=block.name, alt=block.alt)  # type: ignore[arg-type]
        for section in document.sections
        for block in section.blocks
        if isinstance(block, Figure)
    }
    return render_html(document, drawn).encode("utf-8")


def _findings(result: BatchResult) -> Iterator[Paragraph]:
    from tariffimpact.report.content import Paragraph

    for by in ("company", "authority"):
        rows = _of(result, by)
        if len(rows) > 1:
            yield Paragraph(f"{_most(rows, by)}.", standing="accounting")
    whole = _of(result, "all")
    if len(whole):
        duty = _duty(whole[0])
        if not duty.is_exact:
            open_ = units.big_money(duty.high - duty.low, "USD")
            text = (
                f"{open_} of the duty is open: the schedule alone cannot decide it. The column "
                "“What is open” says for each product what would."
            )
            yield Paragraph(text, standing="assumption")
    if result.rejected:
        were = "row was" if result.rejected == 1 else "rows were"
        text = f"{result.rejected:,} {were} left out; rejected.csv says why."
        yield Paragraph(text, standing="accounting")


def _sections(result: BatchResult) -> Iterator[Section]:
    from tariffimpact.report.content import Section

    further = [by for by in result.totals["by"].unique() if by not in (*_GROUPS, "all")]
    for by, title in {**_GROUPS, **{name: name.capitalize() for name in further}}.items():
        rows = _of(result, by)
        if rows:
            told = len(rows) > 1 and by in _GROUPS
            finding = _most(rows, by) if told else f"By {title.lower()}"
            blocks = [_table(by, title, rows)]
            if by == "origin" and len(rows) > 1:
                blocks.insert(0, _figure(result))
            yield Section(by, finding, tuple(blocks))
    if len(result.largest):
        largest = list(result.largest.head(_LARGEST).itertuples())
        blocks = [_duties(largest), _prices(largest)]
        yield Section("largest", "The products with the most duty", tuple(blocks))


def _of(result: BatchResult, by: str) -> list[Any]:
    rows: Any = result.totals[result.totals["by"] == by].itertuples()
    return list(rows)


def _duty(row: Any) -> Interval:
    return Interval(row.duty_low_usd, row.duty_high_usd)


def _named(row: Any) -> str:
    from tariffimpact.codes import country_name

    return country_name(row.group) if row.by == "origin" and row.group else str(row.group)


def _most(rows: list[Any], by: str) -> str:
    said = {
        "company": "{name} pays the most, {duty} a year",
        "origin": "Goods from {name} pay the most, {duty} a year",
        "authority": "The largest part is owed under {name}, {duty} a year",
    }[by]
    name = "the general rate (MFN)" if rows[0].group == "MFN" else _named(rows[0])
    return said.format(name=name, duty=units.big_money(_duty(rows[0]), "USD"))


def _figure(result: BatchResult) -> Block:
    from tariffimpact.report.content import Figure

    rows = _of(result, "origin")
    highest = max(rows, key=lambda row: row.rate_high)
    rate = units.percent(Interval(highest.rate_low, highest.rate_high))
    title = f"Goods from {_named(highest)} bear the highest rate, {rate} of their customs value"
    return Figure(
        name="rates-by-origin",
        title=title,
        subtitle="Duty a year as a share of customs value; the origins with the most duty",
        source=result.credit,
        alt=title,
        frame=result.totals[result.totals["by"] == "origin"],
        draw=replace(result, credit="").plot,  # the page prints the source itself
    )


def _table(by: str, title: str, rows: list[Any]) -> Block:
    from tariffimpact.report.content import Table

    cells = tuple(
        (
            _named(row), f"{row.skus:,}", f"${row.customs_value_usd:,.0f}",
            units.money(_duty(row), "USD", 0), _share(row, "rate"),
            units.money(_ends(row, "void_duty_{}_usd"), "USD", 0), _margins(row),
        )
        for row in rows[:_ROWS]
    )  # fmt: skip
    columns = (title, "Products", "Customs value", "Duty", "Rate", "Of it void",
               "Margin before and after")  # fmt: skip
    left = len(rows) - _ROWS
    note = f"The {_ROWS} with the most duty; {left:,} more are in totals.csv." if left > 0 else ""
    words = "A year's duty" if by else "Duty"
    return Table(
        f"{words} by {title.lower()}, US dollars, and the margin at unchanged prices", columns,
        cells, (), (1, 2, 3, 4, 5, 6), note,
    )  # fmt: skip


def _ends(row: Any, name: str) -> Interval:
    low, high = (float(getattr(row, name.format(end))) for end in ("low", "high"))
    return Interval(min(low, high), max(low, high))


def _share(row: Any, name: str) -> str:
    low, high = (float(getattr(row, f"{name}_{end}")) for end in ("low", "high"))
    return "unknown" if low != low else units.percent(Interval(min(low, high), max(low, high)))


def _margins(row: Any) -> str:
    if row.margin_before != row.margin_before:
        return "unknown"
    return f"{units.percent(row.margin_before)}; {_share(row, 'margin_after')}"


def _duties(largest: list[Any]) -> Block:
    from tariffimpact.report.content import Table

    rows = tuple(
        (
            row.sku, row.company, row.origin, units.percent(Interval(row.rate_low, row.rate_high)),
            _money(row, "duty_usd"), _money(row, "line_duty_usd", 0), _open(row),
        )
        for row in largest
    )  # fmt: skip
    columns = ("SKU", "Company", "Origin", "Rate", "Duty a unit", "Duty a year", "What is open")
    return Table("Their duty", columns, rows, (), (3, 4, 5), "")


def _prices(largest: list[Any]) -> Block:
    from tariffimpact.report.content import Table

    rules = ["dollar_margin", "percent_margin", "profit"]
    names = [f"price_hold_{rule}_usd" for rule in rules]
    columns = ["SKU", "Landed cost", "Price now", "holds dollar margin", "holds percent margin",
               "holds profit"]  # fmt: skip
    if hasattr(largest[0], "price_for_floor_usd_low"):
        names.append("price_for_floor_usd")
        columns.append("holds the floor margin")
    rows = tuple(
        (row.sku, _money(row, "landed_cost_usd"), _priced(row.price_usd),
         *(_money(row, name) for name in names), row.price_cut_reason or "no cut")
        for row in largest
    )  # fmt: skip
    note = (
        "The price of one unit, US dollars, that holds each of them against the duty of the day "
        "of comparison. None: no price does, or the unit cost or the elasticity is not known, or "
        "it sells below cost. A price below today's stands with its reason."
    )
    numbers = tuple(range(1, len(columns)))
    return Table("Their price under each rule", (*columns, "Why lower"), rows, (), numbers, note)


def _priced(price: float) -> str:
    return "unknown" if price != price else f"${price:,.2f}"


def _open(row: Any) -> str:
    """Return what would narrow a product's rate."""
    words = [flag.removesuffix(" unknown") for flag in row.flags.split("; ") if "unknown" in flag]
    return ", ".join(words) or ("the notes of its rate say" if row.rate_low < row.rate_high else "")


def _money(row: Any, name: str, digits: int = 2) -> str:
    low, high = (float(getattr(row, f"{name}_{end}")) for end in ("low", "high"))
    if low != low or high != high:
        return "none"
    return units.money(Interval(min(low, high), max(low, high)), "USD", digits)
