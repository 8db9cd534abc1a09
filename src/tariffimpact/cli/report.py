"""`tariffimpact report`: the HTML and PDF report and its figures."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from tariffimpact.cli.completion import case_names, company_names
from tariffimpact.cli.options import Day, data_option
from tariffimpact.cli.progress import progress_bar

FORMATS = ("html", "pdf")


class _Formats(click.ParamType[tuple[str, ...]]):
    """One or both formats, separated by a comma."""

    name = "formats"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        chosen = tuple(dict.fromkeys(part.strip().lower() for part in str(value).split(",")))
        unknown = [part for part in chosen if part not in FORMATS]
        if unknown:
            self.fail(f"no format {', '.join(map(repr, unknown))}; write html,pdf", param, ctx)
        return chosen


@click.command()
@data_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("reports"),
    show_default=True,
    help="Folder to write to.",
)
@click.option(
    "--format",
    "formats",
    type=_Formats(),
    default="html,pdf",
    show_default=True,
    help="Documents to write.",
)
@click.option(
    "--company",
    "companies",
    multiple=True,
    shell_complete=company_names,
    help="Only this company; may be repeated.",
)
@click.option(
    "--case",
    "cases",
    multiple=True,
    shell_complete=case_names,
    help="Include the decisions of a case (a file, or a shipped one); may be repeated.",
)
@click.option("--as-of", type=Day(), help="Only what was known on this day (default: all).")
def report(
    folder: Path | None,
    out: Path,
    formats: tuple[str, ...],
    companies: tuple[str, ...],
    cases: tuple[str, ...],
    as_of: date | None,
) -> None:
    """Write the report: tariff-impact.html, tariff-impact.pdf and figures/.

    Without options it reports on the shipped facts, in the folder reports/.
    """
    from tariffimpact.report import read_report, write_report
    from tariffimpact.writing import check_folder

    check_folder(out)
    document = read_report(folder, as_of=as_of, companies=companies, cases=cases)
    with progress_bar("Report") as advance:
        written = write_report(document, out, formats, advance)
    for finding in document.findings:
        click.echo(f"- {finding.text}")
    click.echo("")
    for path in written:
        if path.parent == out:
            click.echo(f"Wrote {path}")
    click.echo(f"Wrote {out / 'figures'}: {len(document.figures)} charts as svg, png and csv")
