"""`tariffimpact batch`: every product of a file charged and priced."""

from __future__ import annotations

import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tariffimpact.cli.completion import case_names
from tariffimpact.cli.options import Day, data_option, json_option, schedule_options
from tariffimpact.cli.progress import progress_bar

if TYPE_CHECKING:
    from tariffimpact.portfolio import BatchResult
    from tariffimpact.report.content import Document

SOME_ROWS_REJECTED: Final = 3
"""Exit code of a run that finished and left rows out."""


@click.command()
@click.argument("skus", type=click.Path(path_type=Path))
@click.option(
    "--case",
    shell_complete=case_names,
    help="Case whose demand is used for products without an elasticity.",
)
@click.option("--on", type=Day(), help="Day of entry of rows without a column entered_on.")
@click.option("--before", type=Day(), help="Day to compare with (default: the schedule's first).")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("batch"),
    show_default=True,
    help="Folder to write to.",
)
@click.option(
    "--engine",
    "engine_name",
    type=click.Choice(["duckdb", "spark"]),
    default="duckdb",
    show_default=True,
)
@schedule_options
@data_option
@json_option
def batch(
    skus: Path,
    case: str | None,
    on: date | None,
    before: date | None,
    out: Path,
    engine_name: str,
    schedule_file: Path | None,
    claims: tuple[tuple[str, float], ...],
    folder: Path | None,
    as_json: bool,
) -> None:
    """Charge and price every product of SKUS, a CSV file.

    Writes skus.csv, skus.parquet, totals.csv, rejected.csv, batch.xlsx and batch.html, all or
    none. Exit code 0: every row is in; 3: some rows are in rejected.csv; 1: nothing was written.
    """
    from tariffimpact.facts import read_facts
    from tariffimpact.output import check_folder, json_text, publish
    from tariffimpact.portfolio import RowFiles, batch_files, run_batch
    from tariffimpact.tariffs import curated_schedule, read_schedule

    check_folder(out)
    facts = read_facts(folder)
    compiled = read_schedule(schedule_file) if schedule_file else curated_schedule(facts)
    demand = _demand(case)
    with tempfile.TemporaryDirectory(prefix="tariffimpact-") as work:
        rows = RowFiles(Path(work))
        with progress_bar("Batch") as advance:
            result = run_batch(
                skus,
                compiled,
                sink=rows.add,
                fault_sink=rows.reject,
                on=on,
                before=before,
                claims=dict(claims),
                engine_name=engine_name,  # type: ignore[arg-type]
                progress=advance,
                **demand,
            )
        files = batch_files(result, rows)
        files["batch.html"] = _page(result, facts.dated_on, compiled.data, skus.name)
        written = publish(out, files)
    totals = result.totals.to_dict("records")
    told = {"summary": result.summary(), "totals": totals, "data": compiled.data}
    click.echo(json_text(told) if as_json else result.summary())
    for path in () if as_json else written:
        click.echo(f"Wrote {path}")
    for fault in result.faults[:20]:
        click.echo(str(fault), err=True)
    if result.fault_count > 20:
        click.echo(f"… and {result.fault_count - 20:,} more in rejected.csv", err=True)
    if result.rejected:
        sys.exit(SOME_ROWS_REJECTED)


def _demand(case: str | None) -> dict[str, Any]:
    """Return the demand of a case: its form and its elasticity, which must be one number."""
    if case is None:
        return {}
    from tariffimpact.cases import read_case
    from tariffimpact.errors import require
    from tariffimpact.interval import Interval

    written = read_case(case).product().demand
    require(written is not None, f"the case {case} has no [demand]; add one with an elasticity")
    assert written is not None
    elasticity = written.elasticity
    span = Interval.of(elasticity) if isinstance(elasticity, int | float | Interval) else None
    require(
        span is not None and span.is_exact,
        f"the demand of {case} is a range; give each product its own demand_elasticity",
    )
    assert span is not None
    return {"elasticity": span.low, "form": written.form}


def _page(result: BatchResult, dated_on: date, data: str, name: str) -> bytes:
    from tariffimpact.release import program_version
    from tariffimpact.report.content import Document, Paragraph, Section
    from tariffimpact.report.html import render_html

    told = [line for line in result.explain().split("\n")[1:] if line]
    document: Document = Document(
        title=f"Duty and prices of {name}",
        lead=result.summary(),
        findings=(Paragraph(result.summary(), standing="accounting"),),
        sections=(
            *_tables(result),
            Section("method", "How the figures come about", tuple(Paragraph(t) for t in told)),
        ),
        references=(),
        data_date=dated_on,
        as_of=dated_on,
        made_with=f"tariffimpact {program_version()}; data: {data}",
    )
    return render_html(document, {}).encode("utf-8")


def _tables(result: BatchResult) -> tuple[Any, ...]:
    from tariffimpact.report.content import Section, Table

    titles = {"company": "By company", "origin": "By origin", "authority": "By authority"}
    columns = ("Group", "Products", "Customs value", "Duty, at least", "Duty, at most")
    sections = []
    for by, title in titles.items():
        rows = result.totals[result.totals["by"] == by].head(40)
        cells = tuple(
            (str(r.group), f"{r.skus:,}", *(f"${x:,.0f}" for x in r[4:7]))
            for r in rows.itertuples()
        )
        if cells:
            table = Table(
                f"Duty a year, US dollars, {title.lower()}", columns, cells, (), (1, 2, 3, 4)
            )
            sections.append(Section(by, title, (table,)))
    if len(result.largest):
        sections.append(Section("largest", "Largest duties", (_largest(result),)))
    return tuple(sections)


def _largest(result: BatchResult) -> Any:
    from tariffimpact import units
    from tariffimpact.interval import Interval
    from tariffimpact.report.content import Table

    def span(row: Any, name: str) -> Interval | None:
        low, high = (float(getattr(row, f"{name}_{end}")) for end in ("low", "high"))
        return Interval(min(low, high), max(low, high)) if low == low and high == high else None

    def money(found: Interval | None) -> str:
        return "none" if found is None else units.money(found, "USD", 2)

    largest: Any = result.largest.head(25).itertuples()
    rows = tuple(
        (
            row.sku, row.company, row.origin, units.percent(Interval(row.rate_low, row.rate_high)),
            money(span(row, "duty_usd")), money(span(row, "price_hold_dollar_margin_usd")),
            money(span(row, "price_hold_percent_margin_usd")),
            money(span(row, "price_hold_profit_usd")), row.flags,
        )
        for row in largest
    )  # fmt: skip
    columns = ("SKU", "Company", "Origin", "Rate", "Duty a unit", "Price: dollar margin held",
               "Price: percent margin held", "Price: profit held", "Flags")  # fmt: skip
    note = "None: no price keeps the profit, or the elasticity or cost is not known."
    return Table("The products with the most duty", columns, rows, (), (3, 4, 5, 6, 7), note)
