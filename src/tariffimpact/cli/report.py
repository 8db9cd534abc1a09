"""`tariffimpact report`: the HTML and PDF report and its figures."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from tariffimpact.cli.completion import case_names, company_names
from tariffimpact.cli.options import (
    PATH,
    Day,
    Reader,
    data_option,
    formats_option,
    out_option,
    titled,
)
from tariffimpact.cli.progress import progress_bar
from tariffimpact.cli.terminal import at_work, tell


class _Site(Reader[str]):
    """An address on the web, read as that of a folder."""

    name = "url"

    def read(self, text: str, ctx: click.Context | None) -> str:
        address = text.strip()
        if address and not _ADDRESS.fullmatch(address):
            raise ValueError("is no address; write https://example.org/tariffs/")
        return f"{address.rstrip('/')}/" if address else ""


_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:\d+)?(/[A-Za-z0-9._~%/-]*)?")
"""An address of a folder: no user, no question, no place within a page."""


@click.command()
@data_option
@out_option("reports")
@formats_option(("html", "pdf"), "Documents to write.")
@click.option(
    "--company", "companies", multiple=True, shell_complete=company_names,
    help="About these companies alone: Sony, or Sony,Nintendo; may be repeated.",
)  # fmt: skip
@click.option(
    "--case", "cases", multiple=True, shell_complete=case_names,
    help="About a case (a file, or a shipped one) alone, or after the companies; repeatable.",
)  # fmt: skip
@click.option(
    "--estimate", "estimates", multiple=True, type=PATH,
    help="Folder of tariffimpact estimate --out: what your own prices say; may be repeated.",
)  # fmt: skip
@click.option("--industry", "industries", multiple=True, help="The companies of a sector.")
@click.option("--title", callback=titled, help="Title of the document.")
@click.option(
    "--site", type=_Site(), default="",
    help="Address of the folder on the web the page goes to: a shared link then has its picture.",
)  # fmt: skip
@click.option(
    "--as-of", type=Day(past=True), help="Only what was known on this day (default: all)."
)
def report(
    folder: Path | None,
    out: Path,
    formats: tuple[str, ...],
    companies: tuple[str, ...],
    industries: tuple[str, ...],
    site: str,
    **about: Any,
) -> None:
    """Write the report: tariff-impact.html, tariff-impact.pdf and figures/.

    Without options it reports on the shipped facts, in the folder reports/; with --company it is
    about these companies alone, with --case alone about the case. --estimate adds a section
    on the user's own prices to any of them.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # its matrices are small: others only wait
    from tariffimpact.report import read_report, write_report
    from tariffimpact.writing import check_folder

    check_folder(out)
    with at_work("Reading the facts and working the answers out"):
        named = companies_named(companies, industries, folder)
        document = read_report(folder, companies=named, **about)
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
