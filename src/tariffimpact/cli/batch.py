"""`tariffimpact batch`: every product of a file charged and priced."""

from __future__ import annotations

import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any, Final

import click

from tariffimpact.cli.completion import case_names
from tariffimpact.cli.options import Day, data_option, json_option, schedule_options
from tariffimpact.cli.progress import progress_bar

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
    from tariffimpact.cli.batch_page import batch_page
    from tariffimpact.facts import read_facts
    from tariffimpact.portfolio import RowFiles, batch_files, run_batch
    from tariffimpact.tariffs import curated_schedule, read_schedule
    from tariffimpact.writing import check_folder, json_text, publish

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
        files["batch.html"] = batch_page(
            result, dated_on=facts.dated_on, data=compiled.data, name=skus.name
        )
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
