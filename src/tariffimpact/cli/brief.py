"""`tariffimpact brief`: one page to send, as HTML, PDF or slides."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tariffimpact.cli.completion import case_names, company_names
from tariffimpact.cli.options import (
    PATH,
    Day,
    data_option,
    formats_option,
    out_option,
    titled,
)
from tariffimpact.cli.terminal import tell
from tariffimpact.errors import DataError

if TYPE_CHECKING:
    from tariffimpact.facts import Facts
    from tariffimpact.report.content import Brief


@click.command()
@click.option("--company", shell_complete=company_names, help="About this company.")
@click.option("--case", shell_complete=case_names, help="About a case, a file or a shipped one.")
@click.option("--skus", type=PATH, help="About the products of a file.")
@click.option(
    "--estimate", type=PATH,
    help="About your own prices: a folder of tariffimpact estimate --out.",
)  # fmt: skip
@click.option(
    "--on", type=Day(today=True), help="Day of entry of --skus without a column entered_on."
)
@click.option(
    "--schedule", "schedule_file", type=PATH,
    help="Schedule of every product for --skus, made by: tariffimpact schedule build.",
)  # fmt: skip
@out_option("brief")
@formats_option(("html", "pdf", "pptx"), "Any of html, pdf and pptx.")
@click.option("--title", callback=titled, help="Title of the page.")
@data_option
def brief(out: Path, formats: tuple[str, ...], folder: Path | None, **about: Any) -> None:
    """Write one page to send: the answer, one chart, five numbers, what would narrow them.

    Give one of --company, --case, --skus and --estimate. Slides (--format pptx) also have the
    findings and charts of the whole report.
    """
    from tariffimpact.facts import read_facts
    from tariffimpact.report import read_report
    from tariffimpact.report.brief import check_formats, write_brief
    from tariffimpact.writing import check_folder

    named = [name for name in ("company", "case", "skus", "estimate") if about[name] is not None]
    if len(named) != 1:
        raise click.UsageError("give one of --company, --case, --skus and --estimate")
    subject, company = named[0], about["company"]
    if subject != "skus" and (about["on"], about["schedule_file"]) != (None, None):
        raise click.UsageError("--on and --schedule go with --skus")
    check_folder(out)
    check_formats(formats)
    facts = read_facts(folder)
    if company is not None and "," in company and company not in facts.companies:
        raise click.UsageError(
            f"a page is about one company; for several: tariffimpact report --company {company!r}"
        )
    found = _brief(facts, subject, about)
    document = None
    if "pptx" in formats and subject != "skus":
        several = "companies" if subject == "company" else f"{subject}s"
        whole: dict[str, Any] = {several: (about[subject],)}
        document = read_report(folder, **whole)
    written = write_brief(found, out, formats, document)
    tell(found.answer.text)
    for label, value in found.numbers:
        tell(f"  {label}: {value}", answer=False)
    for path in written:
        click.echo(f"Wrote {path}")


def _brief(facts: Facts, subject: str, about: Mapping[str, Any]) -> Brief:
    """Return the page about what was named."""
    from tariffimpact.report import brief as pages

    named, title = about[subject], about["title"]
    if subject == "company":
        return pages.brief_of_company(facts, named, title=title)
    if subject == "case":
        from tariffimpact.cases import read_case

        return pages.brief_of_case(read_case(named, facts=facts), facts, title=title)
    if subject == "estimate":
        from tariffimpact.estimation import read_estimation

        return pages.brief_of_estimate(read_estimation(named), facts, title=title)
    from tariffimpact.portfolio import run_batch
    from tariffimpact.tariffs import read_schedule, shipped_schedule

    own = read_schedule(about["schedule_file"]) if about["schedule_file"] else None
    compiled = own or shipped_schedule(facts).compiled
    result = run_batch(named, compiled, sink=lambda rows: None, on=about["on"])
    if not result.accepted:
        raise DataError(result.faults)
    return pages.brief_of_batch(result, facts, name=named.name, title=title)
