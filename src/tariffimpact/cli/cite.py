"""`tariffimpact cite`: how to cite the program, the data, a source or a fact."""

from __future__ import annotations

from pathlib import Path

import click

from tariffimpact.cli.completion import citable_ids
from tariffimpact.cli.options import data_option


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
