"""`tariffimpact batch`: every product of a file charged and priced."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tariffimpact.cli.completion import case_names
from tariffimpact.cli.options import (
    Day,
    FilePath,
    Share,
    data_option,
    json_option,
    out_option,
    schedule_options,
    table_options,
)
from tariffimpact.cli.progress import progress_bar
from tariffimpact.cli.terminal import at_work, tell
from tariffimpact.errors import require

if TYPE_CHECKING:
    from tariffimpact.portfolio import BatchResult, BatchTerms, SkuFile
    from tariffimpact.tariffs import CompiledSchedule

MOST_TOLD: Final = 50
"""Faults that are printed; rejected.csv has them all."""
SOME_ROWS_REJECTED: Final = 3
"""Exit code of a run that finished and left rows out."""


@click.command()
@click.argument("skus", type=FilePath())
@table_options
@click.option(
    "--join",
    type=FilePath(),
    help="A second file, by SKU, that has what the first lacks.",
)
@click.option("--by", default="", help="Further columns to total by, separated by commas.")
@click.option(
    "--case",
    shell_complete=case_names,
    help="Case whose demand is used for products without an elasticity.",
)
@click.option(
    "--on", type=Day(today=True), help="Day of entry of rows without a column entered_on, or today."
)
@click.option("--before", type=Day(), help="Day to compare with (default: the schedule's first).")
@click.option(
    "--floor-margin",
    "floor",
    type=Share(),
    help="Margin below which a product is told, and the price that holds it: 20%.",
)
@click.option(
    "--refund-on",
    "refunded_on",
    type=Day(),
    help="Day to which interest on void duty runs (default: the day of the data).",
)
@click.option(
    "--importer",
    type=click.Choice(["corporation", "other"]),
    default="corporation",
    show_default=True,
    help="Whose rate of interest it is.",
)
@out_option("batch")
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
    renamed: tuple[tuple[str, str], ...],
    encoding: str | None,
    sheet: str | None,
    join: Path | None,
    by: str,
    case: str | None,
    on: date | None,
    before: date | None,
    floor: float | None,
    refunded_on: date | None,
    importer: str,
    out: Path,
    engine_name: str,
    schedule_file: Path | None,
    claims: tuple[tuple[str, float], ...],
    folder: Path | None,
    as_json: bool,
) -> None:
    """Charge and price every product of SKUS, a CSV or .xlsx file as it comes.

    Writes skus.csv, skus.parquet, totals.csv, rejected.csv, batch.xlsx and batch.html, all or
    none. Exit code 0: every row is in; 3: some rows are in rejected.csv; 1: nothing was written.
    """
    from tariffimpact.facts import read_facts
    from tariffimpact.portfolio import BatchTerms, open_skus
    from tariffimpact.tariffs import read_schedule, shipped_schedule
    from tariffimpact.writing import check_folder, json_text

    if on and before:
        require(before <= on, f"--before comes before --on (got {before} and {on})")
    if on and refunded_on:
        require(refunded_on >= on, f"--refund-on comes after --on (got {refunded_on} and {on})")
    check_folder(out)
    facts = read_facts(folder)
    own = read_schedule(schedule_file) if schedule_file else None
    with at_work("Reading the schedule"):
        compiled = own or shipped_schedule(facts).compiled
    columns = tuple(name.strip() for name in by.split(",") if name.strip())
    file = open_skus(
        skus, rename=dict(renamed), encoding=encoding, sheet=sheet, join=join, extra=columns
    )
    terms = BatchTerms(
        on=on, before=before, floor=floor, claims=dict(claims), charges=facts.customs_charges,
        refunded_on=refunded_on or facts.dated_on, corporation=importer == "corporation",
        **_demand(case),
    )  # fmt: skip
    result, written = _written(file, terms, compiled, facts.dated_on, engine_name, out)
    totals = result.totals.to_dict("records")
    warnings = [f"Warning: {warning}" for warning in result.warnings]
    told = {"summary": result.summary(), "totals": totals, "read": result.described,
            "warnings": result.warnings,
            "data": compiled.data}  # fmt: skip
    if as_json:
        click.echo(json_text(told))
    else:
        tell("\n".join([result.summary(), *warnings, result.described]))
    for path in () if as_json else written:
        click.echo(f"Wrote {path}")
    for fault in result.faults[:MOST_TOLD]:
        click.echo(str(fault), err=True)
    if result.fault_count > MOST_TOLD:
        click.echo(f"… and {result.fault_count - MOST_TOLD:,} more in rejected.csv", err=True)
    if result.rejected:
        sys.exit(SOME_ROWS_REJECTED)


def _written(
    file: SkuFile, terms: BatchTerms, compiled: CompiledSchedule, dated_on: date,
    engine_name: str, out: Path,
) -> tuple[BatchResult, tuple[Path, ...]]:  # fmt: skip
    """Run the batch and write its files, all or none."""
    from tariffimpact.cli.batch_page import batch_page
    from tariffimpact.portfolio import RowFiles, batch_files, run_batch
    from tariffimpact.writing import publish, scratch

    with scratch() as work:
        rows = RowFiles(work)
        with progress_bar("Batch") as advance:
            result = run_batch(
                file, compiled, sink=rows.add, fault_sink=rows.reject, terms=terms,
                engine_name=engine_name,  # type: ignore[arg-type]
                progress=advance,
            )  # fmt: skip
        with at_work("Writing the tables, the workbook and the page"):
            files = batch_files(result, rows)
            files["batch.html"] = batch_page(
                result, dated_on=dated_on, data=compiled.data, name=file.table.path.name
            )
            return result, publish(out, files)


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
