"""`tariffimpact cite`: how to cite the program, the data, a source or a fact."""

from __future__ import annotations

from pathlib import Path

import click

from tariffimpact.cli.completion import citable_ids
from tariffimpact.cli.options import data_option


@click.command()
@click.argument("ids", nargs=-1, shell_complete=citable_ids)
@click.option("--bibtex", "form", flag_value="bibtex", help="As BibTeX entries.")
@click.option("--ris", "form", flag_value="ris", help="In the RIS format of reference managers.")
@click.option("--json", "form", flag_value="json", help="As CSL-JSON.")
@data_option
def cite(ids: tuple[str, ...], form: str | None, folder: Path | None) -> None:
    """Show how to cite the program and its data, or the sources of IDS.

    IDS are of sources or facts, as `tariffimpact facts` shows them; a fact is cited by its source,
    with the place and the words. `method` is the note of results and proofs.
    """
    from tariffimpact.citing import cite as references
    from tariffimpact.facts import read_facts
    from tariffimpact.writing import json_text

    found = references(read_facts(folder), ids)
    if form == "json":
        click.echo(json_text(found.as_csl()))
    elif form == "ris":
        click.echo(found.as_ris())
    else:
        click.echo(found.as_bibtex() if form == "bibtex" else found.as_text())
