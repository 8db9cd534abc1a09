"""`tariffimpact brief`: one page to send, as HTML, PDF or slides."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tariffimpact.cli.completion import case_names, company_names
from tariffimpact.cli.options import Day, FilePath, data_option, titled
from tariffimpact.cli.terminal import tell
from tariffimpact.errors import DataError

if TYPE_CHECKING:
    from tariffimpact.facts import Facts
    from tariffimpact.report.brief import Brief

FORMATS = ("html", "pdf", "pptx")


class _Formats(click.ParamType[tuple[str, ...]]):
    """Formats, separated by commas."""

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
@click.option("--company", shell_complete=company_names, help="About this company.")
@click.option("--case", shell_complete=case_names, help="About a case, a file or a shipped one.")
@click.option("--skus", type=FilePath(), help="About the products of a file.")
@click.option(
    "--estimate", type=FilePath(),
    help="About your own prices: a folder of tariffimpact estimate --out.",
)  # fmt: skip
@click.option(
    "--on", type=Day(today=True), help="Day of entry of --skus without a column entered_on."
)
@click.option(
    "--schedule", "schedule_file", type=FilePath(),
    help="Schedule of every product for --skus, made by: tariffimpact schedule build.",
)  # fmt: skip
@click.option(
    "--out", type=FilePath(), default=Path("brief"), show_default=True,
    help="Folder to write to.",
)  # fmt: skip
@click.option(
    "--format", "formats", type=_Formats(), default="html,pdf", show_default=True,
    help="Any of html, pdf and pptx.",
)  # fmt: skip
@click.option("--title", callback=titled, help="Title of the page.")
@data_option
def brief(
    company: str | None,
    case: str | None,
    skus: Path | None,
    estimate: Path | None,
    on: date | None,
    schedule_file: Path | None,
    out: Path,
    formats: tuple[str, ...],
    title: str | None,
    folder: Path | None,
) -> None:
    """Write one page to send: the answer, one chart, five numbers, what would narrow them.

    Give one of --company, --case, --skus and --estimate. Slides (--format pptx) also have the
    findings and charts of the whole report.
    """
    from tariffimpact.facts import read_facts
    from tariffimpact.report import read_report
    from tariffimpact.report.brief import check_formats, write_brief
    from tariffimpact.writing import check_folder

    if sum(item is not None for item in (company, case, skus, estimate)) != 1:
        raise click.UsageError("give one of --company, --case, --skus and --estimate")
    if skus is None and (on is not None or schedule_file is not None):
        raise click.UsageError("--on and --schedule go with --skus")
    check_folder(out)
    check_formats(formats)
    facts = read_facts(folder)
    if company is not None and "," in company and company not in facts.companies:
        raise click.UsageError(
            f"a page is about one company; for several: tariffimpact report --company {company!r}"
        )
    found = _brief(facts, company, case, skus, estimate, on, schedule_file, title)
    document = None
    if "pptx" in formats and skus is None:
        named: dict[str, Any] = {"companies": (company,)} if company else {"cases": (case,)}
        named = {"estimates": (estimate,)} if estimate else named
        document = read_report(folder, **named)
    written = write_brief(found, out, formats, document)
    tell(found.answer.text)
    for label, value in found.numbers:
        tell(f"  {label}: {value}", answer=False)
    for path in written:
        click.echo(f"Wrote {path}")


def _brief(
    facts: Facts,
    company: str | None,
    case: str | None,
    skus: Path | None,
    estimate: Path | None,
    on: date | None,
    schedule_file: Path | None,
    title: str | None,
) -> Brief:
    """Return the page about what was named."""
    from tariffimpact.report.brief import brief_of_batch, brief_of_case, brief_of_company

    if company is not None:
        return brief_of_company(facts, company, title=title)
    if case is not None:
        from tariffimpact.cases import read_case

        return brief_of_case(read_case(case, facts=facts), facts, title=title)
    if estimate is not None:
        from tariffimpact.estimation import read_estimation
        from tariffimpact.report.brief import brief_of_estimate

        return brief_of_estimate(read_estimation(estimate), facts, title=title)
    from tariffimpact.portfolio import run_batch
    from tariffimpact.tariffs import read_schedule, shipped_schedule

    assert skus is not None
    own = read_schedule(schedule_file) if schedule_file else None
    compiled = own or shipped_schedule(facts).compiled
    result = run_batch(skus, compiled, sink=lambda rows: None, on=on)
    if not result.accepted:
        raise DataError(result.faults)
    return brief_of_batch(result, facts, name=skus.name, title=title)
