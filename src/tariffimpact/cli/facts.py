"""`tariffimpact facts`, `cite` and `copy-data`: the sourced facts, read, cited and handed on."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tariffimpact.cli.completion import citable_ids, company_names, source_ids
from tariffimpact.cli.options import PATH, Day, FilePath, data_option, json_option

if TYPE_CHECKING:
    from tariffimpact.facts import Facts

_KINDS: Final = (
    "price", "exposure", "statement", "financial", "origin", "customs_value", "refund", "lawsuit",
    "remark", "tariff", "conflict", "assumption",
)  # fmt: skip
_FOLDER: Final = FilePath(exists=True, file_okay=False)


class FactsGroup(click.Group):
    """A group whose first word may be a command; any other word is one to search for."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the search first where no command is named."""
        if not args or args[0] not in self.commands:
            args = ["search", *args]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a name, the search for every other word."""
        return super().get_command(ctx, cmd_name) or self.commands["search"]


@click.group(cls=FactsGroup)
def facts() -> None:
    """Find and read the facts and their sources; check a folder of them; start rows of one."""


@facts.command()
@click.argument("query", nargs=-1)
@click.option(
    "--company", "companies", multiple=True, shell_complete=company_names,
    help="Only about this one; repeatable.",
)  # fmt: skip
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice(_KINDS), help="Only these; repeatable."
)
@click.option(
    "--source", "sources", multiple=True, shell_complete=source_ids,
    help="Only from a source: its id, or words of its name.",
)  # fmt: skip
@click.option("--as-of", type=Day(past=True), help="Only what had been published by this day.")
@click.option("--sources", "only_sources", is_flag=True, help="Only the sources, most used first.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the facts as CSV.")
@data_option
@json_option
def search(
    query: tuple[str, ...],
    companies: tuple[str, ...],
    kinds: tuple[str, ...],
    sources: tuple[str, ...],
    as_of: date | None,
    only_sources: bool,
    as_csv: bool,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Show the facts that hold every word of QUERY, each with its source, place and words.

    Words match by their beginning, in any case: companies, products, countries, quotes, sources.
    Without QUERY and options it says what there is. Beside the search there are two commands:
    `tariffimpact facts check [FOLDER]` says every fault of a folder of facts at once, and
    `tariffimpact facts add company NAME` prints the rows to fill in for a company.
    """
    from tariffimpact.facts import FactKind, read_facts, search_facts
    from tariffimpact.writing import csv_bytes, json_text

    if as_csv and as_json:
        raise click.UsageError("--csv and --json: keep one")
    known = read_facts(folder)
    found = search_facts(
        known,
        " ".join(query),
        companies=companies,
        kinds=[FactKind(kind) for kind in kinds],
        sources=sources,
        as_of=as_of,
    )
    width = min(shutil.get_terminal_size((88, 24)).columns, 100)
    if as_json:
        click.echo(json_text(found.as_json()))
    elif as_csv:
        click.echo(csv_bytes(found.to_frame()).decode("utf-8"), nl=False)
    elif only_sources:
        click.echo(found.papers(width))
    elif found.asked:
        click.echo(found.explain(width))
    else:
        click.echo(f"{found.summary()}\n\n{_invitation(known)}")


@facts.command()
@click.argument("folder", required=False, type=_FOLDER)
@click.option(
    "--texts", type=_FOLDER, help="Hold each quote to FOLDER/SOURCE_ID.txt, where there is one."
)
def check(folder: Path | None, texts: Path | None) -> None:
    """Say every fault of a FOLDER of facts at once, the shipped one by default.

    A fault is told with file, line, column, what was found and the remedy.
    """
    from tariffimpact.errors import DataError
    from tariffimpact.facts import read_facts
    from tariffimpact.facts.authoring import quote_faults

    known = read_facts(folder)
    words = f"{known!r}"[1:-1].removeprefix("Facts: ")
    if texts is None:
        click.echo(f"No fault in {words}.")
        return
    checked, faults = quote_faults(known, texts)
    if faults:
        raise DataError(faults)
    click.echo(f"No fault in {words}; {checked} quotes stand in the texts of {texts}.")


@facts.group()
def add() -> None:
    """Start the rows of something new."""


@add.command()
@click.argument("name")
def company(name: str) -> None:
    """Print the rows to fill in for the company NAME, each column with its meaning."""
    from tariffimpact.facts.authoring import company_rows

    if not name.strip():
        raise click.UsageError("the company has no name; write it in quotes: 'Acme Boots'")
    click.echo(company_rows(name))


def _invitation(known: Facts) -> str:
    return (
        f"Companies: {', '.join(known.companies)}.\n\n"
        "Search with words: tariffimpact facts Sony price\n"
        "or with --company Nike, --kind conflict, --source reuters, --as-of 2025-08-21, --sources."
    )


@click.command()
@click.argument("ids", nargs=-1, shell_complete=citable_ids)
@click.option("--bibtex", is_flag=True, help="As BibTeX entries.")
@click.option("--ris", is_flag=True, help="In the RIS format of reference managers.")
@click.option("--json", "as_json", is_flag=True, help="As CSL-JSON.")
@data_option
def cite(ids: tuple[str, ...], bibtex: bool, ris: bool, as_json: bool, folder: Path | None) -> None:
    """Show how to cite the program and its data, or the sources of IDS.

    IDS are of sources or facts, as `tariffimpact facts` shows them; a fact is cited by its source,
    with the place and the words. `method` is the note of results and proofs.
    """
    from tariffimpact.citing import cite as references
    from tariffimpact.facts import read_facts
    from tariffimpact.writing import json_text

    if bibtex + ris + as_json > 1:
        raise click.UsageError("--bibtex, --ris and --json: keep one")
    found = references(read_facts(folder), ids)
    if as_json:
        click.echo(json_text(found.as_csl()))
    elif ris:
        click.echo(found.as_ris())
    else:
        click.echo(found.as_bibtex() if bibtex else found.as_text())


@click.command("copy-data")
@click.argument("folder", type=PATH)
def copy_data(folder: Path) -> None:
    """Copy the shipped tables and their codebook to FOLDER, a new folder.

    Edit them and pass the folder back: tariffimpact report --data FOLDER
    """
    from tariffimpact.facts import copy_shipped_data
    from tariffimpact.release import data_version

    written = copy_shipped_data(folder)
    click.echo(f"Copied {len(written)} files to {folder}; README.md there explains each column.")
    click.echo(f"It is data {data_version(folder)}; once you edit a table it says so.")
