"""`tariffimpact report`: the HTML and PDF report and its figures."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import click

from tariffimpact.cli.completion import case_names, company_names
from tariffimpact.cli.options import Day, FilePath, data_option, titled
from tariffimpact.cli.progress import progress_bar
from tariffimpact.cli.terminal import at_work, tell

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


class _Site(click.ParamType[str]):
    """An address on the web, read as that of a folder."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).strip()
        if not text:
            return ""
        if not _ADDRESS.fullmatch(text):
            self.fail(f"{text!r} is no address; write https://example.org/tariffs/", param, ctx)
        return f"{text.rstrip('/')}/"


_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:\d+)?(/[A-Za-z0-9._~%/-]*)?")
"""An address of a folder: no user, no question, no place within a page."""


@click.command()
@data_option
@click.option(
    "--out",
    type=FilePath(),
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
    help="About these companies alone: Sony, or Sony,Nintendo; may be repeated.",
)
@click.option(
    "--case",
    "cases",
    multiple=True,
    shell_complete=case_names,
    help="About a case (a file, or a shipped one) alone, or after the companies; repeatable.",
)
@click.option(
    "--estimate",
    "estimates",
    multiple=True,
    type=FilePath(),
    help="Folder of tariffimpact estimate --out: what your own prices say; may be repeated.",
)
@click.option("--industry", "industries", multiple=True, help="The companies of a sector.")
@click.option("--title", callback=titled, help="Title of the document.")
@click.option(
    "--site",
    type=_Site(),
    default="",
    help="Address of the folder on the web the page goes to: a shared link then has its picture.",
)
@click.option(
    "--as-of", type=Day(past=True), help="Only what was known on this day (default: all)."
)
def report(
    folder: Path | None,
    out: Path,
    formats: tuple[str, ...],
    companies: tuple[str, ...],
    cases: tuple[str, ...],
    estimates: tuple[Path, ...],
    industries: tuple[str, ...],
    title: str | None,
    site: str,
    as_of: date | None,
) -> None:
    """Write the report: tariff-impact.html, tariff-impact.pdf and figures/.

    Without options it reports on the shipped facts, in the folder reports/; with --company it is
    about these companies alone, with --case alone about the case. --estimate adds a section
    on the user's own prices to any of them.
    """
    from tariffimpact.report import read_report, write_report
    from tariffimpact.writing import check_folder

    check_folder(out)
    with at_work("Reading the facts and working the answers out"):
        document = read_report(
            folder,
            as_of=as_of,
            companies=companies_named(companies, industries, folder),
            cases=cases,
            estimates=estimates,
            title=title,
        )
    with progress_bar("Report") as advance:
        written = write_report(replace(document, site=site), out, formats, advance)
    for finding in document.findings:
        tell(f"- {finding.text}")
    click.echo("")
    for path in written:
        if path.parent == out:
            click.echo(f"Wrote {path}")
    click.echo(f"Wrote {out / 'figures'}: {len(document.figures)} charts as svg, png and csv")
    for note in document.notes:
        click.echo(f"note: {note}", err=True)


def companies_named(
    names: tuple[str, ...], industries: tuple[str, ...], folder: Path | None
) -> tuple[str, ...]:
    """Return the companies that options name: one by one, in a list, or by their industry."""
    listed = [name.strip() for text in names for name in _split(text, folder)]
    if names and not any(listed):
        raise click.UsageError("--company names nobody; write --company Sony, or leave it out")
    if industries:
        from tariffimpact.facts import read_facts

        facts = read_facts(folder)
        listed += [name for industry in industries for name in facts.in_industry(industry)]
    return tuple(dict.fromkeys(filter(None, listed)))


def _split(text: str, folder: Path | None) -> list[str]:
    """Return the names in a list; a name with a comma of its own stays whole."""
    if "," not in text:
        return [text]
    from tariffimpact.facts import read_facts

    return [text] if text in read_facts(folder).companies else text.split(",")
